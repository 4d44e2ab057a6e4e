import type { CacheService } from '../core/cache.service.js';
import type { CacheLock, LockTimeout } from '../core/lock.js';
import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection, expectTrue } from './assertions.js';

/** `lock()` and `withLock()`. */
export const lockCases: readonly CacheCase[] = [
  {
    title: 'lock() is had by one, and by the next once it is released',
    needs: ['storage', 'lock'],
    run: async ({ cache, open }) => {
      const other = await open({});
      const lock = await cache.lock('key', 100);

      expectEqual(lock?.key, 'key', 'the key of the lock');
      expectEqual(await cache.lock('key', 100), undefined, 'lock() of another caller');
      expectEqual(await other.lock('key', 100), undefined, 'lock() on another cache');
      expectEqual(await lock!.release(), true, 'release()');
      expectEqual(await lock!.release(), false, 'a second release()');
      const next = await other.lock('key', '100s');
      expectEqual(await lock!.extend(100), false, 'extend() of the first');
      expectEqual(await next?.release(), true, 'release() of the next');
    },
  },
  {
    title: 'lock() leaves values alone, and values leave locks alone',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      await cache.set('key', 'value');
      const lock = await cache.lock('key', 100);

      expectEqual(await cache.get('key'), 'value', 'get()');
      await cache.set('key', 'other');
      await cache.delete('key');
      await cache.clear();

      expectEqual(await cache.lock('key', 100), undefined, 'lock() of another');
      expectEqual(await lock?.extend('2m'), true, 'extend()');
      expectEqual(await lock?.release(), true, 'release()');
    },
  },
  {
    title: 'lock() ends with its time',
    needs: ['storage', 'lock'],
    run: async ({ cache, life, expire, advance }) => {
      const lock = await cache.lock('key', life);
      const extended = await cache.lock('extended', life);
      await extended!.extend(100);

      await expire();
      // Where whole seconds are counted it may last a little longer.
      await advance(1);

      const next = await cache.lock('key', 100);
      expectEqual(await lock!.release(), false, 'release() of the first');
      expectEqual(await next?.release(), true, 'release() of the next');
      expectEqual(await extended!.release(), true, 'release() of the one that was extended');
    },
  },
  {
    title: 'lock() tells versions apart',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      const first = await cache.lock('key', 100);
      const second = await cache.lock('key', 100, { version: 2 });

      expectTrue(second !== undefined, 'the lock of another version is had');
      expectEqual(await cache.with({ version: 2 }).lock('key', 100), undefined, 'lock() in a view');
      expectEqual(await first!.release(), true, 'release() of the first');
      expectEqual(await second!.release(), true, 'release() of the second');
    },
  },
  {
    title: 'lock() in a namespace is another lock, which clear() does not end either',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      const space = cache.namespace('space');
      const lock = await cache.lock('key', 100);
      const inner = await space.lock('key', 100);

      await space.set('value', 1);
      await space.clear();

      expectEqual(await space.lock('key', 100), undefined, 'lock() of another in it');
      expectTrue((await cache.namespace('other').lock('key', 100)) !== undefined, 'elsewhere');
      expectEqual(await inner?.release(), true, 'release() of the one in it');
      expectEqual(await lock!.release(), true, 'release() of the one outside');
    },
  },
  {
    title: 'lock() waits for as long as it is told to',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      const lock = await cache.lock('key', 100);

      expectEqual(await cache.lock('key', 100, { wait: 0.03 }), undefined, 'lock() in vain');
      expectEqual(await cache.lock('key', 100, { wait: '30ms' }), undefined, 'lock() in vain');
      const waiting = cache.lock('key', 100, { wait: 60 });
      await lock!.release();

      expectEqual(await (await waiting)?.release(), true, 'release() of the one that waited');
    },
  },
  {
    title: 'lock() stops waiting when its signal is aborted, and has no lock then',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      const lock = await cache.lock('key', 100);
      const aborter = new AbortController();
      const { signal } = aborter;
      const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' });

      const waiting = cache.lock('key', 100, { wait: 60, signal });
      aborter.abort(reason);

      await expectRejection(() => waiting, { code: 'ENOUGH' }, 'the one that waits');
      await lock!.release();
      await expectRejection(
        () => cache.lock('key', 100, { signal }),
        { code: 'ENOUGH' },
        'lock() with a signal that is aborted already',
      );
      expectEqual(await (await cache.lock('key', 100))?.release(), true, 'it is free');
    },
  },
  {
    title: 'lock() refuses a time that is none, and what cannot end',
    needs: ['lock'],
    run: async ({ cache }) => {
      for (const bad of [null, 0, -1, '0s', Number.NaN, 'soon', undefined]) {
        const timeout = bad as LockTimeout;
        await expectRejection(
          () => cache.lock('key', timeout),
          { name: 'TypeError' },
          `lock() for ${String(bad)}`,
        );
      }
      await expectRejection(
        () => cache.lock('key', 100, { wait: null as unknown as number }),
        { name: 'TypeError' },
        'lock() that waits for ever',
      );
      await expectRejection(() => cache.lock('', 100), { name: 'TypeError' }, 'lock() of no key');
    },
  },
  {
    title: 'withLock() gives what the work gives, and the lock back',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      let held: CacheLock | undefined;

      const answer = await cache.withLock('key', 100, async (lock) => {
        held = lock;
        expectEqual(await cache.lock('key', 100), undefined, 'lock() of another meanwhile');
        expectEqual(await lock.extend(200), true, 'extend() meanwhile');
        return 'done';
      });

      expectEqual(answer, 'done', 'withLock()');
      expectEqual(await held!.release(), false, 'release() after it');
      expectTrue(await isFree(cache, 'key'), 'the lock is free');
    },
  },
  {
    title: 'withLock() gives the lock back when the work fails, and throws what it threw',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      const failure = Object.assign(new Error('no'), { code: 'NO' });

      await expectRejection(
        () =>
          cache.withLock('key', 100, () => {
            throw failure;
          }),
        { code: 'NO' },
        'withLock()',
      );

      expectTrue(await isFree(cache, 'key'), 'the lock is free');
    },
  },
  {
    title: 'withLock() does not begin the work without the lock',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      const lock = await cache.lock('key', 100);
      let began = 0;
      const work = () => {
        began += 1;
      };

      const expected = { name: 'CacheLockedError', code: 'CACHE_LOCKED' };
      await expectRejection(() => cache.withLock('key', 100, work), expected, 'withLock()');
      await expectRejection(
        () => cache.withLock('key', 100, work, { wait: 0.02 }),
        expected,
        'withLock() after waiting',
      );

      expectEqual(began, 0, 'how often the work began');
      expectEqual(await lock!.release(), true, 'release()');
    },
  },
  {
    title: 'withLock() lets twenty who wait work one after the other',
    needs: ['storage', 'lock'],
    run: async ({ cache }) => {
      let inside = 0;
      let most = 0;
      const work = async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      };

      await Promise.all(
        Array.from({ length: 20 }, () => cache.withLock('key', 100, work, { wait: 60 })),
      );

      expectEqual(most, 1, 'how many were at work at once');
    },
  },
  {
    title: 'lock() on a backend that has no locks is refused',
    lacks: 'lock',
    run: async ({ cache }) => {
      const expected = { code: 'CACHE_UNSUPPORTED' };

      await expectRejection(() => cache.lock('key', 100), expected, 'lock()');
      await expectRejection(() => cache.withLock('key', 100, () => 1), expected, 'withLock()');
    },
  },
];

async function isFree(cache: CacheService, key: string): Promise<boolean> {
  const lock = await cache.lock(key, 100);
  return (await lock?.release()) ?? false;
}
