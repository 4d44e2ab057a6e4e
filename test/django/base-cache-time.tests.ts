import { expect } from '@jest/globals';
import type { DjangoTest } from '../support/suite-django.js';

const MONTH = 60 * 60 * 24 * 30;

/** The tests of Django's BaseCacheTests about timeouts. */
export const baseCacheTimeTests: readonly DjangoTest[] = [
  {
    title: 'a value expires [test_expiration]',
    run: async ({ cache, sleep }) => {
      await cache.set('expire1', 'very quickly', 1);
      await cache.set('expire2', 'very quickly', 1);
      await cache.set('expire3', 'very quickly', 1);

      await sleep(2);

      expect(await cache.get('expire1')).toBeUndefined();
      expect(await cache.add('expire2', 'newvalue')).toBe(true);
      expect(await cache.get('expire2')).toBe('newvalue');
      expect(await cache.has('expire3')).toBe(false);
    },
  },
  {
    title: 'touch gives a new timeout and keeps the value [test_touch]',
    run: async ({ cache, sleep }) => {
      await cache.set('expire1', 'very quickly', 2);
      await cache.set('expire2', 'very quickly', 2);
      expect(await cache.touch('expire1', 100)).toBe(true);
      // Without a timeout the default of the cache holds.
      expect(await cache.touch('expire2')).toBe(true);

      await sleep(2.3);

      expect(await cache.has('expire1')).toBe(true);
      expect(await cache.get('expire1')).toBe('very quickly');
      expect(await cache.has('expire2')).toBe(true);
      expect(await cache.touch('nonexistent')).toBe(false);
    },
  },
  {
    title: 'touch can shorten a life [test_touch]',
    run: async ({ cache, sleep }) => {
      await cache.set('expire1', 'very slowly', 100);
      expect(await cache.touch('expire1', 2)).toBe(true);

      await sleep(2.3);

      expect(await cache.touch('expire1')).toBe(false);
      expect(await cache.has('expire1')).toBe(false);
    },
  },
  {
    title: 'setMany has one timeout for all [test_set_many_expiration]',
    run: async ({ cache, sleep }) => {
      await cache.setMany({ key1: 'spam', key2: 'eggs' }, 1);

      await sleep(2);

      expect(await cache.get('key1')).toBeUndefined();
      expect(await cache.get('key2')).toBeUndefined();
    },
  },
  {
    title: 'timeouts beyond 30 days work [test_long_timeout]',
    run: async ({ cache }) => {
      await cache.set('key1', 'eggs', MONTH + 1);
      await cache.add('key2', 'ham', MONTH + 1);
      await cache.setMany({ key3: 'sausage', key4: 'lobster bisque' }, MONTH + 1);

      expect(await cache.get('key1')).toBe('eggs');
      expect(await cache.get('key2')).toBe('ham');
      expect(await cache.get('key3')).toBe('sausage');
      expect(await cache.get('key4')).toBe('lobster bisque');
    },
  },
  {
    title: 'the timeout null never ends [test_forever_timeout]',
    run: async ({ cache, sleep }) => {
      await cache.set('key1', 'eggs', null);
      await cache.add('key2', 'ham', null);
      expect(await cache.add('key1', 'new eggs', null)).toBe(false);
      await cache.setMany({ key3: 'sausage', key4: 'lobster bisque' }, null);
      await cache.set('key5', 'belgian fries', 2);
      await cache.touch('key5', null);

      await sleep(2.3);

      expect(
        Object.fromEntries(await cache.getMany(['key1', 'key2', 'key3', 'key4', 'key5'])),
      ).toEqual({
        key1: 'eggs',
        key2: 'ham',
        key3: 'sausage',
        key4: 'lobster bisque',
        key5: 'belgian fries',
      });
    },
  },
  {
    title: 'the timeout 0 stores nothing [test_zero_timeout]',
    run: async ({ cache }) => {
      await cache.set('key1', 'eggs', 0);
      expect(await cache.get('key1')).toBeUndefined();

      expect(await cache.add('key2', 'ham', 0)).toBe(true);
      expect(await cache.get('key2')).toBeUndefined();

      await cache.setMany({ key3: 'sausage', key4: 'lobster bisque' }, 0);
      expect(await cache.get('key3')).toBeUndefined();
      expect(await cache.get('key4')).toBeUndefined();

      await cache.set('key5', 'belgian fries', 5);
      expect(await cache.touch('key5', 0)).toBe(true);
      expect(await cache.get('key5')).toBeUndefined();
    },
  },
  {
    title: 'a timeout may be a fraction [test_float_timeout]',
    run: async ({ cache }) => {
      await cache.set('key1', 'spam', 100.2);

      expect(await cache.get('key1')).toBe('spam');
    },
  },
];
