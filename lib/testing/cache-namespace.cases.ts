import { expectEqual, expectRejection } from './assertions.js';
import type { CacheCase } from './cache-case.js';

/** `namespace()`. */
export const namespaceCases: readonly CacheCase[] = [
  {
    title: 'a namespace keeps values of its own',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const part = cache.namespace('part');
      await part.set('key', 'in the part', 100);
      await cache.set('key', 'in the cache', 100);

      expectEqual(await part.get('key'), 'in the part', 'get() in it');
      expectEqual(await cache.get('key'), 'in the cache', 'get() outside');
      expectEqual(await cache.namespace('other').get('key'), undefined, 'get() in another');
      expectEqual(await (await open({})).namespace('part').get('key'), 'in the part', 'elsewhere');
    },
  },
  {
    title: 'clear() of a namespace takes what is in it and nothing else',
    needs: ['storage', 'incr'],
    run: async ({ cache, open }) => {
      const part = cache.namespace('part');
      const elsewhere = (await open({})).namespace('part');
      await part.setMany({ a: 1, b: 'two' }, 100);
      await part.set('tagged', 3, { timeout: 100, tags: ['tag'] });
      await part.set('other version', 4, { timeout: 100, version: 2 });
      await part.incr('count', 1, { initial: 0 });
      await elsewhere.get('a');
      await cache.set('a', 'outside', 100);
      await cache.namespace('other').set('a', 'in another', 100);

      await part.clear();

      for (const view of [part, elsewhere, cache.namespace('part')]) {
        const found = await view.getMany(['a', 'b', 'tagged', 'count']);
        expectEqual(found, new Map(), 'getMany()');
        expectEqual(await view.get('other version', 'none', { version: 2 }), 'none', 'version 2');
      }
      expectEqual(await cache.get('a'), 'outside', 'get() outside');
      expectEqual(await cache.namespace('other').get('a'), 'in another', 'get() in another');
    },
  },
  {
    title: 'a namespace that was cleared elsewhere takes new values, which are seen there',
    needs: ['storage', 'incr'],
    run: async ({ cache, open }) => {
      const part = cache.namespace('part');
      const elsewhere = (await open({})).namespace('part');
      await part.incr('count', 5, { initial: 0 });
      await elsewhere.clear();

      expectEqual(await part.incr('count', 1, { initial: 10 }), 11, 'incr() afterwards');
      expectEqual(await part.set('key', 1, 100), true, 'set() afterwards');
      expectEqual(
        await elsewhere.getMany(['count', 'key']),
        new Map(Object.entries({ count: 11, key: 1 })),
        '',
      );

      await elsewhere.clear();
      expectEqual(await part.add('key', 2, 100), true, 'add() afterwards');
      expectEqual(await part.delete('count'), false, 'delete() afterwards');
      expectEqual(await elsewhere.get('key'), 2, 'get() elsewhere');
    },
  },
  {
    title: 'clear() of a cache takes what is in its namespaces',
    needs: ['storage'],
    run: async ({ cache }) => {
      const part = cache.namespace('part');
      await part.set('key', 1, 100);

      await cache.clear();

      expectEqual(await part.get('key'), undefined, 'get()');
      await part.set('key', 2, 100);
      expectEqual(await part.get('key'), 2, 'get() of what was stored afterwards');
    },
  },
  {
    title: 'to clear a namespace clears those in it, and not the one around it',
    needs: ['storage'],
    run: async ({ cache }) => {
      const outer = cache.namespace('outer');
      const inner = outer.namespace('inner');
      await outer.set('key', 'outer', 100);
      await inner.set('key', 'inner', 100);

      await inner.clear();
      expectEqual(await inner.get('key'), undefined, 'get() in the inner one');
      expectEqual(await outer.get('key'), 'outer', 'get() in the outer one');

      await inner.set('key', 'inner', 100);
      await outer.clear();
      expectEqual(await inner.get('key'), undefined, 'get() in the inner one');
    },
  },
  {
    title: 'names and keys are not run together',
    needs: ['storage'],
    run: async ({ cache }) => {
      const views = [
        cache.namespace('a').namespace('b'),
        cache.namespace('a:b'),
        cache.namespace('a'),
        cache.namespace('a/~1:b'),
        cache.namespace('ab'),
        cache,
      ];
      const keys = ['b:key', 'key', 'a:b:key', '~ns:a', '1:a:key'];
      for (const [index, view] of views.entries()) {
        await view.setMany(
          keys.map((key) => [key, `${index} ${key}`] as const),
          100,
        );
      }

      for (const [index, view] of views.entries()) {
        for (const key of keys)
          expectEqual(await view.get(key), `${index} ${key}`, `get() of ${key}`);
      }
    },
  },
  {
    title: 'a namespace may have any name, and keys of any length',
    needs: ['storage'],
    run: async ({ cache }) => {
      for (const name of ['a b', 'line\r\nend', 'é', '\ud800', '~', '1', 'x'.repeat(1000)]) {
        const part = cache.namespace(name);
        for (const key of ['key', 'k'.repeat(249), 'k'.repeat(5000), 'a b']) {
          await part.set(key, name, 100);
          expectEqual(await part.get(key), name, `get() in ${name}`);
        }
      }
    },
  },
  {
    title: 'tags of a namespace are its own',
    needs: ['storage'],
    run: async ({ cache }) => {
      const part = cache.namespace('part');
      await cache.set('key', 'outside', { timeout: 100, tags: ['tag'] });
      await part.set('key', 'inside', { timeout: 100, tags: ['tag'] });

      await cache.invalidateTags('tag');
      expectEqual(await part.get('key'), 'inside', 'get() in it');
      await part.invalidateTags('tag');
      expectEqual(await part.get('key'), undefined, 'get() in it, invalidated there');

      const held = await cache.holdTags(['tag']);
      await expectRejection(
        () => part.set('key', 1, { timeout: 100, tags: held }),
        { name: 'TypeError' },
        'set() with tags held outside',
      );
    },
  },
  {
    title: 'views of a namespace are in it',
    needs: ['storage'],
    run: async ({ cache }) => {
      const part = cache.namespace('part');
      await part.with({ version: 2 }).set('key', 1, 100);

      expectEqual(await part.with({ onError: 'throw', version: 2 }).get('key'), 1, 'get()');
      expectEqual(await cache.with({ version: 2 }).namespace('part').get('key'), 1, 'get()');
      expectEqual(await cache.get('key', undefined, { version: 2 }), undefined, 'get() outside');
    },
  },
  {
    title: 'what was being loaded while a namespace was cleared is not stored',
    needs: ['storage'],
    run: async ({ cache }) => {
      const part = cache.namespace('part');
      const load = async (): Promise<string> => {
        await cache.namespace('part').clear();
        return 'from before';
      };

      expectEqual(await part.getOrSet('key', load, 100), 'from before', 'getOrSet()');

      expectEqual(await part.get('key'), undefined, 'get()');
    },
  },
  {
    title: 'the name of a namespace is a non-empty text',
    run: async ({ cache }) => {
      for (const name of ['', 7, null, undefined] as unknown as string[]) {
        const call = async (): Promise<unknown> => cache.namespace(name);
        await expectRejection(call, { name: 'TypeError' }, 'namespace()');
      }
    },
  },
];
