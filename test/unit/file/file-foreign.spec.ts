import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { type FilePlace, filePlace, text, textOf } from '../../support/file-place.js';

let place: FilePlace;

function hoursAgo(count: number): number {
  return Date.now() / 1000 - count * 3600;
}

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

describe.each<FileIoMode>(['async', 'sync'])('what is not an entry, with %s io', (io) => {
  let backend: FileBackend;
  let entry: string;

  beforeEach(async () => {
    backend = await place.open({ io });
    await backend.set('k', text('v'), null);
    entry = place.files()[0]!;
  });

  /** What every reader and every remover of the key answers. */
  async function answers(): Promise<unknown[]> {
    return [
      await backend.get('k'),
      await backend.flags('k'),
      await backend.ttl('k'),
      await backend.touch('k', 5),
      await backend.incr('k', 1),
      await backend.delete('k'),
    ];
  }
  const nothing = [undefined, undefined, undefined, false, undefined, false];

  it('is neither followed nor removed if it is a symbolic link', async () => {
    const victim = join(place.outside, 'victim');
    copyFileSync(entry, victim);
    const before = readFileSync(victim);
    rmSync(entry);
    symlinkSync(victim, entry);

    expect(await answers()).toEqual(nothing);
    expect(await backend.add('k', text('w'), null)).toBe(false);
    await backend.clear();

    expect(lstatSync(entry).isSymbolicLink()).toBe(true);
    expect(readFileSync(victim)).toEqual(before);
  });

  it('gives way to set() if it is a symbolic link, and the victim stays', async () => {
    const victim = join(place.outside, 'victim');
    writeFileSync(victim, 'mine');
    rmSync(entry);
    symlinkSync(victim, entry);

    expect(await backend.set('k', text('w'), null)).toBe(true);

    expect(textOf(await backend.get('k'))).toBe('w');
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  });

  it('is neither waited for nor removed if it is a FIFO', async () => {
    rmSync(entry);
    execFileSync('mkfifo', [entry]);

    expect(await answers()).toEqual(nothing);
    await backend.clear();

    expect(lstatSync(entry).isFIFO()).toBe(true);
  });

  it('is left alone if it is a directory, which set() cannot replace', async () => {
    rmSync(entry);
    mkdirSync(entry);

    expect(await answers()).toEqual(nothing);
    await expect(backend.set('k', text('w'), null)).rejects.toThrow();
    await backend.clear();

    expect(lstatSync(entry).isDirectory()).toBe(true);
    expect(place.files('.tmp')).toEqual([]);
  });

  it('is left alone by clear() if it was written by others, whatever its name', async () => {
    const leaf = dirname(entry);
    const theirs = [entry, join(leaf, 'README'), join(leaf, '..', 'x.njcache'), `${entry}.bak`];
    for (const path of theirs) writeFileSync(path, 'a file of somebody else, as long as you like');

    expect(await answers()).toEqual(nothing);
    await backend.clear();

    expect(theirs.map((path) => existsSync(path))).toEqual([true, true, true, true]);
    expect(place.reports).toEqual([]);
  });

  it('is a miss and stays if another version of the package wrote it', async () => {
    const newer = readFileSync(entry);
    newer.writeUInt16LE(2, 4);
    writeFileSync(entry, newer);

    expect(await backend.get('k')).toBeUndefined();
    expect(await backend.flags('k')).toBeUndefined();
    expect(readFileSync(entry)).toEqual(newer);
    expect(place.reports).toEqual([]);
  });

  it('of another version is removed by delete() and clear(), and replaced by add()', async () => {
    const newer = readFileSync(entry);
    newer.writeUInt16LE(2, 4);
    writeFileSync(entry, newer);
    expect(await backend.delete('k')).toBe(false);
    expect(existsSync(entry)).toBe(false);
    writeFileSync(entry, newer);
    await backend.clear();
    expect(existsSync(entry)).toBe(false);
    writeFileSync(entry, newer);

    expect(await backend.add('k', text('w'), null)).toBe(true);

    expect(textOf(await backend.get('k'))).toBe('w');
  });

  it('is removed and told if it is damaged', async () => {
    const bytes = readFileSync(entry);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(entry, bytes);

    expect(await backend.get('k')).toBeUndefined();

    expect(existsSync(entry)).toBe(false);
    expect(place.reports).toMatchObject([
      { kind: 'corrupt', key: 'k', error: { code: 'CACHE_CORRUPT' } },
    ]);
  });

  it.each(['flags', 'ttl', 'delete', 'incr'] as const)(
    'is no entry for %s() if it is empty',
    async (method) => {
      truncateSync(entry);

      const answer = method === 'incr' ? await backend.incr('k', 1) : await backend[method]('k');

      expect(answer ?? false).toBe(false);
      expect(existsSync(entry)).toBe(false);
      expect(place.reports).toHaveLength(1);
    },
  );

  it('gives way to add() if it is damaged', async () => {
    truncateSync(entry, 50);

    expect(await backend.add('k', text('w'), null)).toBe(true);

    expect(textOf(await backend.get('k'))).toBe('w');
  });

  it("is a miss and removed if it is another key's", async () => {
    await backend.set('other', text('secret'), null);
    const other = place.files().find((path) => path !== entry)!;
    copyFileSync(other, entry);

    expect(await backend.get('k')).toBeUndefined();

    expect(existsSync(entry)).toBe(false);
    expect(textOf(await backend.get('other'))).toBe('secret');
  });

  it('is swept when it was left over an hour ago, in the leaf that is cleared', async () => {
    const stem = entry.slice(0, -'.njcache'.length);
    const [old, fresh] = [`${stem}.0abc.tmp`, `${stem}.0abd.tmp`];
    for (const [path, age] of [
      [old, 1.01],
      [fresh, 0.9],
    ] as const) {
      writeFileSync(path, '');
      utimesSync(path, hoursAgo(age), hoursAgo(age));
    }
    linkSync(entry, `${stem}.lock`);

    await backend.clear();

    expect([old, fresh, `${stem}.lock`].map((path) => existsSync(path))).toEqual([
      false,
      true,
      true,
    ]);
  });
});
