import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileIoMode } from '../../../lib/backends/file/index.js';
import {
  type FilePlace,
  filePlace,
  filesBelow,
  integer,
  text,
  textOf,
} from '../../support/file-place.js';

const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
let place: FilePlace;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

function withUmask<T>(mask: number, work: () => Promise<T>): Promise<T> {
  const before = process.umask(mask);
  return work().finally(() => process.umask(before));
}

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

describe.each<FileIoMode>(['async', 'sync'])('directories and modes with %s io', (io) => {
  it.each([0o000, 0o022, 0o777])(
    'are 0700 at every level that is made, and 0600, under the umask %s',
    async (mask) => {
      const location = join(place.directory, 'a', 'b');

      await withUmask(mask, async () => {
        const backend = await place.open({ io, location });
        await backend.set('k', integer(1), null);
        await backend.add('n', integer(9), null);
        await backend.incr('n', 1);
      });

      const [entry, other] = place.files();
      const levels = [place.directory, join(place.directory, 'a'), location];
      for (let path = dirname(entry!); path !== location; path = dirname(path)) levels.push(path);
      expect(levels).toHaveLength(6);
      expect(new Set(levels.map(modeOf))).toEqual(new Set(['700']));
      expect([entry, other].map((path) => modeOf(path!))).toEqual(['600', '600']);
    },
  );

  it('leaves a location that is there as it is', async () => {
    mkdirSync(place.directory, { mode: 0o755 });
    chmodSync(place.directory, 0o755);

    await place.open({ io });

    expect(modeOf(place.directory)).toBe('755');
  });

  it.each([0o775, 0o757, 0o777])('refuses a location of mode %s', async (mode) => {
    mkdirSync(place.directory);
    chmodSync(place.directory, mode);

    await expect(place.open({ io })).rejects.toMatchObject({
      code: 'CACHE_DIRECTORY',
      message: expect.stringContaining('chmod go-w'),
    });
  });

  it('takes a directory of its own with the sticky bit', async () => {
    mkdirSync(place.directory);
    chmodSync(place.directory, 0o1777);

    const backend = await place.open({ io });

    expect(await backend.set('k', text('v'), null)).toBe(true);
  });

  asRoot('refuses a location that belongs to another user', async () => {
    mkdirSync(place.directory, { mode: 0o700 });
    lchownSync(place.directory, 12_345, 12_345);

    await expect(place.open({ io })).rejects.toThrow('belongs to the user 12345');
  });

  asRoot('refuses a scope that another user has made in a shared directory', async () => {
    const backend = await place.open({ io });
    await backend.close();
    const [scope] = readdirSync(place.directory);
    lchownSync(join(place.directory, scope!), 12_345, 12_345);

    await expect(place.open({ io })).rejects.toThrow('belongs to the user 12345');
  });

  it('refuses a location that is a symbolic link or a file', async () => {
    mkdirSync(join(place.outside, 'real'), { mode: 0o700 });
    symlinkSync(join(place.outside, 'real'), place.directory);
    await expect(place.open({ io })).rejects.toThrow('is a symbolic link');
    rmSync(place.directory);
    writeFileSync(place.directory, '');

    await expect(place.open({ io })).rejects.toThrow('is no directory');
  });

  it('refuses a location that cannot be made', async () => {
    writeFileSync(join(place.outside, 'file'), '');
    const location = join(place.outside, 'file', 'cache');

    await expect(place.open({ io, location })).rejects.toMatchObject({
      name: 'CacheConfigError',
      code: 'CACHE_DIRECTORY',
    });
  });

  it('does not go through a leaf that is a symbolic link', async () => {
    await (await place.open({ io })).set('k', text('v'), null);
    const leaf = dirname(place.files()[0]!);
    renameSync(leaf, join(place.outside, 'elsewhere'));
    symlinkSync(join(place.outside, 'elsewhere'), leaf);

    const backend = await place.open({ io });

    await expect(backend.get('k')).rejects.toMatchObject({ code: 'CACHE_UNSAFE_DIRECTORY' });
    await expect(backend.set('k', text('w'), null)).rejects.toThrow('is a symbolic link');
    await backend.clear();
    expect(readdirSync(join(place.outside, 'elsewhere'))).toHaveLength(1);
  });

  it('does not clear or count through a scope that is a symbolic link', async () => {
    const backend = await place.open({ io });
    await backend.set('k', text('v'), null);
    const scope = join(place.directory, readdirSync(place.directory)[0]!);
    const elsewhere = join(place.outside, 'elsewhere');
    renameSync(scope, elsewhere);
    symlinkSync(elsewhere, scope);

    await expect(backend.clear()).rejects.toMatchObject({ code: 'CACHE_UNSAFE_DIRECTORY' });
    await expect(backend.stats()).rejects.toMatchObject({ code: 'CACHE_UNSAFE_DIRECTORY' });

    expect(filesBelow(elsewhere)).toHaveLength(1);
  });

  it('are made again by what stores, and missing ones are misses', async () => {
    const backend = await place.open({ io });
    await backend.set('k', integer(1), null);
    const remove = (): void => rmSync(place.directory, { recursive: true });
    remove();
    expect(await backend.get('k')).toBeUndefined();
    expect(await backend.delete('k')).toBe(false);
    expect(await backend.touch('k', 5)).toBe(false);
    expect(await backend.incr('k', 1)).toBeUndefined();
    await backend.clear();

    expect(await backend.set('k', text('v'), null)).toBe(true);
    expect(textOf(await backend.get('k'))).toBe('v');
    remove();
    expect(await backend.add('k', text('w'), null)).toBe(true);

    expect(textOf(await backend.get('k'))).toBe('w');
    expect(modeOf(place.directory)).toBe('700');
  });

  it('that cannot be read reject, so that a fault is not taken for a miss', async () => {
    const backend = await place.open({ io });
    await backend.set('k', text('v'), null);
    const leaf = dirname(place.files()[0]!);
    rmSync(leaf, { recursive: true });
    // A file where a directory has to be gives ENOTDIR.
    writeFileSync(leaf, '');

    await expect(backend.get('k')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(backend.flags('k')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(backend.set('k', text('v'), null)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(backend.add('k', text('v'), null)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(backend.delete('k')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
