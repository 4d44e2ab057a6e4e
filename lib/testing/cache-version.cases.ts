import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection } from './assertions.js';

const TWO = { version: 2 };
const UNSUPPORTED = { name: 'CacheUnsupportedError', code: 'CACHE_UNSUPPORTED' };
const NOT_FOUND = { name: 'CacheKeyNotFoundError', code: 'CACHE_KEY_NOT_FOUND' };

/** Versions of keys. */
export const versionCases: readonly CacheCase[] = [
  {
    title: 'keeps a version apart from the others, in every method',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', 'one');
      await cache.set('key', 'two', TWO);

      expectEqual(await cache.get('key'), 'one', 'get()');
      expectEqual(await cache.get('key', undefined, { version: 1 }), 'one', 'get() of 1');
      expectEqual(await cache.get('key', undefined, TWO), 'two', 'get() of 2');
      expectEqual(await cache.get('key', 'none', { version: 0 }), 'none', 'get() of 0');
      expectEqual(await cache.has('key', { version: 3 }), false, 'has() of 3');
      expectEqual(await cache.touch('key', { timeout: 50, version: 3 }), false, 'touch() of 3');
      expectEqual(await cache.add('key', 'x', TWO), false, 'add() of 2');
      expectEqual(await cache.add('key', 'three', { version: 3 }), true, 'add() of 3');
      expectEqual(await cache.delete('key', TWO), true, 'delete() of 2');
      expectEqual(await cache.delete('key', TWO), false, 'the second delete() of 2');
      expectEqual(await cache.pull('key', { version: 3 }), 'three', 'pull() of 3');
      expectEqual(await cache.get('key'), 'one', 'get() in the end');
    },
  },
  {
    title: 'keeps a version apart in the methods over several keys, and in getOrSet()',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.setMany({ a: 1, b: 2 });
      await cache.setMany({ a: 10 }, TWO);

      expectEqual(await cache.getMany(['a', 'b'], TWO), new Map([['a', 10]]), 'getMany() of 2');
      expectEqual(await cache.getOrSet('b', 20, TWO), 20, 'getOrSet() of 2');
      expectEqual(await cache.deleteMany(['a', 'b'], TWO), 2, 'deleteMany() of 2');
      expectEqual([...(await cache.getMany(['a', 'b'])).values()], [1, 2], 'what is left');
    },
  },
  {
    title: 'keeps a version apart in counters',
    needs: ['storage', 'incr'],
    run: async ({ cache }) => {
      await cache.set('n', 1);
      await cache.set('n', 10, TWO);

      expectEqual(await cache.incr('n', 1, TWO), 11, 'incr() of 2');
      expectEqual(await cache.decr('n', 5, TWO), 6, 'decr() of 2');
      expectEqual(await cache.get('n'), 1, 'get()');
      await expectRejection(() => cache.incr('n', 1, { version: 3 }), NOT_FOUND, 'incr() of 3');
    },
  },
  {
    title: 'takes the version of the configuration, and with() for a view of another',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const second = await open(TWO);
      await cache.set('key', 'one');
      await second.set('key', 'two');

      expectEqual(await second.get('key'), 'two', 'get() of the second');
      expectEqual(await second.get('key', undefined, { version: 1 }), 'one', 'get() of 1');
      expectEqual(await cache.with(TWO).get('key'), 'two', 'get() of a view');
      expectEqual(await cache.with(TWO).delete('key'), true, 'delete() of a view');
      expectEqual(await second.get('key'), undefined, 'get() after it');
    },
  },
  {
    title: 'incrVersion() and decrVersion() move a value and answer its version',
    needs: ['storage', 'ttl'],
    run: async ({ cache }) => {
      await cache.set('key', { a: 42 });

      expectEqual(await cache.incrVersion('key'), 2, 'incrVersion()');
      expectEqual(await cache.get('key'), undefined, 'get()');
      expectEqual(await cache.get('key', undefined, TWO), { a: 42 }, 'get() of 2');
      expectEqual(await cache.incrVersion('key', 5, TWO), 7, 'incrVersion() by 5');
      expectEqual(await cache.decrVersion('key', 6, { version: 7 }), 1, 'decrVersion() by 6');
      expectEqual(await cache.get('key'), { a: 42 }, 'get() in the end');
    },
  },
  {
    title: 'incrVersion() needs a timeout where the backend cannot tell a ttl',
    needs: ['storage'],
    lacks: 'ttl',
    run: async ({ cache }) => {
      await cache.set('key', { a: 42 });

      await expectRejection(() => cache.incrVersion('key'), UNSUPPORTED, 'incrVersion()');
      await expectRejection(() => cache.ttl('key'), UNSUPPORTED, 'ttl()');
      expectEqual(await cache.get('key'), { a: 42 }, 'get()');
      expectEqual(await cache.incrVersion('key', 1, { timeout: 100 }), 2, 'with a timeout');
      expectEqual(await cache.get('key'), undefined, 'get() afterwards');
      expectEqual(await cache.get('key', undefined, TWO), { a: 42 }, 'get() of 2');
    },
  },
  {
    title: 'incrVersion() moves null, and replaces what is there',
    needs: ['storage', 'ttl'],
    run: async ({ cache }) => {
      await cache.set('key', null);
      await cache.set('key', 'in the way', TWO);

      expectEqual(await cache.incrVersion('key'), 2, 'incrVersion()');
      expectEqual(await cache.get('key', 'default', TWO), null, 'get() of 2');
    },
  },
  {
    title: 'incrVersion() by 0 keeps the value',
    needs: ['storage', 'ttl'],
    run: async ({ cache }) => {
      await cache.set('key', 'v');

      expectEqual(await cache.incrVersion('key', 0), 1, 'incrVersion()');
      expectEqual(await cache.get('key'), 'v', 'get()');
    },
  },
  {
    title: 'incrVersion() keeps the timeout that is left',
    needs: ['storage', 'ttl'],
    exactTime: true,
    run: async ({ cache, advance }) => {
      await cache.set('timed', 'v', 100);
      await cache.set('endless', 'v', null);
      await advance(40);

      await cache.incrVersion('timed');
      await cache.incrVersion('endless');

      expectEqual(await cache.ttl('timed', TWO), 60, 'ttl() of timed');
      expectEqual(await cache.ttl('endless', TWO), null, 'ttl() of endless');
    },
  },
  {
    title: 'incrVersion() refuses what is not there, and versions below 0',
    needs: ['ttl'],
    run: async ({ cache }) => {
      await cache.set('key', 'v');

      await expectRejection(() => cache.incrVersion('missing'), NOT_FOUND, 'incrVersion()');
      await expectRejection(() => cache.decrVersion('missing'), NOT_FOUND, 'decrVersion()');
      await expectRejection(
        () => cache.decrVersion('key', 2),
        { name: 'RangeError' },
        'decrVersion() below 0',
      );
    },
  },
  {
    title: 'refuses a version that is no whole number of at least 0',
    run: async ({ cache }) => {
      for (const version of [-1, 1.5, Number.NaN, Infinity, 'beta', '1']) {
        const wrong = { version: version as number };
        const refusal = { name: 'TypeError' };
        await expectRejection(() => cache.get('k', undefined, wrong), refusal, 'get()');
        await expectRejection(() => cache.set('k', 1, wrong), refusal, 'set()');
        await expectRejection(() => cache.deleteMany(['k'], wrong), refusal, 'deleteMany()');
      }
    },
  },
];
