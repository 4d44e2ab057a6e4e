import { expectEqual, expectRejection, expectTrue } from './assertions.js';
import type { CacheCase } from './cache-case.js';
import { heldLoad } from './held-load.js';

const upper = (keys: readonly string[]): Map<string, string> =>
  new Map(keys.map((key) => [key, key.toUpperCase()]));

const never = (): Promise<Record<string, never>> => new Promise(() => {});

/** `getOrSetMany()`. */
export const loadManyCases: readonly CacheCase[] = [
  {
    title: 'getOrSetMany() loads what is missing in one call, and stores it',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('b', 'stored', 100);
      const asked: string[][] = [];
      const load = (keys: string[]): Map<string, string> => {
        asked.push(keys);
        return upper(keys);
      };

      const first = await cache.getOrSetMany(['a', 'b', 'c'], load, 100);
      const second = await cache.getOrSetMany(['a', 'b', 'c'], load, 100);

      expectEqual(
        [...first],
        [
          ['a', 'A'],
          ['b', 'stored'],
          ['c', 'C'],
        ],
        'the first answer',
      );
      expectEqual(second, first, 'the second answer');
      expectEqual(asked, [['a', 'c']], 'what was asked for');
      expectEqual(await cache.get('c'), 'C', 'get()');
    },
  },
  {
    title: 'getOrSetMany() takes a Map, pairs, an object, and promises of these',
    run: async ({ cache }) => {
      const forms: Readonly<Record<string, () => unknown>> = {
        map: () => new Map([['map', 1]]),
        pairs: () => [['pairs', 1]],
        object: () => ({ object: 1 }),
        promise: () => Promise.resolve({ promise: 1 }),
      };

      for (const [key, load] of Object.entries(forms)) {
        const answer = await cache.getOrSetMany([key], load as () => Record<string, number>, 100);
        expectEqual(answer, new Map([[key, 1]]), key);
      }
      const rows = [{ id: 1 }];
      for (const bad of [undefined, null, 7, 'text', rows, ['value'], [[1, 'value']]]) {
        await expectRejection(
          () => cache.getOrSetMany(['key'], (() => bad) as never),
          { name: 'TypeError' },
          `for ${JSON.stringify(bad)}`,
        );
      }
    },
  },
  {
    title: 'getOrSetMany() leaves out and does not store what the loader leaves out',
    run: async ({ cache }) => {
      const brought = { here: 1, none: null, not: undefined, other: 9 };

      const answer = await cache.getOrSetMany(['here', 'none', 'not', 'gone'], () => brought, 100);

      expectEqual(
        [...answer],
        [
          ['here', 1],
          ['none', null],
        ],
        'the answer',
      );
      expectEqual(
        [...(await cache.getMany(['not', 'gone', 'other'])).keys()],
        [],
        'what is stored',
      );
    },
  },
  {
    title: 'getOrSetMany() of no keys loads nothing',
    run: async ({ cache }) => {
      let calls = 0;
      const load = (): object => ({ calls: (calls += 1) });

      expectEqual(await cache.getOrSetMany([], load as never), new Map(), 'the answer');
      expectEqual(calls, 0, 'how often it was called');
    },
  },
  {
    title: 'getOrSetMany() waits for what others are loading, and they for it',
    run: async ({ cache }) => {
      const one = heldLoad('of getOrSet()');
      const many = heldLoad(
        new Map([
          ['b', 'of getOrSetMany()'],
          ['c', 'too'],
        ]),
      );
      const asked: string[][] = [];
      const first = cache.getOrSet('a', one.load, 100);
      await one.begun;

      const second = cache.getOrSetMany(
        ['a', 'b', 'c'],
        (keys) => {
          asked.push(keys);
          return many.load();
        },
        100,
      );
      await many.begun;
      const third = cache.getOrSet('b', () => 'unused', 100);
      const fourth = cache.getOrSetMany(['c', 'b'], () => ({ b: 'unused', c: 'unused' }), 100);
      one.end();
      many.end();

      expectEqual(asked, [['b', 'c']], 'what was asked for');
      expectEqual(await first, 'of getOrSet()', 'getOrSet()');
      expectEqual(
        [...(await second)],
        [
          ['a', 'of getOrSet()'],
          ['b', 'of getOrSetMany()'],
          ['c', 'too'],
        ],
        'getOrSetMany()',
      );
      expectEqual(await third, 'of getOrSetMany()', 'getOrSet() of one of the keys');
      expectEqual(
        [...(await fourth)],
        [
          ['c', 'too'],
          ['b', 'of getOrSetMany()'],
        ],
        'another',
      );
    },
  },
  {
    title: 'who waited for a key that getOrSetMany() does not bring loads it for itself',
    run: async ({ cache }) => {
      const many = heldLoad({});
      const first = cache.getOrSetMany(['a', 'b'], many.load, 100);
      await many.begun;
      const second = cache.getOrSet('a', () => 'mine', 100);
      const third = cache.getOrSetMany(['b'], upper, 100);

      many.end();

      expectEqual(await first, new Map(), 'the first answer');
      expectEqual(await second, 'mine', 'getOrSet()');
      expectEqual(await third, new Map([['b', 'B']]), 'getOrSetMany()');
    },
  },
  {
    title: 'getOrSetMany() hands the error of its function to all who wait, and stores nothing',
    run: async ({ cache }) => {
      const reason = new Error('boom');
      const load = (): Promise<never> => Promise.reject(reason);

      const answers = await Promise.allSettled([
        cache.getOrSetMany(['a', 'b'], load),
        cache.getOrSet('a', () => 'unused'),
      ]);

      for (const answer of answers) {
        expectTrue(
          answer.status === 'rejected' && answer.reason === reason,
          'it is the same error',
        );
      }
      expectEqual(await cache.getOrSetMany(['a'], upper), new Map([['a', 'A']]), 'the next call');
    },
  },
  {
    title: 'getOrSetMany() refuses to wait for itself',
    run: async ({ cache }) => {
      await expectRejection(
        () => cache.getOrSetMany(['a', 'b'], async () => ({ a: await cache.getOrSet('b', 1) })),
        { code: 'CACHE_DEADLOCK' },
        'getOrSetMany()',
      );
    },
  },
  {
    title: 'what is deleted while getOrSetMany() loads it is not stored, and the rest is',
    needs: ['storage'],
    run: async ({ cache }) => {
      const { load, begun, end } = heldLoad({ a: 1, b: 2 });
      const loading = cache.getOrSetMany(['a', 'b'], load, 100);
      await begun;

      await cache.delete('a');
      end();

      expectEqual(
        await loading,
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
        'the answer',
      );
      expectEqual(await cache.getMany(['a', 'b']), new Map([['b', 2]]), 'what is stored');
    },
  },
  {
    title: 'getOrSetMany() takes tags and timeouts, also as functions of the values',
    needs: ['storage'],
    run: async ({ cache, life, expire }) => {
      await cache.getOrSetMany(['a', 'b'], upper, { timeout: 1000, tags: (value) => [value] });
      await cache.getOrSetMany(['c', 'd', 'e'], upper, {
        timeout: (value) => ({ C: life, D: 1000 })[value] ?? 0,
      });
      await cache.getOrSetMany(['f'], upper, { timeout: 1000, tags: ['F'] });

      await cache.invalidateTags('A', 'F');
      await expire();

      const left = await cache.getMany(['a', 'b', 'c', 'd', 'e', 'f']);
      expectEqual([...left.keys()], ['b', 'd'], 'what is left');
    },
  },
  {
    title: 'getOrSetMany() ends in its time, and lets a caller go',
    run: async ({ cache }) => {
      const leaving = new AbortController();
      const left = cache
        .getOrSetMany(['a', 'b'], never, { signal: leaving.signal })
        .catch((error: Error) => error.name);
      leaving.abort();

      expectEqual(await left, 'AbortError', 'who left');
      await expectRejection(
        () => cache.getOrSetMany(['a', 'c'], never, { hardTimeout: '20ms' }),
        { code: 'CACHE_LOAD_TIMEOUT' },
        'who waited',
      );
      expectEqual(await cache.getOrSetMany(['a'], upper), new Map([['a', 'A']]), 'the next call');
    },
  },
  ...(['lock', 'staleWhileRevalidate', 'staleIfError'] as const).map((name): CacheCase => ({
    title: `getOrSetMany() cannot be told "${name}"`,
    run: async ({ cache }) => {
      await expectRejection(
        () => cache.getOrSetMany(['a'], upper, { [name]: name === 'lock' ? true : 1 }),
        { name: 'TypeError' },
        'getOrSetMany()',
      );
    },
  })),
];
