import type { CacheService } from '../core/cache.service.js';
import { expectEqual } from './assertions.js';
import type { CacheCase } from './cache-case.js';
import { heldLoad } from './held-load.js';

const REMOVALS: Readonly<Record<string, (cache: CacheService) => Promise<unknown>>> = {
  'delete()': (cache) => cache.delete('key'),
  'deleteMany()': (cache) => cache.deleteMany(['other', 'key']),
  'touch() with 0': (cache) => cache.touch('key', 0),
  'set() with 0': (cache) => cache.set('key', 'x', 0),
  'setMany() with 0': (cache) => cache.setMany({ key: 'x' }, 0),
  'pull()': (cache) => cache.pull('key'),
  'clear()': (cache) => cache.clear(),
  'delete() by a view': (cache) => cache.with({ onError: 'throw' }).delete('key'),
};

/** A load that runs while its entry is removed or replaced. */
export const fenceCases: readonly CacheCase[] = [
  ...Object.entries(REMOVALS).map(([name, remove]): CacheCase => ({
    title: `what was being loaded during ${name} is given to those who waited, and not stored`,
    needs: ['storage'],
    run: async ({ cache }) => {
      const { load, begun, end } = heldLoad('old');
      const first = cache.getOrSet('key', load, 100);
      await begun;
      const second = cache.getOrSet('key', 'unused', 100);

      await remove(cache);
      end();

      expectEqual(await first, 'old', 'getOrSet()');
      expectEqual(await second, 'old', 'getOrSet() of one who waited');
      expectEqual(await cache.get('key'), undefined, 'get()');
    },
  })),
  {
    title: 'who asks after a delete() does not wait for a load from before, but begins another',
    needs: ['storage'],
    run: async ({ cache }) => {
      const old = heldLoad('old');
      const first = cache.getOrSet('key', old.load, 100);
      await old.begun;

      await cache.delete('key');

      expectEqual(await cache.getOrSet('key', () => 'new', 100), 'new', 'getOrSet() afterwards');
      old.end();
      expectEqual(await first, 'old', 'getOrSet() from before');
      expectEqual(await cache.get('key'), 'new', 'get()');
    },
  },
  {
    title: 'a delete() leaves the loads of other keys alone',
    needs: ['storage'],
    run: async ({ cache }) => {
      const { load, begun, end } = heldLoad('value');
      const loading = cache.getOrSet('key', load, 100);
      await begun;

      await cache.delete('other');
      await cache.delete('key', { version: 2 });
      end();
      await loading;

      expectEqual(await cache.get('key'), 'value', 'get()');
    },
  },
  {
    title: 'set() during a load wins, whichever of them is faster',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', 'first', { timeout: 100, tags: ['tag'] });
      await cache.invalidateTags('tag');
      const { load, begun, end } = heldLoad('loaded');
      const loading = cache.getOrSet('key', load, 100);
      await begun;

      await cache.set('key', 'set', 100);
      end();
      await loading;

      expectEqual(await cache.get('key'), 'set', 'get()');
    },
  },
  {
    title: 'a counter that is begun during a load of several keys wins',
    needs: ['storage', 'incr'],
    run: async ({ cache }) => {
      const { load, begun, end } = heldLoad({ key: 5, other: 7 });
      const loading = cache.getOrSetMany(['key', 'other'], load, 100);
      await begun;

      expectEqual(await cache.incr('key', 1, { initial: 5, timeout: 100 }), 6, 'incr()');
      end();
      await loading;

      expectEqual(await cache.get('key'), 6, 'get()');
      expectEqual(await cache.get('other'), 7, 'get() of the other');
    },
  },
  {
    title: 'add() during a load of what was invalidated wins',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', 'first', { timeout: 100, tags: ['tag'] });
      await cache.invalidateTags('tag');
      const { load, begun, end } = heldLoad('loaded');
      const loading = cache.getOrSet('key', load, 100);
      await begun;

      expectEqual(await cache.add('key', 'added', 100), true, 'add()');
      end();
      await loading;

      expectEqual(await cache.get('key'), 'added', 'get()');
    },
  },
  ...[
    { name: 'tags that are known before', tags: ['tag'] },
    { name: 'tags of the loaded value', tags: () => ['tag'] },
  ].map(({ name, tags }): CacheCase => ({
    title: `who asks after invalidateTags() begins another load, with ${name}`,
    needs: ['storage'],
    run: async ({ cache, advance }) => {
      const options = { timeout: 100, tags };
      const old = heldLoad('old');
      const first = cache.getOrSet('key', old.load, options);
      await old.begun;

      await cache.invalidateTags('tag');

      expectEqual(await cache.getOrSet('key', () => 'new', options), 'new', 'afterwards');
      old.end();
      expectEqual(await first, 'old', 'getOrSet() from before');
      await advance(1);
      expectEqual(await cache.get('key'), 'new', 'get()');
    },
  })),
];
