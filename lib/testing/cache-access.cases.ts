import type { CacheCase } from './cache-case.js';
import { expectEqual } from './assertions.js';

/** One key at a time. */
export const accessCases: readonly CacheCase[] = [
  {
    title: 'gives back what was set, and true for having stored it',
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.set('key', 'value'), true, 'set()');
      expectEqual(await cache.get('key'), 'value', 'get()');
    },
  },
  {
    title: 'answers undefined, or the default, for what is not there',
    run: async ({ cache }) => {
      expectEqual(await cache.get('missing'), undefined, 'get()');
      expectEqual(await cache.get('missing', 'bang!'), 'bang!', 'get() with a default');
      expectEqual(await cache.get('missing', null), null, 'get() with null for a default');
    },
  },
  {
    title: 'takes null for a value: the default is not used, and has() is true',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', null);

      expectEqual(await cache.get('key', 'default'), null, 'get()');
      expectEqual(await cache.has('key'), true, 'has()');
      expectEqual(await cache.add('key', 'other'), false, 'add()');
    },
  },
  {
    title: 'set() replaces a value by one of another type',
    needs: ['storage'],
    run: async ({ cache }) => {
      for (const value of ['text', 7, { a: 1 }, Buffer.from([1]), null, 'text']) {
        await cache.set('key', value);

        expectEqual(await cache.get('key'), value, 'get()');
      }
    },
  },
  {
    title: 'add() stores only where there is nothing',
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.add('key', 'value'), true, 'the first add()');
      expectEqual(await cache.add('key', 'newvalue'), false, 'the second add()');
      expectEqual(await cache.get('key'), 'value', 'get()');
    },
  },
  {
    title: 'of fifty concurrent add() calls one wins',
    needs: ['storage'],
    run: async ({ cache }) => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => cache.add('lock', index)),
      );

      expectEqual(answers.filter(Boolean).length, 1, 'how many won');
      expectEqual(await cache.get('lock'), answers.indexOf(true), 'get()');
    },
  },
  {
    title: 'delete() removes one key and says whether it was there',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('a', 1);
      await cache.set('b', 2);

      expectEqual(await cache.delete('a'), true, 'delete()');
      expectEqual(await cache.delete('a'), false, 'the second delete()');
      expectEqual(await cache.get('a'), undefined, 'get() of a');
      expectEqual(await cache.get('b'), 2, 'get() of b');
    },
  },
  {
    title: 'has() tells what is there',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('timed', 'v');
      await cache.set('endless', 'v', null);
      await cache.set('empty', '');

      expectEqual(await cache.has('timed'), true, 'has() of timed');
      expectEqual(await cache.has('endless'), true, 'has() of endless');
      expectEqual(await cache.has('empty'), true, 'has() of empty');
      expectEqual(await cache.has('missing'), false, 'has() of missing');
    },
  },
  {
    title: 'touch() says whether there was something, and keeps the value',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', { a: 1 });

      expectEqual(await cache.touch('key', 100), true, 'touch()');
      expectEqual(await cache.get('key'), { a: 1 }, 'get()');
      expectEqual(await cache.touch('missing', 100), false, 'touch() of what is not there');
      expectEqual(await cache.get('missing'), undefined, 'get() of what is not there');
    },
  },
  {
    title: 'pull() gives the value once',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('code', { tries: 3 });

      expectEqual(await cache.pull('code'), { tries: 3 }, 'the first pull()');
      expectEqual(await cache.pull('code'), undefined, 'the second pull()');
      expectEqual(await cache.get('code'), undefined, 'get()');
    },
  },
  {
    title: 'of twenty concurrent pull() calls one gets the value',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('code', 4711);

      const answers = await Promise.all(Array.from({ length: 20 }, () => cache.pull('code')));

      expectEqual(
        answers.filter((answer) => answer !== undefined),
        [4711],
        'who got something',
      );
    },
  },
  {
    title: 'clear() removes everything of this cache, all versions',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('a', 1, null);
      await cache.set('b', 2, { version: 2 });

      await cache.clear();

      expectEqual(await cache.get('a'), undefined, 'get() of a');
      expectEqual(await cache.get('b', undefined, { version: 2 }), undefined, 'get() of b');
      expectEqual(await cache.add('a', 3), true, 'add() afterwards');
      expectEqual(await cache.get('a'), 3, 'get() afterwards');
    },
  },
  {
    title: 'clear() leaves the caches with another keyPrefix alone',
    needs: ['storage'],
    run: async ({ open }) => {
      const one = await open({ keyPrefix: 'one' });
      const two = await open({ keyPrefix: 'two' });
      await one.set('key', 1);
      await two.set('key', 2);

      await one.clear();

      expectEqual(await one.get('key'), undefined, 'get() of the cleared one');
      expectEqual(await two.get('key'), 2, 'get() of the other');
    },
  },
];
