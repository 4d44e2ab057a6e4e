import { describe, expect, it } from '@jest/globals';
import { fakeClock } from 'nestjs-cache-framework/testing';
import { Culler, type CullerParts } from '../../../lib/backends/file/culler.js';
import { encodeEntry, HEADER_BYTES } from '../../../lib/backends/file/entry-format.js';

/** Leaves that are held in memory, and count how often each is listed. */
function leavesInMemory(): {
  parts: CullerParts;
  listed: number[];
  count: () => number;
  most: () => number;
  put: (leaf: number, path: string) => void;
} {
  const clock = fakeClock();
  const leaves = Array.from({ length: 256 }, () => new Map<string, Buffer>());
  const listed = Array.from({ length: 256 }, () => 0);
  const leafOf = (path: string): Map<string, Buffer> => leaves[Number(path.split('/')[0])]!;
  const parts = {
    clock,
    io: {
      read: (path: string) => {
        const bytes = leafOf(path).get(path);
        return bytes && { bytes: bytes.subarray(0, HEADER_BYTES), size: bytes.length };
      },
      unlink: (path: string) => leafOf(path).delete(path),
    },
    leaves: {
      existing: (first: number, count: number) =>
        Promise.resolve(Array.from({ length: count }, (_, index) => first + index)),
      list: (leaf: number) => {
        listed[leaf]! += 1;
        const entries = [...leaves[leaf]!.keys()];
        return Promise.resolve({ entries, leases: [], held: [], leftovers: [] });
      },
      sweep: () => Promise.resolve(),
    },
    removeDead: () => Promise.resolve(),
  } as unknown as CullerParts;
  return {
    parts,
    listed,
    count: () => leaves.reduce((sum, leaf) => sum + leaf.size, 0),
    most: () => Math.max(...leaves.map((leaf) => leaf.size)),
    put: (leaf, path) => {
      clock.advance(0.001);
      const life = { expiresAt: Infinity, writtenAt: clock.now() };
      leaves[leaf]!.set(path, encodeEntry(Buffer.from(path), { flags: 16, data: '' }, life));
    },
  };
}

describe('the culler of a large cache', () => {
  it('lists a leaf only after a share of the sets into it, and no other leaf', async () => {
    const memory = leavesInMemory();
    const culler = new Culler(memory.parts, 256 * 160, 3);
    const most = 100;

    for (let index = 0; index < most; index += 1) {
      memory.put(7, `7/${index}`);
      await culler.wrote(7, `7/${index}`);
    }

    expect(memory.listed[7]).toBeGreaterThan(0);
    // A third of the share of 160 lies between two looks while there is room.
    expect(memory.listed[7]).toBeLessThanOrEqual(Math.ceil(most / 53));
    expect(memory.listed.filter((times) => times > 0)).toHaveLength(1);
  });

  it('lists a full leaf that is only overwritten once in a sixteenth of its share', async () => {
    const memory = leavesInMemory();
    const culler = new Culler(memory.parts, 256 * 160, 3);
    for (let index = 0; index < 151; index += 1) {
      memory.put(7, `7/${index}`);
      await culler.wrote(7, `7/${index}`);
    }
    memory.listed[7] = 0;

    for (let index = 0; index < 1_000; index += 1) await culler.wrote(7, `7/${index % 151}`);

    expect(memory.listed[7]).toBe(100);
    expect(memory.count()).toBe(151);
    expect(culler.evictions).toBe(0);
  });

  it('keeps each leaf within its share', async () => {
    const memory = leavesInMemory();
    const culler = new Culler(memory.parts, 256 * 160, 3);
    let most = 0;

    for (let index = 0; index < 2_000; index += 1) {
      memory.put(7, `7/${index}`);
      await culler.wrote(7, `7/${index}`);
      most = Math.max(most, memory.most());
    }

    expect(most).toBeLessThanOrEqual(160);
    expect(memory.count()).toBeGreaterThan(90);
    expect(memory.count() + culler.evictions).toBe(2_000);
  });

  it('keeps a smaller cache within maxEntries by branches of sixteen leaves', async () => {
    const memory = leavesInMemory();
    const culler = new Culler(memory.parts, 2_100, 3);
    let most = 0;

    for (let index = 0; index < 5_000; index += 1) {
      const leaf = (index * 157) % 256;
      memory.put(leaf, `${leaf}/${index}`);
      await culler.wrote(leaf, `${leaf}/${index}`);
      most = Math.max(most, memory.count());
    }

    expect(most).toBeLessThanOrEqual(2_100);
    expect(memory.count()).toBeGreaterThan(1_300);
    expect(memory.count() + culler.evictions).toBe(5_000);
  });

  it('looks at a leaf once at a time', async () => {
    const memory = leavesInMemory();
    const culler = new Culler(memory.parts, 30, 3);
    memory.put(1, '1/a');

    const looks = [culler.wrote(1, '1/a'), culler.wrote(2, '2/a'), culler.wrote(3, '3/a')];

    expect(looks.map((look) => look !== undefined)).toEqual([true, false, false]);
    await looks[0];
  });

  it('goes on after a look that failed, and does not try anew with each set', async () => {
    const memory = leavesInMemory();
    const leaves = { existing: () => Promise.reject(new Error('no disk')) };
    const failing = { ...memory.parts, leaves } as unknown as CullerParts;
    const culler = new Culler(failing, 100, 3);

    await expect(culler.wrote(1, '1/a')).rejects.toThrow('no disk');

    const looks = Array.from({ length: 5 }, () => culler.wrote(1, '1/a'));
    expect(looks.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    await expect(looks[4] ?? culler.wrote(1, '1/a')).rejects.toThrow('no disk');
  });
});
