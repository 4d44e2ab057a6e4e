import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  createCache,
  type CacheBackend,
  type CacheService,
  type Payload,
} from 'nestjs-cache-framework';

jest.setTimeout(600_000);

const RACES = process.env['HEAVY'] ? 100_000 : 2_000;

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

const quiet = { log: () => {}, warn: () => {}, error: () => {} };

describe('a load that races with a removal', () => {
  let cache: CacheService;

  beforeAll(async () => {
    cache = await createCache({ logger: quiet });
  });

  afterAll(() => cache.close());

  const removals: Record<string, (key: string, tag: string) => Promise<unknown>> = {
    'delete()': (key) => cache.delete(key),
    'touch() with 0': (key) => cache.touch(key, 0),
    'deleteMany()': (key) => cache.deleteMany([key]),
    'invalidateTags()': (_, tag) => cache.invalidateTags(tag),
    'clear()': () => cache.clear(),
  };

  it.each(Object.keys(removals))(`never outlives %s, in ${RACES} races`, async (name) => {
    let stale = 0;
    for (let race = 0; race < RACES; race += 1) {
      const key = `key-${race % 50}`;
      const tag = `tag-${race % 50}`;
      const tags = race % 2 === 0 ? [tag] : () => [tag];
      let truth = 'old';
      const load = async (): Promise<string> => {
        await turns(race % 3);
        const value = truth;
        await turns(race % 7);
        return value;
      };
      const first = cache.getOrSet(key, load, { tags });
      await turns(race % 31);

      truth = 'new';
      await removals[name]!(key, tag);
      const afterwards = await cache.getOrSet(key, load, { tags });
      await first;

      if (afterwards !== 'new' || (await cache.get(key)) === 'old') stale += 1;
      await cache.delete(key);
    }

    expect(stale).toBe(0);
  });
});

describe('a store that is under way when its entry is deleted', () => {
  it('is waited for, so that the delete comes after it', async () => {
    const order: string[] = [];
    let stored!: () => void;
    const entries = new Map<string, Payload>();
    const backend: CacheBackend = {
      name: 'slow',
      get: async (key) => entries.get(key),
      set: async () => true,
      add: async (key, payload) => {
        order.push('add begins');
        await new Promise<void>((resolve) => {
          stored = resolve;
        });
        entries.set(key, payload);
        order.push('add ends');
        return true;
      },
      touch: async () => false,
      delete: async (key) => {
        order.push('delete');
        return entries.delete(key);
      },
      clear: async () => entries.clear(),
    };
    const cache = await createCache({ backend, logger: quiet });
    const loading = cache.getOrSet('key', 'old');
    while (order.length === 0) await turns(1);

    const deleted = cache.delete('key');
    await turns(50);
    stored();
    await Promise.all([loading, deleted]);

    expect(order).toEqual(['add begins', 'add ends', 'delete']);
    expect(await cache.get('key')).toBeUndefined();
    await cache.close();
  });
});
