import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, linkSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { withLock } from '../../../lib/backends/file/key-lock.js';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { type FilePlace, filePlace, integer, text, textOf } from '../../support/file-place.js';

let place: FilePlace;

function soon(): number {
  return performance.now() + 50;
}

function fail(): never {
  throw new Error('no');
}

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

describe.each<FileIoMode>(['async', 'sync'])(
  'a key locked by another process, with %s io',
  (io) => {
    let backend: FileBackend;
    let hasty: FileBackend;
    let lock: string;

    beforeEach(async () => {
      backend = await place.open({ io });
      hasty = await place.open({ io, deadlineMs: 60 });
      await backend.set('n', integer(5), 10);
      const [entry] = place.files();
      lock = entry!.replace('.njcache', '.lock');
      linkSync(entry!, lock);
    });

    it('is waited for by incr() and touch(), which reject in time and change nothing', async () => {
      await expect(hasty.incr('n', 1)).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
      await expect(hasty.touch('n', 99)).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });

      expect(existsSync(lock)).toBe(true);
      expect(textOf(await backend.get('n'))).toBe('5');
      expect(await backend.ttl('n')).toBe(10);
    });

    it('is no matter for get(), set() and delete(), nor for add() on a live entry', async () => {
      expect(textOf(await backend.get('n'))).toBe('5');
      expect(await backend.add('n', integer(6), 10)).toBe(false);
      expect(await backend.set('n', integer(7), 10)).toBe(true);
      expect(textOf(await backend.get('n'))).toBe('7');

      expect(await backend.delete('n')).toBe(true);
    });

    it('is a miss once it has expired, although nobody can remove it', async () => {
      place.clock.advance(10);

      expect(await backend.get('n')).toBeUndefined();
      expect(await backend.delete('n')).toBe(false);
      await expect(hasty.add('n', text('w'), 10)).rejects.toMatchObject({
        code: 'CACHE_TIMEOUT',
      });

      expect(place.files('.tmp')).toEqual([]);
    });
  },
);

describe('withLock()', () => {
  let entry: string;
  let lock: string;

  beforeEach(async () => {
    await (await place.open()).set('k', text('v'), null);
    entry = place.files()[0]!;
    lock = entry.replace('.njcache', '.lock');
  });

  it('has the lock while the work runs, and not after it', async () => {
    const during = await withLock(entry, lock, soon(), () => existsSync(lock));

    expect([during, existsSync(lock)]).toEqual([true, false]);
  });

  it('gives the lock back when the work throws', async () => {
    await expect(withLock(entry, lock, soon(), fail)).rejects.toThrow('no');

    expect(existsSync(lock)).toBe(false);
  });

  it('locks a key without an entry by a file of its own', async () => {
    const absent = `${entry}.not-there`;

    expect(await withLock(absent, lock, soon(), () => existsSync(lock))).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  it('does not run the work if the lock is held, and leaves the lock', async () => {
    writeFileSync(lock, '');

    const answer = withLock(entry, lock, soon(), () => 'ran');

    await expect(answer).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
    expect(existsSync(lock)).toBe(true);
  });

  it('rejects with ENOENT if the directory is not there', async () => {
    const nowhere = `${place.outside}/nowhere/x`;

    await expect(withLock(nowhere, `${nowhere}.lock`, soon(), () => 1)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
