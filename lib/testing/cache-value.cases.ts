import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection } from './assertions.js';
import { valueSamples } from './value-samples.js';

// Stands first, because the cases below are made of it.
class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}

  sum(): number {
    return this.x + this.y;
  }
}

/** What goes in comes out equal, or is refused. */
export const valueCases: readonly CacheCase[] = [
  ...Object.keys(valueSamples()).map<CacheCase>((what) => ({
    title: `keeps a value equal: ${what}`,
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('set', valueSamples()[what]);
      await cache.add('add', valueSamples()[what]);

      expectEqual(await cache.get('set'), valueSamples()[what], 'what set() stored');
      expectEqual(await cache.get('add'), valueSamples()[what], 'what add() stored');
    },
  })),
  {
    title: 'keeps values of every kind equal through setMany() and getMany()',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.setMany(valueSamples());

      const found = await cache.getMany(Object.keys(valueSamples()));

      expectEqual(found, new Map(Object.entries(valueSamples())), 'getMany()');
    },
  },
  {
    title: 'gives the same value on the first and on the later calls of getOrSet()',
    needs: ['storage'],
    run: async ({ cache }) => {
      for (const [what, value] of Object.entries(valueSamples())) {
        expectEqual(await cache.getOrSet(what, () => value), value, `the first call: ${what}`);
        expectEqual(await cache.getOrSet(what, 'another'), value, `the second call: ${what}`);
      }
    },
  },
  {
    title: 'leaves out a property that is undefined, as JSON does',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', { a: 1, b: undefined });

      expectEqual(await cache.get('key'), { a: 1 }, 'get()');
    },
  },
  {
    title: 'refuses undefined with a TypeError',
    run: async ({ cache }) => {
      await expectRejection(() => cache.set('key', undefined), { name: 'TypeError' }, 'set()');
      await expectRejection(() => cache.add('key', undefined), { name: 'TypeError' }, 'add()');
      await expectRejection(
        () => cache.setMany({ key: undefined }),
        { name: 'TypeError' },
        'setMany()',
      );
    },
  },
  ...Object.entries(refusedValues()).map<CacheCase>(([what, value]) => ({
    title: `refuses what it could not give back, and nothing changes: ${what}`,
    needs: ['storage'],
    run: async ({ cache }) => {
      const refusal = { name: 'CacheSerializationError' };
      await cache.set('key', 'old');

      await expectRejection(() => cache.set('key', value), refusal, 'set()');
      await expectRejection(() => cache.add('free', value), refusal, 'add()');
      await expectRejection(() => cache.setMany({ other: 1, key: value }), refusal, 'setMany()');

      expectEqual(await cache.get('key'), 'old', 'get() of key');
      expectEqual(await cache.get('free'), undefined, 'get() of free');
      expectEqual(await cache.get('other'), undefined, 'get() of other');
    },
  })),
  {
    title: 'stores instances of a class where the class is named, and gives instances back',
    needs: ['storage'],
    run: async ({ cache }) => {
      const options = { type: Point };
      await cache.set('one', new Point(1, 2), options);
      await cache.set('list', [new Point(3, 4)], options);

      const one = await cache.get<Point>('one', undefined, options);
      const list = await cache.get<Point[]>('list', undefined, options);

      expectEqual(one?.sum(), 3, 'the sum of the one');
      expectEqual(list?.[0]?.sum(), 7, 'the sum of the first in the list');
      expectEqual(await cache.get('one'), { x: 1, y: 2 }, 'get() without the class');
    },
  },
];

function refusedValues(): Record<string, unknown> {
  const circular: Record<string, unknown> = { a: [] };
  (circular['a'] as unknown[]).push(circular);
  return {
    'a function': () => 1,
    'a function inside': { a: [() => 1] },
    'a symbol': Symbol('s'),
    'a symbol inside': { a: Symbol('s') },
    'an instance of a class': new Point(1, 2),
    'an instance of a class inside': { points: [new Point(1, 2)] },
    'a circle': circular,
    'a promise': Promise.resolve(1),
    'a weak map': new WeakMap(),
  };
}
