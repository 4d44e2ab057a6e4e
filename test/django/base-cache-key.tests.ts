import { expect } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { DjangoTest } from '../support/suite-django.js';

const INVALID = { code: 'CACHE_INVALID_KEY' };

/**
 * The tests of Django's BaseCacheTests about keys. Where Django warns about a key that memcached could not take, it is
 * replaced here by one that it can; `invalidKeys: 'throw'` is Django's behaviour on memcached.
 */
export const baseCacheKeyTests: readonly DjangoTest[] = [
  {
    title: 'a key with blanks and beyond ASCII works, or is refused [test_invalid_key_characters]',
    run: async ({ cache, open }) => {
      const strict = await open({ invalidKeys: 'throw' });

      await everyCallWorks(cache, 'key with spaces and 清');
      await everyCallIsRefused(strict, 'key with spaces and 清');
    },
  },
  {
    title: 'a key that is too long works, or is refused [test_invalid_key_length]',
    run: async ({ cache, open }) => {
      const strict = await open({ invalidKeys: 'throw' });

      await everyCallWorks(cache, 'a'.repeat(250));
      await everyCallIsRefused(strict, 'a'.repeat(250));
    },
  },
  {
    title:
      'what counts is the length of the final key, prefix and version included [test_invalid_with_version_key_length]',
    run: async ({ place, open }) => {
      const strict = await open({ invalidKeys: 'throw' });
      const room = 250 - `${place.prefix}:1:`.length;

      expect(await strict.set('x'.repeat(room), 'value')).toBe(true);
      await expect(strict.set('x'.repeat(room + 1), 'value')).rejects.toMatchObject(INVALID);
      await expect(strict.set('x'.repeat(room), 'value', { version: 10 })).rejects.toMatchObject(
        INVALID,
      );
    },
  },
  {
    title: 'caches with different key functions do not see each other [test_custom_key_func]',
    run: async ({ cache, open }) => {
      const cacheA = await open({ keyFunction: custom });
      const cacheB = await open({ keyFunction: (...parts) => custom(...parts) });

      await cache.set('answer1', 42);
      expect(await cache.get('answer1')).toBe(42);
      expect(await cacheA.get('answer1')).toBeUndefined();
      expect(await cacheB.get('answer1')).toBeUndefined();
      await cacheA.set('answer2', 42);
      expect(await cache.get('answer2')).toBeUndefined();
      expect(await cacheA.get('answer2')).toBe(42);
      expect(await cacheB.get('answer2')).toBe(42);
    },
  },
];

function custom(key: string, keyPrefix: string, version: number): string {
  return `CUSTOM-${[keyPrefix, version, key].join('-')}`;
}

function callsOf(cache: CacheService, key: string): Record<string, () => Promise<unknown>> {
  return {
    add: () => cache.add(key, 1),
    get: () => cache.get(key, 'bar'),
    set: () => cache.set(key, 1),
    incr: () => cache.incr(key),
    decr: () => cache.decr(key),
    touch: () => cache.touch(key),
    getMany: () => cache.getMany([key, 'b']),
    setMany: () => cache.setMany({ [key]: 1, b: 2 }),
    deleteMany: () => cache.deleteMany([key, 'b']),
    delete: () => cache.delete(key),
  };
}

async function everyCallWorks(cache: CacheService, key: string): Promise<void> {
  const answers: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(callsOf(cache, key))) answers[name] = await call();

  expect(answers).toEqual({
    add: true,
    get: 1,
    set: true,
    incr: 2,
    decr: 1,
    touch: true,
    getMany: new Map([[key, 1]]),
    setMany: [],
    deleteMany: 2,
    delete: false,
  });
}

async function everyCallIsRefused(cache: CacheService, key: string): Promise<void> {
  for (const call of Object.values(callsOf(cache, key))) {
    await expect(call()).rejects.toMatchObject(INVALID);
  }
  expect(await cache.has('b')).toBe(false);
}
