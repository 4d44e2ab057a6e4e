import { describe, expect, it } from '@jest/globals';
import { memory, type MemoryBackend } from '../../../lib/backends/memory/index.js';
import { MemoryLocks } from '../../../lib/backends/memory/memory.locks.js';
import { fakeClock } from '../../../lib/testing/fake-clock.js';
import { contextWith, fill, memoryBackend } from './memory-fixture.js';

describe('locks in memory', () => {
  it('are not given up, however many entries are stored', async () => {
    const { backend } = await memoryBackend({ maxEntries: 3 });
    const lock = await backend.lock('k', 100);

    await fill(backend, ...Array.from({ length: 100 }, (_, index) => `k${index}`));

    expect(await backend.lock('k', 100)).toBeUndefined();
    expect((await backend.stats())[0]!.items).toBe(3);
    expect(await lock!.release()).toBe(true);
  });

  it('are shared by the caches that share a store, also after one of them was closed', async () => {
    const shared = new Map<string, unknown>();
    const open = async () =>
      (await memory()(contextWith(fakeClock(), { shared }))) as MemoryBackend;
    const [one, other] = [await open(), await open()];
    await one.lock('k', 100);
    await one.close();

    expect(await other.lock('k', 100)).toBeUndefined();
  });
});

describe('MemoryLocks', () => {
  it('forgets those that are over before there are many', () => {
    const clock = fakeClock();
    const locks = new MemoryLocks(clock);

    for (let index = 0; index < 10_000; index += 1) {
      locks.take(`k${index}`, 1);
      clock.advance(0.01);
    }

    expect(locks.size).toBeLessThanOrEqual(1_000);
  });

  it('gives out no more than it can keep, and says so', async () => {
    const clock = fakeClock();
    const locks = new MemoryLocks(clock, 2);
    const first = locks.take('a', 100);
    locks.take('b', 1);

    expect(() => locks.take('c', 100)).toThrow(
      expect.objectContaining({ code: 'CACHE_BACKEND', backend: 'memory', key: 'c' }),
    );
    clock.advance(1);
    expect(locks.take('c', 100)).toBeDefined();
    await first!.release();
    expect(locks.take('d', 100)).toBeDefined();
  });
});
