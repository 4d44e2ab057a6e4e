import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection, expectTrue } from './assertions.js';
import { HOSTILE_KEYS } from './hostile-keys.js';

const TYPE_ERROR = { name: 'TypeError' };
const INVALID = { name: 'InvalidCacheKeyError', code: 'CACHE_INVALID_KEY' };

/** Keys of any kind, prefixes and key functions. */
export const keyCases: readonly CacheCase[] = [
  ...Object.entries(HOSTILE_KEYS).map<CacheCase>(([what, key]) => ({
    title: `takes a key with ${what} in every method`,
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.add(key, 1), true, 'add()');
      expectEqual(await cache.set(key, 2), true, 'set()');
      expectEqual(await cache.get(key), 2, 'get()');
      expectEqual(await cache.has(key), true, 'has()');
      expectEqual(await cache.touch(key, 100), true, 'touch()');
      expectEqual(await cache.getMany([key, 'other']), new Map([[key, 2]]), 'getMany()');
      expectEqual(await cache.setMany(new Map([[key, 3]])), [], 'setMany()');
      expectEqual(await cache.getOrSet(key, 4), 3, 'getOrSet()');
      expectEqual(await cache.deleteMany([key]), 1, 'deleteMany()');
      expectEqual(await cache.delete(key), false, 'delete()');
    },
  })),
  {
    title: 'counts under any key',
    needs: ['storage', 'incr'],
    run: async ({ cache }) => {
      for (const key of Object.values(HOSTILE_KEYS)) {
        await cache.set(key, 1);

        expectEqual(await cache.incr(key), 2, `incr() of ${JSON.stringify(key)}`);
      }
    },
  },
  {
    title: 'keeps all keys apart',
    needs: ['storage'],
    run: async ({ cache }) => {
      const entries = new Map(Object.values(HOSTILE_KEYS).map((key, index) => [key, index]));
      entries.set('a\ud800', 1000).set('a\udbff', 1001).set('a\ufffd', 1002);
      entries.set(cache.makeKey('x'.repeat(300)), 1003);

      await cache.setMany(entries);

      expectEqual(await cache.getMany(entries.keys()), entries, 'getMany()');
    },
  },
  {
    title: 'refuses a key that is no text, or empty, before anything is sent',
    run: async ({ cache }) => {
      for (const key of ['', 42, null, undefined, true, {}, ['a'], Symbol('k')] as unknown[]) {
        const wrong = key as string;
        const calls: Record<string, () => Promise<unknown>> = {
          get: () => cache.get(wrong),
          set: () => cache.set(wrong, 1),
          add: () => cache.add(wrong, 1),
          touch: () => cache.touch(wrong),
          delete: () => cache.delete(wrong),
          has: () => cache.has(wrong),
          getMany: () => cache.getMany(['a', wrong]),
          setMany: () =>
            cache.setMany([
              ['a', 1],
              [wrong, 2],
            ] as const),
          deleteMany: () => cache.deleteMany(['a', wrong]),
          getOrSet: () => cache.getOrSet(wrong, 1),
          incr: () => cache.incr(wrong),
          decr: () => cache.decr(wrong),
          incrVersion: () => cache.incrVersion(wrong),
          decrVersion: () => cache.decrVersion(wrong),
          pull: () => cache.pull(wrong),
        };
        for (const [name, call] of Object.entries(calls)) {
          await expectRejection(call, TYPE_ERROR, `${name}() of a ${typeof key}`);
        }
      }
      expectEqual(await cache.has('a'), false, 'has() of what stood beside the wrong key');
    },
  },
  {
    title:
      "refuses keys beyond memcached's limits, if it is told to throw, before anything is sent",
    run: async ({ open }) => {
      const cache = await open({ invalidKeys: 'throw' });

      for (const key of [
        'key with spaces and 清',
        'a\nb',
        'a\0b',
        'x'.repeat(250),
        'é'.repeat(130),
      ]) {
        const calls: Record<string, () => Promise<unknown>> = {
          add: () => cache.add(key, 1),
          get: () => cache.get(key),
          set: () => cache.set(key, 1),
          incr: () => cache.incr(key),
          decr: () => cache.decr(key),
          touch: () => cache.touch(key),
          delete: () => cache.delete(key),
          getMany: () => cache.getMany([key, 'fine']),
          setMany: () => cache.setMany({ [key]: 1, fine: 2 }),
          deleteMany: () => cache.deleteMany([key, 'fine']),
        };
        for (const [name, call] of Object.entries(calls)) {
          await expectRejection(call, INVALID, `${name}() of ${JSON.stringify(key)}`);
        }
      }
      expectEqual(await cache.has('fine'), false, 'has() of what stood beside the wrong key');
    },
  },
  {
    title: 'keeps caches with different prefixes apart',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({ keyPrefix: 'other' });
      await cache.set('key', 'mine');

      expectEqual(await other.has('key'), false, 'has() of the other');
      await other.set('key', 'theirs');
      expectEqual(await cache.get('key'), 'mine', 'get()');
      expectEqual(await other.get('key'), 'theirs', 'get() of the other');
    },
  },
  {
    title: 'keeps a prefix that looks like a part of a key apart',
    needs: ['storage'],
    run: async ({ open }) => {
      const short = await open({ keyPrefix: 'a' });
      const long = await open({ keyPrefix: 'a-1' });
      await short.set('2:k', 'short');

      expectEqual(await long.get('k', undefined, { version: 2 }), undefined, 'get()');
    },
  },
  {
    title: 'keeps caches with different key functions apart',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const custom = await open({
        keyFunction: (key, keyPrefix, version) => `CUSTOM-${keyPrefix}-${version}-${key}`,
      });
      await cache.set('answer', 42);

      expectEqual(await custom.get('answer'), undefined, 'get() of the custom one');
      await custom.set('answer', 43);
      expectEqual(await cache.get('answer'), 42, 'get()');
      expectEqual(await custom.get('answer'), 43, 'get() of the custom one');
      expectTrue(custom.makeKey('answer').startsWith('CUSTOM-'), 'the key is of its making');
    },
  },
  {
    title: 'refuses the key where the key function fails, and sends nothing',
    run: async ({ open }) => {
      const failing = await open({
        keyFunction: () => {
          throw new Error('no key today');
        },
      });
      const empty = await open({ keyFunction: () => '' });

      await expectRejection(() => failing.get('key'), INVALID, 'get() with one that throws');
      await expectRejection(
        () => empty.set('key', 1),
        INVALID,
        'set() with one that gives nothing',
      );
    },
  },
];
