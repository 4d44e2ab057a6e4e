import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { type FilePlace, filePlace, integer, text } from '../../support/file-place.js';

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

/** Stores k000, k001, …, each a millisecond after the other. */
async function fill(backend: FileBackend, from: number, to: number, ttl = 300): Promise<void> {
  for (let index = from; index < to; index += 1) {
    await backend.set(keyOf(index), integer(index), ttl);
    place.clock.advance(0.001);
  }
}

function keyOf(index: number): string {
  return `k${String(index).padStart(3, '0')}`;
}

async function present(backend: FileBackend, from: number, to: number): Promise<number[]> {
  const found: number[] = [];
  for (let index = from; index < to; index += 1) {
    if ((await backend.flags(keyOf(index))) !== undefined) found.push(index);
  }
  return found;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

describe.each<FileIoMode>(['async', 'sync'])('culling with %s io', (io) => {
  it('removes a third of maxEntries when one more is stored [m-019]', async () => {
    const backend = await place.open({ io, maxEntries: 30 });

    await fill(backend, 1, 50);

    expect(await present(backend, 1, 50)).toEqual(range(21, 50));
    expect(await backend.stats()).toMatchObject([{ items: 29, evictions: 20 }]);
  });

  it('keeps to a maxEntries that is smaller than cullFrequency [m-021]', async () => {
    const backend = await place.open({ io, maxEntries: 2 });

    await fill(backend, 0, 10);

    expect(await present(backend, 0, 10)).toEqual([8, 9]);
  });

  it('keeps the one entry that was written last with maxEntries 1', async () => {
    const backend = await place.open({ io, maxEntries: 1 });

    await fill(backend, 0, 5);

    expect(await present(backend, 0, 5)).toEqual([4]);
  });

  it('removes all but the new entry with cullFrequency 0', async () => {
    const backend = await place.open({ io, maxEntries: 30, cullFrequency: 0 });

    await fill(backend, 0, 31);
    expect(await present(backend, 0, 31)).toEqual([30]);
    await fill(backend, 31, 49);

    expect(await present(backend, 0, 49)).toEqual(range(30, 49));
  });

  it('removes as many as are too many with a cullFrequency beyond maxEntries', async () => {
    const backend = await place.open({ io, maxEntries: 30, cullFrequency: 1000 });

    await fill(backend, 0, 50);

    expect(await present(backend, 0, 50)).toEqual(range(20, 50));
  });

  it('takes expired entries first, and no live one if they are enough', async () => {
    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 0, 10, 300);
    await fill(backend, 10, 25, 5);
    await fill(backend, 25, 30, 300);
    place.clock.advance(5);

    await fill(backend, 30, 31);

    expect(place.files()).toHaveLength(16);
    expect(await present(backend, 0, 31)).toEqual([...range(0, 10), ...range(25, 31)]);
    expect(await backend.stats()).toMatchObject([{ evictions: 0 }]);
  });

  it('counts a touched or incremented entry as written', async () => {
    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 0, 30);
    await backend.touch(keyOf(0), 300);
    await backend.incr(keyOf(1), 100);
    place.clock.advance(0.001);

    await fill(backend, 30, 31);

    expect(await present(backend, 0, 31)).toEqual([0, 1, ...range(12, 31)]);
  });

  it('never removes the entry just written, even if the clock went back', async () => {
    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 0, 30);
    place.clock.advance(-100);

    await fill(backend, 30, 31, 3000);

    expect(await backend.flags(keyOf(30))).toBeDefined();
  });

  it('does not happen when an entry is overwritten', async () => {
    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 0, 30);

    for (let round = 0; round < 3; round += 1) await fill(backend, 0, 30);

    expect(await present(backend, 0, 30)).toEqual(range(0, 30));
  });

  it('never leaves more than maxEntries where it does not look after each set', async () => {
    const maxEntries = 129;
    const backend = await place.open({ io, maxEntries });
    const counts: number[] = [];

    for (let index = 0; index < maxEntries * 2; index += 1) {
      await backend.add(keyOf(index), text('v'), null);
      if (index % 7 === 0) counts.push(place.files().length);
    }

    expect(Math.max(...counts, place.files().length)).toBeLessThanOrEqual(maxEntries);
    expect(place.files().length).toBeGreaterThan(maxEntries / 2);
  });

  it('counts what other processes and earlier ones stored', async () => {
    await fill(await place.open({ io, maxEntries: 1000 }), 0, 60);

    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 60, 61);

    expect(place.files()).toHaveLength(30);
    expect(await present(backend, 0, 61)).toEqual(range(31, 61));
  });

  it('leaves the entries of other scopes alone', async () => {
    const other = await place.open({ io, maxEntries: 1000 }, 'other');
    await fill(other, 0, 40);

    await fill(await place.open({ io, maxEntries: 5 }), 0, 20);

    expect(await other.stats()).toMatchObject([{ items: 40 }]);
  });

  it('neither counts nor removes foreign files, and ages out those of other versions', async () => {
    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 0, 30);
    const [foreign, newer] = place.files();
    const bytes = readFileSync(newer!);
    bytes.writeUInt16LE(2, 4);
    writeFileSync(newer!, bytes);
    utimesSync(newer!, 1, 1);
    writeFileSync(foreign!, 'a file of somebody else, as long as you like, longer than a header');

    await fill(backend, 30, 32);

    const left = place.files();
    expect(left).toContain(foreign);
    expect(left).not.toContain(newer);
    expect(left.length - 1).toBe(21);
  });

  it('sweeps what killed processes left in the leaves it looks at', async () => {
    const backend = await place.open({ io, maxEntries: 30 });
    await fill(backend, 0, 1);
    const [entry] = place.files();
    const leftover = entry!.replace('.njcache', '.0abc.tmp');
    copyFileSync(entry!, leftover);
    utimesSync(leftover, 1, 1);

    await fill(backend, 1, 40);

    expect(place.files('.tmp')).toEqual([]);
  });
});
