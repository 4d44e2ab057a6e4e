import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection, expectTrue } from './assertions.js';

/** `getOrSet()`. */
export const loadCases: readonly CacheCase[] = [
  {
    title: 'getOrSet() stores a value and gives the stored one later',
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.getOrSet('key', 'first'), 'first', 'the first call');
      expectEqual(await cache.getOrSet('key', 'second'), 'first', 'the second call');
      expectEqual(await cache.get('key'), 'first', 'get()');
    },
  },
  {
    title: 'getOrSet() calls a function, waits for its promise, and does so once',
    needs: ['storage'],
    run: async ({ cache }) => {
      let calls = 0;
      const load = () => Promise.resolve({ call: (calls += 1) });

      expectEqual(await cache.getOrSet('key', load), { call: 1 }, 'the first call');
      expectEqual(await cache.getOrSet('key', load), { call: 1 }, 'the second call');
      expectEqual(calls, 1, 'how often it was called');
    },
  },
  {
    title: 'getOrSet() loads once for fifty concurrent callers',
    run: async ({ cache }) => {
      let calls = 0;
      const load = async () => {
        calls += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return [calls];
      };

      const answers = await Promise.all(
        Array.from({ length: 50 }, () => cache.getOrSet('key', load)),
      );

      expectEqual(calls, 1, 'how often it was called');
      for (const answer of answers) expectEqual(answer, [1], 'an answer');
    },
  },
  {
    title: 'getOrSet() stores null, and takes a stored null for a value',
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.getOrSet('value', null), null, 'getOrSet() of null');
      expectEqual(await cache.getOrSet('load', () => null), null, 'getOrSet() of a function');

      expectEqual(await cache.getOrSet('value', 'later'), null, 'the second call');
      expectEqual(await cache.getOrSet('load', () => 'later'), null, 'the second call');
    },
  },
  {
    title: 'getOrSet() gives undefined on and does not store it',
    run: async ({ cache }) => {
      expectEqual(await cache.getOrSet('key', () => undefined), undefined, 'getOrSet()');
      expectEqual(await cache.has('key'), false, 'has()');
    },
  },
  {
    title: 'getOrSet() hands the error of its function to all who wait, and stores nothing',
    run: async ({ cache }) => {
      const reason = new Error('boom');
      const load = () => Promise.reject(reason);

      const answers = await Promise.allSettled([
        cache.getOrSet('key', load),
        cache.getOrSet('key', load),
      ]);
      for (const answer of answers) {
        expectTrue(
          answer.status === 'rejected' && answer.reason === reason,
          'it is the same error',
        );
      }
      expectEqual(await cache.getOrSet('key', 'works'), 'works', 'the next call');
    },
  },
  {
    title: 'getOrSet() rejects for a function that throws at once',
    run: async ({ cache }) => {
      const call = () =>
        cache.getOrSet('key', () => {
          throw new RangeError('at once');
        });

      await expectRejection(call, { name: 'RangeError' }, 'getOrSet()');
    },
  },
  {
    title: 'getOrSet() keeps what another stored while it loaded, and gives its own value',
    needs: ['storage'],
    run: async ({ cache }) => {
      const load = async () => {
        await cache.set('key', 'theirs');
        return 'mine';
      };

      expectEqual(await cache.getOrSet('key', load), 'mine', 'getOrSet()');
      expectEqual(await cache.get('key'), 'theirs', 'get()');
    },
  },
  {
    title: 'getOrSet() gives what cannot be stored as it is',
    run: async ({ cache }) => {
      const value = { cannot: Symbol('be stored') };

      const answer = await cache.getOrSet('key', () => value);

      expectTrue(answer === value, 'the answer is what was loaded');
      expectEqual(await cache.has('key'), false, 'has()');
    },
  },
  {
    title: 'getOrSet() refuses to wait for itself',
    run: async ({ cache }) => {
      await expectRejection(
        () => cache.getOrSet('key', () => cache.getOrSet('key', 1)),
        { name: 'CacheDeadlockError', code: 'CACHE_DEADLOCK' },
        'getOrSet()',
      );
    },
  },
];
