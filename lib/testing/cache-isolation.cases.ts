import type { CacheCase } from './cache-case.js';
import { expectEqual } from './assertions.js';

interface Basket {
  items: unknown[];
  owner: { name: string };
  since: Date;
  tags: Map<string, string>;
}

/** What callers do to their values never changes the cache. Under `isolation: 'freeze'` some of it throws, which is as good. */
export const isolationCases: readonly CacheCase[] = [
  {
    title: 'is not changed by what a caller does to a value it gave',
    needs: ['storage'],
    run: async ({ cache }) => {
      const given = basket();
      await cache.set('set', given);
      await cache.add('add', given);
      await cache.setMany({ many: given });
      await cache.getOrSet('load', () => given);

      spoil(given);

      for (const key of ['set', 'add', 'many', 'load']) {
        expectEqual(await cache.get(key), basket(), `get() of ${key}`);
      }
    },
  },
  {
    title: 'is not changed by what a caller does to a value it got',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', basket());

      spoil(await cache.get<Basket>('key'));
      spoil((await cache.getMany<Basket>(['key'])).get('key'));
      spoil(await cache.getOrSet('key', basket));

      expectEqual(await cache.get('key'), basket(), 'get()');
    },
  },
  {
    title: 'is not changed by what a caller does to bytes it gave or got',
    needs: ['storage'],
    run: async ({ cache }) => {
      const given = Buffer.from([1, 2, 3]);
      await cache.set('key', given);
      given.fill(0);
      (await cache.get<Buffer>('key'))?.fill(9);

      expectEqual(await cache.get('key'), Buffer.from([1, 2, 3]), 'get()');
    },
  },
  {
    title: 'gives everybody who waited for one load a value of its own',
    run: async ({ cache }) => {
      const [first, ...others] = await Promise.all(
        Array.from({ length: 5 }, () => cache.getOrSet('key', basket)),
      );

      spoil(first);

      for (const other of others) expectEqual(other, basket(), 'what another got');
    },
  },
  {
    title: 'gives the loader its own value too, once it is stored',
    needs: ['storage'],
    run: async ({ cache }) => {
      const loaded = basket();
      const got = await cache.getOrSet('key', () => loaded);

      spoil(loaded);

      expectEqual(got, basket(), 'what getOrSet() answered');
    },
  },
];

function basket(): Basket {
  return {
    items: [1, { sku: 'a' }],
    owner: { name: 'zhiliao' },
    since: new Date(0),
    tags: new Map([['a', 'b']]),
  };
}

function spoil(value: Basket | undefined): void {
  const deeds = [
    () => value?.items.push('more'),
    () => ((value!.items[1] as { sku: string }).sku = 'changed'),
    () => (value!.owner.name = 'changed'),
    () => value?.since.setTime(1),
    () => value?.tags.set('a', 'changed'),
  ];
  for (const deed of deeds) {
    try {
      deed();
    } catch {
      // A frozen value refuses to be changed.
    }
  }
}
