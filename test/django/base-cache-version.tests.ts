import { expect } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { DjangoTest } from '../support/suite-django.js';

const ONE = { version: 1 };
const TWO = { version: 2 };
const NOT_FOUND = { code: 'CACHE_KEY_NOT_FOUND' };

/**
 * The tests of Django's BaseCacheTests about versions. `v2` is an alias whose VERSION is 2. A backend that cannot tell a
 * ttl is given one to move a value with: Django's always gets the default.
 */
export const baseCacheVersionTests: readonly DjangoTest[] = [
  {
    title: 'set and get keep to their version [test_cache_versioning_get_set]',
    run: async ({ cache, open }) => {
      const v2 = await open(TWO);

      await cache.set('answer1', 42);
      expect(await versionsOf(cache, 'answer1')).toEqual([42, 42, undefined]);
      expect(await versionsOf(v2, 'answer1')).toEqual([undefined, 42, undefined]);
      await cache.set('answer2', 42, TWO);
      expect(await versionsOf(cache, 'answer2')).toEqual([undefined, undefined, 42]);
      expect(await versionsOf(v2, 'answer2')).toEqual([42, undefined, 42]);
      await v2.set('answer3', 42);
      expect(await versionsOf(cache, 'answer3')).toEqual([undefined, undefined, 42]);
      expect(await versionsOf(v2, 'answer3')).toEqual([42, undefined, 42]);
      await v2.set('answer4', 42, ONE);
      expect(await versionsOf(cache, 'answer4')).toEqual([42, 42, undefined]);
      expect(await versionsOf(v2, 'answer4')).toEqual([undefined, 42, undefined]);
    },
  },
  {
    title: 'add keeps to its version [test_cache_versioning_add]',
    run: async ({ cache, open }) => {
      const v2 = await open(TWO);

      expect(await cache.add('answer1', 42, TWO)).toBe(true);
      expect(await versionsOf(cache, 'answer1')).toEqual([undefined, undefined, 42]);
      expect(await cache.add('answer1', 37, TWO)).toBe(false);
      expect(await cache.add('answer1', 37, ONE)).toBe(true);
      expect(await versionsOf(cache, 'answer1')).toEqual([37, 37, 42]);
      expect(await v2.add('answer2', 42)).toBe(true);
      expect(await v2.add('answer2', 37)).toBe(false);
      expect(await v2.add('answer2', 37, ONE)).toBe(true);
      expect(await versionsOf(cache, 'answer2')).toEqual([37, 37, 42]);
    },
  },
  {
    title: 'has keeps to its version [test_cache_versioning_has_key]',
    run: async ({ cache, open }) => {
      const v2 = await open(TWO);
      await cache.set('answer1', 42);

      expect(await cache.has('answer1')).toBe(true);
      expect(await cache.has('answer1', ONE)).toBe(true);
      expect(await cache.has('answer1', TWO)).toBe(false);
      expect(await v2.has('answer1')).toBe(false);
      expect(await v2.has('answer1', ONE)).toBe(true);
      expect(await v2.has('answer1', TWO)).toBe(false);
    },
  },
  {
    title: 'delete keeps to its version [test_cache_versioning_delete]',
    run: async ({ cache, open }) => {
      const v2 = await open(TWO);
      for (const key of ['answer1', 'answer2', 'answer3', 'answer4']) {
        await cache.set(key, 37, ONE);
        await cache.set(key, 42, TWO);
      }

      expect(await cache.delete('answer1')).toBe(true);
      expect(await versionsOf(cache, 'answer1')).toEqual([undefined, undefined, 42]);
      expect(await cache.delete('answer2', TWO)).toBe(true);
      expect(await versionsOf(cache, 'answer2')).toEqual([37, 37, undefined]);
      expect(await v2.delete('answer3')).toBe(true);
      expect(await versionsOf(cache, 'answer3')).toEqual([37, 37, undefined]);
      expect(await v2.delete('answer4', ONE)).toBe(true);
      expect(await versionsOf(cache, 'answer4')).toEqual([undefined, undefined, 42]);
    },
  },
  {
    title: 'incr and decr keep to their version [test_cache_versioning_incr_decr]',
    run: async ({ cache, open }) => {
      const v2 = await open(TWO);
      for (const key of ['answer1', 'answer2', 'answer3', 'answer4']) {
        await cache.set(key, 37, ONE);
        await cache.set(key, 42, TWO);
      }

      await cache.incr('answer1');
      expect(await versionsOf(cache, 'answer1')).toEqual([38, 38, 42]);
      await cache.decr('answer1');
      expect(await versionsOf(cache, 'answer1')).toEqual([37, 37, 42]);
      await cache.incr('answer2', 1, TWO);
      expect(await versionsOf(cache, 'answer2')).toEqual([37, 37, 43]);
      await cache.decr('answer2', 1, TWO);
      expect(await versionsOf(cache, 'answer2')).toEqual([37, 37, 42]);
      await v2.incr('answer3');
      expect(await versionsOf(cache, 'answer3')).toEqual([37, 37, 43]);
      await v2.decr('answer3');
      expect(await versionsOf(cache, 'answer3')).toEqual([37, 37, 42]);
      await v2.incr('answer4', 1, ONE);
      expect(await versionsOf(cache, 'answer4')).toEqual([38, 38, 42]);
      await v2.decr('answer4', 1, ONE);
      expect(await versionsOf(cache, 'answer4')).toEqual([37, 37, 42]);
    },
  },
  {
    title: 'getMany and setMany keep to their version [test_cache_versioning_get_set_many]',
    run: async ({ cache, open }) => {
      const v2 = await open(TWO);

      await cache.setMany({ ford1: 37, arthur1: 42 });
      expect(Object.fromEntries(await cache.getMany(['ford1', 'arthur1']))).toEqual({
        ford1: 37,
        arthur1: 42,
      });
      await cache.setMany({ a1: 37, a2: 42 });
      expect(await both(cache, 'a')).toEqual({ a1: 37, a2: 42 });
      expect(await both(cache, 'a', 1)).toEqual({ a1: 37, a2: 42 });
      expect(await both(cache, 'a', 2)).toEqual({});
      expect(await both(v2, 'a')).toEqual({});
      expect(await both(v2, 'a', 1)).toEqual({ a1: 37, a2: 42 });
      await cache.setMany({ b1: 37, b2: 42 }, TWO);
      expect(await both(cache, 'b')).toEqual({});
      expect(await both(v2, 'b')).toEqual({ b1: 37, b2: 42 });
      await v2.setMany({ c1: 37, c2: 42 });
      expect(await both(cache, 'c')).toEqual({});
      expect(await both(cache, 'c', 2)).toEqual({ c1: 37, c2: 42 });
      await v2.setMany({ d1: 37, d2: 42 }, ONE);
      expect(await both(cache, 'd')).toEqual({ d1: 37, d2: 42 });
      expect(await both(v2, 'd')).toEqual({});
    },
  },
  {
    title: 'incrVersion moves a value up [test_incr_version]',
    run: async ({ place, cache, open }) => {
      const v2 = await open(TWO);
      const keep = place.tellsTtl ? {} : { timeout: 300 };

      await cache.set('answer', 42, TWO);
      expect(await versionsOf(cache, 'answer')).toEqual([undefined, undefined, 42]);
      expect(await cache.incrVersion('answer', 1, { ...TWO, ...keep })).toBe(3);
      expect(await versionsOf(cache, 'answer', 3)).toEqual([undefined, undefined, undefined, 42]);
      await v2.set('answer2', 42);
      expect(await v2.incrVersion('answer2', 1, keep)).toBe(3);
      expect(await versionsOf(v2, 'answer2', 3)).toEqual([undefined, undefined, undefined, 42]);
      await expect(cache.incrVersion('does_not_exist', 1, keep)).rejects.toMatchObject(NOT_FOUND);
      await cache.set('null', null);
      expect(await cache.incrVersion('null', 1, keep)).toBe(2);
    },
  },
  {
    title: 'decrVersion moves a value down [test_decr_version]',
    run: async ({ place, cache, open }) => {
      const v2 = await open(TWO);
      const keep = place.tellsTtl ? {} : { timeout: 300 };

      await cache.set('answer', 42, TWO);
      expect(await cache.decrVersion('answer', 1, { ...TWO, ...keep })).toBe(1);
      expect(await versionsOf(cache, 'answer')).toEqual([42, 42, undefined]);
      await v2.set('answer2', 42);
      expect(await v2.decrVersion('answer2', 1, keep)).toBe(1);
      expect(await versionsOf(v2, 'answer2')).toEqual([undefined, 42, undefined]);
      await expect(
        cache.decrVersion('does_not_exist', 1, { ...TWO, ...keep }),
      ).rejects.toMatchObject(NOT_FOUND);
      await cache.set('null', null, TWO);
      expect(await cache.decrVersion('null', 1, { ...TWO, ...keep })).toBe(1);
    },
  },
  {
    title: 'getOrSet keeps to its version [test_get_or_set_version]',
    run: async ({ cache }) => {
      await cache.getOrSet('brian', 1979, TWO);

      expect(await versionsOf(cache, 'brian')).toEqual([undefined, undefined, 1979]);
      expect(await cache.getOrSet('brian', 1978, ONE)).toBe(1978);
      expect(await versionsOf(cache, 'brian')).toEqual([1978, 1978, 1979]);
    },
  },
];

/** What two keys have in a version; default: the cache's. */
async function both(cache: CacheService, name: string, version?: number): Promise<unknown> {
  const options = version === undefined ? {} : { version };
  return Object.fromEntries(await cache.getMany([`${name}1`, `${name}2`], options));
}

/** What a key has in the version of the cache, and in 1, 2, … */
async function versionsOf(cache: CacheService, key: string, last = 2): Promise<unknown[]> {
  const found: unknown[] = [await cache.get(key)];
  for (let version = 1; version <= last; version += 1) {
    found.push(await cache.get(key, undefined, { version }));
  }
  return found;
}
