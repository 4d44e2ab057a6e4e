import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { type FilePlace, filePlace, integer, text, textOf } from '../../support/file-place.js';

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

describe.each<FileIoMode>(['async', 'sync'])('the file backend with %s io', (io) => {
  let backend: FileBackend;

  beforeEach(async () => {
    backend = await place.open({ io });
  });

  it('gives back flags and bytes, also to another backend over the directory', async () => {
    await backend.set('k', { flags: 272, data: Buffer.from([0, 255, 10]) }, 60);

    const other = await place.open({ io });

    expect(await other.get('k')).toEqual({ flags: 272, data: Buffer.from([0, 255, 10]) });
  });

  it('keeps what is larger than one read', async () => {
    const data = 'ä'.repeat(200_000);

    expect(await backend.set('large', text(data), null)).toBe(true);

    expect(textOf(await backend.get('large'))).toBe(data);
    expect(await backend.flags('large')).toBeDefined();
    expect(await backend.ttl('large')).toBeNull();
    expect(await backend.touch('large', 60)).toBe(true);
    expect(textOf(await backend.get('large'))).toBe(data);
  });

  it('keeps an entry whose key is larger than one read', async () => {
    const key = 'k'.repeat(100_000);

    await backend.set(key, integer(1), 60);

    expect(await backend.incr(key, 1)).toBe(2);
    expect(await backend.touch(key, 120)).toBe(true);
    expect(await backend.ttl(key)).toBe(120);
    expect(textOf(await backend.get(key))).toBe('2');
    expect(await backend.delete(key)).toBe(true);
  });

  it('counts an entry as expired at the very moment of its expiry', async () => {
    await backend.set('k', text('v'), 10);

    place.clock.advance(9.999);
    expect(textOf(await backend.get('k'))).toBe('v');
    expect(await backend.flags('k')).toBeDefined();
    place.clock.advance(0.001);
    expect(await backend.flags('k')).toBeUndefined();
    expect(await backend.ttl('k')).toBeUndefined();
    expect(await backend.get('k')).toBeUndefined();
  });

  it('removes the file of an expired entry it comes across', async () => {
    await backend.set('k', text('v'), 10);
    place.clock.advance(10);

    await backend.get('k');

    expect(place.files('')).toEqual([]);
  });

  it('rounds a fraction of a millisecond up', async () => {
    await backend.set('k', text('v'), 0.0001);

    expect(await backend.ttl('k')).toBe(0.001);
  });

  it('keeps nothing longer than twice its time when the clock is set back', async () => {
    await backend.set('k', text('v'), 60);
    place.clock.advance(-60);
    expect(textOf(await backend.get('k'))).toBe('v');

    place.clock.advance(-1);

    expect(await backend.get('k')).toBeUndefined();
  });

  it('add() stores only what is absent or expired', async () => {
    expect(await backend.add('k', text('first'), 10)).toBe(true);
    expect(await backend.add('k', text('second'), 10)).toBe(false);
    place.clock.advance(10);

    expect(await backend.add('k', text('third'), 10)).toBe(true);

    expect(textOf(await backend.get('k'))).toBe('third');
  });

  it('add() lets one of many concurrent callers win', async () => {
    const tries = Array.from({ length: 100 }, (_, index) => backend.add('k', text(`${index}`), 10));

    const winners = (await Promise.all(tries)).flatMap((won, index) => (won ? [`${index}`] : []));

    expect(winners).toEqual([textOf(await backend.get('k'))]);
  });

  it('touch() gives a live entry a new life and keeps the value', async () => {
    await backend.set('k', text('v'), 10);

    expect(await backend.touch('k', 100)).toBe(true);
    expect(await backend.ttl('k')).toBe(100);
    expect(await backend.touch('k', null)).toBe(true);

    expect(await backend.ttl('k')).toBeNull();
    expect(textOf(await backend.get('k'))).toBe('v');
  });

  it('touch() never revives, and answers false for nothing', async () => {
    await backend.set('k', text('v'), 10);
    place.clock.advance(10);

    expect(await backend.touch('k', 100)).toBe(false);
    expect(await backend.touch('nothing', 100)).toBe(false);
    expect(await backend.get('k')).toBeUndefined();
  });

  it('delete() answers true for a live entry only', async () => {
    await backend.set('live', text('v'), 10);
    expect(await backend.delete('live')).toBe(true);
    expect(await backend.delete('live')).toBe(false);
    await backend.set('expired', text('v'), 10);
    place.clock.advance(10);

    expect(await backend.delete('expired')).toBe(false);

    expect(place.files('')).toEqual([]);
  });

  it('incr() adds, keeps ttl and flags, and grows and shrinks', async () => {
    await backend.set('n', { flags: 16, data: '8' }, 50);
    place.clock.advance(20);

    expect(await backend.incr('n', 1)).toBe(9);
    expect(await backend.incr('n', 1)).toBe(10);
    expect(await backend.incr('n', -110)).toBe(-100);
    expect(await backend.incr('n', 93)).toBe(-7);

    expect(await backend.get('n')).toEqual({ flags: 16, data: Buffer.from('-7') });
    expect(await backend.ttl('n')).toBe(30);
    expect(place.files('')).toHaveLength(1);
  });

  it('incr() counts each of many concurrent calls', async () => {
    await backend.set('n', integer(0), null);

    const seen = await Promise.all(Array.from({ length: 120 }, () => backend.incr('n', 1)));

    expect(seen.toSorted((a, b) => a! - b!)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect(textOf(await backend.get('n'))).toBe('120');
  });

  it('incr() is undefined for nothing, and changes nothing it cannot add to', async () => {
    await backend.set('text', text('v'), 10);
    await backend.set('huge', text('9'.repeat(70_000)), 10);
    await backend.set('edge', integer(Number.MAX_SAFE_INTEGER), 10);

    expect(await backend.incr('nothing', 1)).toBeUndefined();
    await expect(backend.incr('text', 1)).rejects.toMatchObject({ code: 'CACHE_NOT_AN_INTEGER' });
    await expect(backend.incr('huge', 1)).rejects.toMatchObject({ code: 'CACHE_NOT_AN_INTEGER' });
    await expect(backend.incr('edge', 1)).rejects.toThrow(RangeError);

    expect(textOf(await backend.get('edge'))).toBe(String(Number.MAX_SAFE_INTEGER));
    expect(place.files('')).toHaveLength(3);
  });

  it('refuses a value over maxEntryBytes, and set() leaves no older one', async () => {
    const small = await place.open({ io, maxEntryBytes: 10 });
    await small.set('k', text('old'), 10);

    expect(await small.set('fits', text('0123456789'), 10)).toBe(true);
    expect(await small.add('k', text('ääääää'), 10)).toBe(false);
    expect(textOf(await small.get('k'))).toBe('old');
    expect(await small.set('k', text('ääääää'), 10)).toBe(false);

    expect(await small.get('k')).toBeUndefined();
    expect(place.files('')).toHaveLength(1);
  });

  it('does not read a value that another cache was allowed to make larger', async () => {
    await backend.set('k', text('01234567890'), 10);
    const small = await place.open({ io, maxEntryBytes: 10 });

    expect(await small.get('k')).toBeUndefined();

    expect(textOf(await backend.get('k'))).toBe('01234567890');
  });

  it('clear() empties its scope and no other', async () => {
    const other = await place.open({ io }, 'other');
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await backend.set(`k${index}`, text('v'), 10);
        await other.set(`k${index}`, text('v'), 10);
      }),
    );

    await backend.clear();

    expect(await backend.stats()).toMatchObject([{ items: 0 }]);
    expect(await other.stats()).toMatchObject([{ items: 50 }]);
  });

  it('stats() tells entries, hits, misses and evictions', async () => {
    await backend.set('k', text('v'), 10);
    await backend.get('k');
    await backend.get('k');
    await backend.get('nothing');

    expect(await backend.stats()).toEqual([
      {
        server: `file ${place.directory}`,
        state: 'up',
        items: 1,
        hits: 2,
        misses: 1,
        evictions: 0,
      },
    ]);
  });

  it('ping() leaves nothing behind, and makes the directory if it is gone', async () => {
    rmSync(place.directory, { recursive: true });

    await backend.ping();

    expect(place.files('')).toEqual([]);
  });

  it('is closed once and for all', async () => {
    await backend.close();
    await backend.close();

    await expect(backend.get('k')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('lets what is under way end before close() resolves', async () => {
    const sets = Array.from({ length: 40 }, (_, index) => backend.set(`k${index}`, text('v'), 10));

    await backend.close();

    expect(place.files()).toHaveLength(40);
    expect(await Promise.all(sets)).toEqual(Array(40).fill(true));
  });
});

describe('the file backend', () => {
  it('names its directory and its deadline', () => {
    const backend = place.make({ deadlineMs: 500 });

    expect(backend.name).toBe('file');
    expect(backend.description).toBe(`file ${place.directory}`);
    expect(backend.deadlineMs).toBe(500);
  });
});
