import { describe, expect, it } from '@jest/globals';
import { MemoPayload } from '../../../lib/core/payload-codec.js';
import { fill, memoryBackend, present, text } from './memory-fixture.js';

const HEAVY = process.env['HEAVY'] === '1';

describe('maxEntries', () => {
  it('holds for any number of keys', async () => {
    const { backend } = await memoryBackend({ maxEntries: 100 });

    for (let i = 0; i < (HEAVY ? 1_000_000 : 5_000); i += 1) {
      await backend.set(`url:${i}`, text('page'), 60);
    }

    expect((await backend.stats())[0]?.items).toBe(100);
  });

  it('evicts the least recently used entry alone', async () => {
    const { backend } = await memoryBackend({ maxEntries: 3 });

    await fill(backend, 'a', 'b', 'c', 'd');

    expect(await present(backend, 'a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd']);
  });

  it('does not evict for an overwrite', async () => {
    const { backend } = await memoryBackend({ maxEntries: 3 });
    await fill(backend, 'a', 'b', 'c');

    await backend.set('b', text('again'), 60);

    expect(await present(backend, 'a', 'b', 'c')).toEqual(['a', 'b', 'c']);
    expect((await backend.stats())[0]?.evictions).toBe(0);
  });

  it('may be 1', async () => {
    const { backend } = await memoryBackend({ maxEntries: 1 });

    await fill(backend, 'a', 'b');

    expect(await present(backend, 'a', 'b')).toEqual(['b']);
  });
});

describe('the order of use', () => {
  const USES = {
    'get makes recent [test_lru_get]': (b) => b.get('a'),
    'getMany makes recent': (b) => b.getMany(['a']),
    'set makes recent [test_lru_set]': (b) => b.set('a', text('1'), 60),
    'incr makes recent [test_lru_incr]': (b) => b.incr('a', 1),
  } satisfies Record<string, Use>;
  const NO_USES = {
    'flags does not make recent': (b) => b.flags('a'),
    'touch does not make recent': (b) => b.touch('a', 60),
    'a failed add does not make recent': (b) => b.add('a', text('1'), 60),
    'ttl does not make recent': (b) => b.ttl('a'),
  } satisfies Record<string, Use>;
  type Use = (backend: Awaited<ReturnType<typeof memoryBackend>>['backend']) => Promise<unknown>;

  it.each(Object.entries<Use>(USES))('%s', async (_title, use) => {
    const { backend } = await memoryBackend({ maxEntries: 3 });
    await backend.set('a', text('1'), 60);
    await fill(backend, 'b', 'c');

    await use(backend);
    await fill(backend, 'd');

    expect(await present(backend, 'a', 'b', 'c', 'd')).toEqual(['a', 'c', 'd']);
  });

  it.each(Object.entries<Use>(NO_USES))('%s', async (_title, use) => {
    const { backend } = await memoryBackend({ maxEntries: 3 });
    await backend.set('a', text('1'), 60);
    await fill(backend, 'b', 'c');

    await use(backend);
    await fill(backend, 'd');

    expect(await present(backend, 'a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd']);
  });

  it('a successful add makes recent', async () => {
    const { backend, clock } = await memoryBackend({ maxEntries: 3 });
    await backend.set('a', text('1'), 1);
    await fill(backend, 'b', 'c');
    clock.advance(1);

    await backend.add('a', text('2'), 60);
    await fill(backend, 'd');

    expect(await present(backend, 'a', 'b', 'c', 'd')).toEqual(['a', 'c', 'd']);
  });
});

describe('expired entries', () => {
  it('go before a live one that was used longer ago', async () => {
    const { backend, clock } = await memoryBackend({ maxEntries: 3 });
    await fill(backend, 'old');
    await backend.set('expired', text('x'), 1);
    await fill(backend, 'young');
    clock.advance(1);

    await fill(backend, 'new');

    expect(await present(backend, 'old', 'expired', 'young', 'new')).toEqual([
      'old',
      'young',
      'new',
    ]);
    expect((await backend.stats())[0]?.evictions).toBe(0);
  });

  it('save a live one from each of the eight coldest places, after any number of evictions', async () => {
    for (let evictions = 0; evictions <= 30; evictions += 1) {
      for (let place = 0; place < 8; place += 1) {
        const { backend, clock } = await memoryBackend({ maxEntries: 20 });
        await backend.set('first', text('x'), 1);
        clock.advance(1);
        await fill(backend, ...numbered(0, 20 + evictions));

        await backend.touch(numbered(evictions + place, evictions + place + 1)[0]!, 5);
        clock.advance(5);
        await fill(backend, 'new');

        const [stats] = await backend.stats();
        expect({ place, evictions: stats?.evictions }).toEqual({ place, evictions });
      }
    }
  });

  it('are all removed that the look came upon', async () => {
    const { backend, clock } = await memoryBackend({ maxEntries: 20 });
    for (const key of numbered(0, 20)) await backend.set(key, text('x'), 5);
    clock.advance(5);

    await fill(backend, 'new');

    expect((await backend.stats())[0]).toMatchObject({ items: 5, evictions: 0 });
  });
});

describe('cullFrequency', () => {
  it('removes a share of the least recent at once [test_cull]', async () => {
    const { backend } = await memoryBackend({ maxEntries: 30, cullFrequency: 3 });

    await fill(backend, ...numbered(1, 50));

    expect(await present(backend, ...numbered(1, 50))).toEqual(numbered(21, 50));
  });

  it('removes everything if it is 0 [test_zero_cull]', async () => {
    const { backend } = await memoryBackend({ maxEntries: 30, cullFrequency: 0 });

    await fill(backend, ...numbered(1, 50));

    expect(await present(backend, ...numbered(1, 50))).toEqual(numbered(31, 50));
  });

  it('removes one where the share is less than one entry', async () => {
    const { backend } = await memoryBackend({ maxEntries: 2, cullFrequency: 3 });

    await fill(backend, ...numbered(0, 10));

    expect(await present(backend, ...numbered(0, 10))).toEqual(numbered(8, 10));
  });

  it('does not cull for an overwrite', async () => {
    const { backend } = await memoryBackend({ maxEntries: 3, cullFrequency: 3 });
    await fill(backend, 'a', 'b', 'c');

    await backend.set('b', text('again'), 60);

    expect(await present(backend, 'a', 'b', 'c')).toEqual(['a', 'b', 'c']);
  });

  it('counts the live ones that went', async () => {
    const { backend, clock } = await memoryBackend({ maxEntries: 20, cullFrequency: 2 });
    await fill(backend, ...numbered(0, 17));
    await backend.set('short', text('x'), 1);
    await fill(backend, 'a', 'b');
    clock.advance(1);

    await fill(backend, 'c');

    expect((await backend.stats())[0]).toMatchObject({ items: 11, evictions: 10 });
  });
});

describe('maxBytes', () => {
  it('evicts the least recently used until the new entry fits', async () => {
    const { backend } = await memoryBackend({ maxBytes: 10_000 });
    for (const key of ['a', 'b', 'c', 'd']) await backend.set(key, text('x'.repeat(2_000)), 60);

    await backend.set('e', text('x'.repeat(4_000)), 60);

    expect(await present(backend, 'a', 'b', 'c', 'd', 'e')).toEqual(['c', 'd', 'e']);
  });

  it('is never passed', async () => {
    const { backend } = await memoryBackend({ maxBytes: 50_000 });
    const random = randomFrom(7);
    let most = 0;

    for (let i = 0; i < 2_000; i += 1) {
      const key = `k${Math.floor(random() * 100)}`;
      await backend.set(key, text('x'.repeat(Math.floor(random() * 3_000))), 60);
      most = Math.max(most, (await backend.stats())[0]?.bytes ?? Infinity);
    }

    expect(most).toBeLessThanOrEqual(50_000);
    expect(most).toBeGreaterThan(45_000);
  });

  it('makes room for a larger overwrite from others, not from itself', async () => {
    const { backend } = await memoryBackend({ maxBytes: 4_000 });
    for (const key of ['a', 'b', 'c']) await backend.set(key, text('x'.repeat(1_000)), 60);

    const stored = await backend.set('a', text('y'.repeat(2_000)), 60);

    expect(stored).toBe(true);
    expect(await present(backend, 'a', 'b', 'c')).toEqual(['a', 'c']);
  });

  it('is free again after delete and clear', async () => {
    const { backend } = await memoryBackend();
    await fill(backend, 'a', 'b');

    await backend.delete('a');
    await backend.clear();

    expect((await backend.stats())[0]).toMatchObject({ items: 0, bytes: 0 });
  });

  it('counts two bytes a character of the key', async () => {
    const [short, long] = await Promise.all([bytesOf('k', 'x'), bytesOf('k'.repeat(1001), 'x')]);

    expect(long - short).toBe(2_000);
  });

  it('counts two bytes a character where the text needs them', async () => {
    const [ascii, wide] = await Promise.all([
      bytesOf('k', 'x'.repeat(1_000)),
      bytesOf('k', '€'.repeat(1_000)),
    ]);

    expect(wide - ascii).toBe(1_000);
  });

  it('counts the data once more where a decoded value is remembered on the payload', async () => {
    const { backend } = await memoryBackend();
    const json = JSON.stringify('x'.repeat(998));

    await backend.set('key', new MemoPayload(272, json), 60);

    expect((await backend.stats())[0]?.bytes).toBe((await bytesOf('key', json)) + 1_000);
  });

  it('keeps its count when a counter grows or shrinks', async () => {
    const { backend } = await memoryBackend();
    await backend.set('counter', text('9'), 60);
    const before = (await backend.stats())[0]?.bytes;

    await backend.incr('counter', Number.MAX_SAFE_INTEGER - 9);

    expect((await backend.stats())[0]?.bytes).toBe(before);
  });
});

describe('an entry that is too large', () => {
  it('is refused, takes the old value along and evicts nothing', async () => {
    const { backend } = await memoryBackend({ maxBytes: 5_000 });
    await fill(backend, 'a', 'b', 'c');

    const stored = await backend.set('b', text('x'.repeat(10_000)), 60);

    expect(stored).toBe(false);
    expect(await present(backend, 'a', 'b', 'c')).toEqual(['a', 'c']);
    expect((await backend.stats())[0]?.evictions).toBe(0);
  });

  it('is one beyond maxEntryBytes if that is given', async () => {
    const { backend } = await memoryBackend({ maxEntryBytes: 2_000 });

    const stored = [
      await backend.set('a', text('x'.repeat(1_000)), 60),
      await backend.set('b', text('x'.repeat(3_000)), 60),
    ];

    expect(stored).toEqual([true, false]);
  });

  it('is refused by add, which answers false', async () => {
    const { backend } = await memoryBackend({ maxEntryBytes: 2_000 });

    expect(await backend.add('a', text('x'.repeat(3_000)), 60)).toBe(false);
  });

  it('is named by setMany', async () => {
    const { backend } = await memoryBackend({ maxEntryBytes: 2_000 });
    const entries = new Map([
      ['small', text('x')],
      ['large', text('x'.repeat(3_000))],
    ]);

    expect(await backend.setMany(entries, 60)).toEqual(['large']);
  });
});

async function bytesOf(key: string, data: string): Promise<number> {
  const { backend } = await memoryBackend();
  await backend.set(key, text(data), 60);
  return (await backend.stats())[0]?.bytes ?? NaN;
}

function numbered(from: number, before: number): string[] {
  return Array.from({ length: before - from }, (_, i) => `k${String(from + i).padStart(3, '0')}`);
}

// A small linear congruential generator: the same numbers for the same seed.
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
