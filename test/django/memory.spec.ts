import { describe, expect, it } from '@jest/globals';
import { fakeClock } from 'nestjs-cache-framework/testing';
import { memory } from '../../lib/backends/memory/index.js';
import { CacheRegistry } from '../../lib/core/cache.registry.js';
import type { CacheService } from '../../lib/core/cache.service.js';
import { json } from '../../lib/serializers/json/index.js';
import { runDjangoTests } from '../support/suite-django.js';
import type { DjangoTest } from '../support/suite-django.js';
import { memoryPlaces } from '../support/suite-memory.js';
import { baseCacheCullTests } from './base-cache-cull.tests.js';
import { baseCacheKeyTests } from './base-cache-key.tests.js';
import { baseCacheTimeTests } from './base-cache-time.tests.js';
import { baseCacheVersionTests } from './base-cache-version.tests.js';
import { baseCacheTests } from './base-cache.tests.js';

const NINE = { keyPrefix: 'lru', options: { maxEntries: 9, cullFrequency: 3 } };

const locMemTests: readonly DjangoTest[] = [
  {
    title: 'incr and decr leave the expiry as it is [test_incr_decr_timeout]',
    run: async ({ cache, sleep }) => {
      await cache.set('value', 1, 100);
      await sleep(40);

      await cache.incr('value');
      expect(await cache.ttl('value')).toBe(60);
      await cache.decr('value');
      expect(await cache.ttl('value')).toBe(60);
    },
  },
  {
    title: 'get makes an entry recently used [test_lru_get]',
    run: async ({ open }) => {
      const cache = await open(NINE);
      await setNine(cache);

      for (let key = 0; key < 6; key += 1) expect(await cache.get(`${key}`)).toBe(key);
      await cache.set('9', 9);

      expect(await keysOf(cache)).toEqual(['0', '1', '2', '3', '4', '5', '9']);
    },
  },
  {
    title: 'set makes an entry recently used [test_lru_set]',
    run: async ({ open }) => {
      const cache = await open(NINE);
      await setNine(cache);

      for (let key = 3; key < 9; key += 1) await cache.set(`${key}`, key);
      await cache.set('9', 9);

      expect(await keysOf(cache)).toEqual(['3', '4', '5', '6', '7', '8', '9']);
    },
  },
  {
    title: 'incr makes an entry recently used [test_lru_incr]',
    run: async ({ open }) => {
      const cache = await open(NINE);
      await setNine(cache);

      for (let key = 0; key < 6; key += 1) await cache.incr(`${key}`);
      await cache.set('9', 9);

      expect(await keysOf(cache)).toEqual(['0', '1', '2', '3', '4', '5', '9']);
    },
  },
];

runDjangoTests('BaseCacheTests', memoryPlaces, [
  ...baseCacheTests,
  ...baseCacheTimeTests,
  ...baseCacheVersionTests,
  ...baseCacheKeyTests,
  ...baseCacheCullTests,
]);

runDjangoTests('LocMemCacheTests', memoryPlaces, locMemTests);

describe('LocMemCacheTests with several caches', () => {
  it('one location is one store, another is another [test_multiple_caches]', async () => {
    const registry = await CacheRegistry.open({
      caches: {
        default: {},
        prefix: { keyPrefix: 'cacheprefix' },
        other: { location: 'other' },
        same: { location: 'other' },
      },
      backends: { memory: async () => memory },
      serializer: json(),
      clock: fakeClock(),
    });
    const [cache, other, same] = ['default', 'other', 'same'].map((name) => registry.get(name));

    await cache!.set('value', 42);
    expect(await cache!.get('value')).toBe(42);
    expect(await other!.get('value')).toBeUndefined();
    await other!.set('value', 43);
    expect(await same!.get('value')).toBe(43);
    await registry.close();
  });
});

async function setNine(cache: CacheService): Promise<void> {
  for (let key = 0; key < 9; key += 1) await cache.set(`${key}`, key);
}

async function keysOf(cache: CacheService): Promise<string[]> {
  const keys = Array.from({ length: 10 }, (_, key) => `${key}`);
  return [...(await cache.getMany(keys)).keys()];
}
