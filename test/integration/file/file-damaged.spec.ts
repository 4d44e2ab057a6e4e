import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import type { FileBackend, FileIoMode } from '../../../lib/backends/file/index.js';
import { type FilePlace, filePlace } from '../../support/file-place.js';

jest.setTimeout(process.env['HEAVY'] ? 900_000 : 120_000);

const FILES = process.env['HEAVY'] ? 50_000 : 500;
const SEED = Number(process.env['SEED'] ?? 20_260_101);

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

/** Numbers from 0 to below 1 that are the same for the same seed (Lehmer). */
function randomFrom(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A copy that differs from the entry. */
function damage(entry: Buffer, random: () => number): Buffer {
  const at = (end: number): number => Math.floor(random() * end);
  const bytes = Buffer.from(entry);
  switch (at(5)) {
    case 0:
      return bytes.subarray(0, at(bytes.length));
    case 1:
      bytes.fill(0, at(bytes.length));
      return bytes.equals(entry) ? bytes.subarray(1) : bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, 1 + at(bytes.length)), bytes]);
    default:
      for (let flips = 1 + at(3); flips > 0; flips -= 1) bytes[at(bytes.length)]! ^= 1 << at(8);
      if (bytes.equals(entry)) bytes[at(bytes.length)]! ^= 1;
      return bytes;
  }
}

async function entryOf(backend: FileBackend, key: string, size: number): Promise<[string, Buffer]> {
  await backend.set(key, { flags: 16, data: Buffer.alloc(size, key) }, null);
  const [path] = place.files();
  return [path!, readFileSync(path!)];
}

describe.each<FileIoMode>(['async', 'sync'])('damaged files with %s io', (io) => {
  it(`are misses, ${FILES} of them with the seed ${SEED}`, async () => {
    const backend = await place.open({ io });
    const [path, entry] = await entryOf(backend, ':1:key', 300);
    const random = randomFrom(SEED);
    const given: string[] = [];

    for (let index = 0; index < FILES; index += 1) {
      const damaged = damage(entry, random);
      writeFileSync(path, damaged);
      if (await backend.get(':1:key')) given.push(damaged.toString('hex'));
    }

    expect(given).toEqual([]);
    writeFileSync(path, entry);
    expect(await backend.flags(':1:key')).toBeDefined();
  });

  it('are misses for every method at every bit', async () => {
    const backend = await place.open({ io });
    const [path, entry] = await entryOf(backend, 'n', 1);
    const answers = new Set<unknown>();

    for (let bit = 0; bit < entry.length * 8; bit += 1) {
      const bytes = Buffer.from(entry);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      for (const method of ['get', 'flags', 'ttl', 'delete'] as const) {
        writeFileSync(path, bytes);
        answers.add((await backend[method]('n')) ?? false);
      }
      writeFileSync(path, bytes);
      answers.add(await backend.touch('n', 5));
      writeFileSync(path, bytes);
      answers.add((await backend.incr('n', 1)) ?? false);
    }

    expect([...answers]).toEqual([false]);
  });
});
