import { expect } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { DjangoTest } from '../support/suite-django.js';

/** The tests of Django's BaseCacheTests about MAX_ENTRIES and CULL_FREQUENCY. */
export const baseCacheCullTests: readonly DjangoTest[] = [
  {
    title: 'a third of the entries goes when the cache is full [test_cull]',
    run: async ({ open }) => {
      const cache = await open({
        keyPrefix: 'cull',
        options: { maxEntries: 30, cullFrequency: 3 },
      });

      expect(await leftAfterInserts(cache)).toBe(29);
    },
  },
  {
    title: 'all entries go with a cullFrequency of 0 [test_zero_cull]',
    run: async ({ open }) => {
      const cache = await open({
        keyPrefix: 'cull',
        options: { maxEntries: 30, cullFrequency: 0 },
      });

      expect(await leftAfterInserts(cache)).toBe(19);
    },
  },
  {
    title: 'the first value is stored in the smallest cache [test_cull_delete_when_store_empty]',
    run: async ({ open }) => {
      const cache = await open({ keyPrefix: 'cull', options: { maxEntries: 1, cullFrequency: 3 } });

      expect(await cache.set('force_cull', 'value', 1000)).toBe(true);
      expect(await cache.has('force_cull')).toBe(true);
      // Django takes -1 for a size; here it is a mistake that is told at start.
      await expect(open({ options: { maxEntries: -1 } })).rejects.toMatchObject({
        code: 'CACHE_BAD_OPTION',
      });
    },
  },
];

async function leftAfterInserts(cache: CacheService): Promise<number> {
  for (let index = 1; index < 50; index += 1) await cache.set(`cull${index}`, 'value', 1000);
  let left = 0;
  for (let index = 1; index < 50; index += 1) {
    if (await cache.has(`cull${index}`)) left += 1;
  }
  return left;
}
