import type { CacheCase } from './cache-case.js';
import { expectEqual } from './assertions.js';

/** Several keys at once. */
export const manyCases: readonly CacheCase[] = [
  {
    title: 'getMany() answers a map of what is there, under the keys of the caller, in their order',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.setMany({ a: 'a', b: 2, c: null, d: [4] });

      const found = await cache.getMany(['d', 'missing', 'a', 'c']);

      const expected = new Map<string, unknown>([
        ['d', [4]],
        ['a', 'a'],
        ['c', null],
      ]);
      expectEqual(found, expected, 'getMany()');
    },
  },
  {
    title: 'getMany() takes any iterable, and a key given twice once',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.setMany({ a: 1, b: 2 });

      const fromSet = await cache.getMany(new Set(['b', 'a']));
      const fromIterator = await cache.getMany(['a', 'b', 'a'].values());

      expectEqual([...fromSet.keys()], ['b', 'a'], 'the keys from a set');
      expectEqual([...fromIterator.keys()], ['a', 'b'], 'the keys from an iterator');
    },
  },
  {
    title: 'getMany() of nothing, or of nothing that is there, is an empty map',
    run: async ({ cache }) => {
      expectEqual(await cache.getMany([]), new Map(), 'getMany() of nothing');
      expectEqual(await cache.getMany(['x', 'y']), new Map(), 'getMany() of what is missing');
    },
  },
  {
    title: 'getMany() leaves out what has expired',
    needs: ['storage'],
    run: async ({ cache, life, expire }) => {
      await cache.set('short', 1, life);
      await cache.set('long', 2, 100);
      await expire();

      expectEqual(await cache.getMany(['short', 'long']), new Map([['long', 2]]), 'getMany()');
    },
  },
  {
    title: 'setMany() takes an object, a map or pairs, and names no failure',
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.setMany({ a: 1, b: 2 }), [], 'setMany() of an object');
      expectEqual(await cache.setMany(new Map([['c', 3]])), [], 'setMany() of a map');
      expectEqual(await cache.setMany([['d', 4]] as const), [], 'setMany() of pairs');

      expectEqual(
        [...(await cache.getMany(['a', 'b', 'c', 'd'])).values()],
        [1, 2, 3, 4],
        'the values',
      );
    },
  },
  {
    title: 'setMany() of nothing names no failure',
    run: async ({ cache }) => {
      expectEqual(await cache.setMany({}), [], 'setMany()');
      expectEqual(await cache.setMany(new Map(), 0), [], 'setMany() with a timeout of 0');
    },
  },
  {
    title: 'deleteMany() removes the named ones and counts what was there',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.setMany({ a: 1, b: 2, c: 3 });

      expectEqual(await cache.deleteMany(['a', 'missing', 'b', 'a']), 2, 'deleteMany()');
      expectEqual(await cache.getMany(['a', 'b', 'c']), new Map([['c', 3]]), 'what is left');
    },
  },
  {
    title: 'deleteMany() of nothing is 0',
    run: async ({ cache }) => {
      expectEqual(await cache.deleteMany([]), 0, 'deleteMany()');
    },
  },
  {
    title: 'takes hundreds of keys at once',
    needs: ['storage'],
    run: async ({ cache }) => {
      const entries = new Map(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));

      expectEqual(await cache.setMany(entries), [], 'setMany()');
      expectEqual(await cache.getMany(entries.keys()), entries, 'getMany()');
      expectEqual(await cache.deleteMany(entries.keys()), 300, 'deleteMany()');
      expectEqual((await cache.getMany(entries.keys())).size, 0, 'how many are left');
    },
  },
];
