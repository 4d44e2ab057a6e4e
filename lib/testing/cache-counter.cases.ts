import type { CacheCase, CacheFeature } from './cache-case.js';
import { expectEqual, expectRejection } from './assertions.js';

const needs: readonly CacheFeature[] = ['storage', 'incr'];
const MAX = Number.MAX_SAFE_INTEGER;
const UNSUPPORTED = { name: 'CacheUnsupportedError', code: 'CACHE_UNSUPPORTED' };
const NOT_FOUND = { name: 'CacheKeyNotFoundError', code: 'CACHE_KEY_NOT_FOUND' };

/** `incr()` and `decr()`. */
export const counterCases: readonly CacheCase[] = [
  {
    title: 'incr() and decr() answer the new value, which is then stored',
    needs,
    run: async ({ cache }) => {
      await cache.set('n', 41);

      expectEqual(await cache.incr('n'), 42, 'incr()');
      expectEqual(await cache.incr('n', 10), 52, 'incr() by 10');
      expectEqual(await cache.incr('n', -10), 42, 'incr() by -10');
      expectEqual(await cache.decr('n'), 41, 'decr()');
      expectEqual(await cache.decr('n', 10), 31, 'decr() by 10');
      expectEqual(await cache.decr('n', -10), 41, 'decr() by -10');
      expectEqual(await cache.incr('n', 0), 41, 'incr() by 0');
      expectEqual(await cache.get('n'), 41, 'get()');
    },
  },
  {
    title: 'counts below zero and back',
    needs: [...needs, 'negativeCounters'],
    run: async ({ cache }) => {
      await cache.set('n', 1);

      expectEqual(await cache.decr('n', 3), -2, 'decr()');
      expectEqual(await cache.get('n'), -2, 'get()');
      expectEqual(await cache.incr('n', 12), 10, 'incr()');
      expectEqual(await cache.decr('n'), 9, 'decr() to fewer digits');
      expectEqual(await cache.get('n'), 9, 'get() of fewer digits');
    },
  },
  {
    title: 'refuses to count below zero where the backend cannot, and nothing changes',
    needs,
    lacks: 'negativeCounters',
    run: async ({ cache }) => {
      await cache.set('n', 1);

      await expectRejection(() => cache.decr('n', 2), UNSUPPORTED, 'decr()');
      expectEqual(await cache.get('n'), 1, 'get()');
    },
  },
  {
    title: 'refuses to count where the backend can neither count nor tell a ttl',
    needs: ['storage'],
    lacks: 'incr',
    run: async ({ cache }) => {
      await cache.set('n', 1);

      await expectRejection(() => cache.incr('n'), UNSUPPORTED, 'incr()');
      await expectRejection(() => cache.decr('n'), UNSUPPORTED, 'decr()');
      expectEqual(await cache.get('n'), 1, 'get()');
    },
  },
  {
    title: 'refuses to count what is not there, whatever the delta',
    needs: ['incr'],
    run: async ({ cache }) => {
      for (const delta of [1, -1, 0]) {
        await expectRejection(() => cache.incr('missing', delta), NOT_FOUND, 'incr()');
        await expectRejection(() => cache.decr('missing', delta), NOT_FOUND, 'decr()');
      }
      expectEqual(await cache.get('missing'), undefined, 'get()');
    },
  },
  {
    title: 'refuses to count what has expired',
    needs,
    run: async ({ cache, life, expire }) => {
      await cache.set('n', 1, life);
      await expire();

      await expectRejection(() => cache.incr('n'), NOT_FOUND, 'incr()');
    },
  },
  {
    title: 'counts text that is a number, which stays text',
    needs,
    run: async ({ cache }) => {
      await cache.set('n', '41');

      expectEqual(await cache.incr('n'), 42, 'incr()');
      expectEqual(await cache.get('n'), '42', 'get()');
    },
  },
  {
    title: 'refuses to count what is no integer, and nothing changes',
    needs,
    run: async ({ cache }) => {
      for (const value of [
        'abc',
        '',
        1.5,
        true,
        null,
        [1],
        { n: 1 },
        Number.NaN,
        Buffer.from('x'),
      ]) {
        await cache.set('key', value);

        const refusal = { name: 'CacheTypeError', code: 'CACHE_NOT_AN_INTEGER' };
        await expectRejection(() => cache.incr('key'), refusal, 'incr()');
        await expectRejection(() => cache.decr('key'), refusal, 'decr()');
        expectEqual(await cache.get('key'), value, 'get()');
      }
    },
  },
  {
    title: 'refuses a delta that is no whole number',
    needs,
    run: async ({ cache }) => {
      await cache.set('n', 1);

      for (const delta of [0.5, Number.NaN, Infinity, 2 ** 53, '1', '1\r\nflush_all', 1n, null]) {
        const wrong = delta as number;
        await expectRejection(() => cache.incr('n', wrong), { name: 'TypeError' }, 'incr()');
      }
      expectEqual(await cache.get('n'), 1, 'get()');
    },
  },
  {
    title: 'refuses to leave the safe integers, and nothing changes',
    needs,
    run: async ({ cache }) => {
      await cache.set('n', MAX - 1);

      expectEqual(await cache.incr('n'), MAX, 'incr() to the end');
      await expectRejection(() => cache.incr('n'), { name: 'RangeError' }, 'incr()');
      await expectRejection(() => cache.decr('n', -5), { name: 'RangeError' }, 'decr()');
      expectEqual(await cache.get('n'), MAX, 'get()');
    },
  },
  {
    title: 'keeps the timeout of a counter',
    needs,
    run: async ({ cache, life, expire }) => {
      await cache.set('short', 10, life);
      await cache.set('long', 10, 100);
      for (const key of ['short', 'long']) {
        await cache.incr(key);
        await cache.decr(key, 5);
      }

      await expire();

      expectEqual(await cache.get('short'), undefined, 'get() of short');
      expectEqual(await cache.get('long'), 6, 'get() of long');
    },
  },
  {
    title: 'counts every one of a hundred concurrent calls',
    needs,
    run: async ({ cache }) => {
      await cache.set('n', 0);

      const answers = await Promise.all(Array.from({ length: 100 }, () => cache.incr('n')));

      expectEqual(new Set(answers).size, 100, 'how many different answers');
      expectEqual(await cache.get('n'), 100, 'get()');
    },
  },
  {
    title: 'begins a counter with `initial`, once, however many begin it',
    needs,
    run: async ({ cache, life, expire }) => {
      const options = { initial: 10, timeout: life };

      const answers = await Promise.all(
        Array.from({ length: 20 }, () => cache.incr('n', 1, options)),
      );

      expectEqual(
        answers.toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, index) => 11 + index),
        'the answers',
      );
      expectEqual(await cache.decr('down', 1, { initial: 5 }), 4, 'decr()');
      await expire();
      expectEqual(await cache.get('n'), undefined, 'get() after its timeout');
    },
  },
];
