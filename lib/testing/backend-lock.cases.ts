import type { BackendLock } from '../core/cache-backend.interface.js';
import type { BackendCase, BackendCaseContext, BackendFeature } from './backend-case.js';
import { expectEqual, expectTrue } from './assertions.js';
import { expectPayload, text } from './payload-samples.js';

const needs: readonly BackendFeature[] = ['storage', 'lock'];

/** `lock()`: of all who want it, one has it. */
export const lockCases: readonly BackendCase[] = [
  {
    title: 'of a hundred concurrent lock() calls one has the lock',
    needs,
    run: async ({ backend, key }) => {
      const held = await Promise.all(
        Array.from({ length: 100 }, () => backend.lock!(key('k'), 100)),
      );

      expectEqual(held.filter(Boolean).length, 1, 'how many have it');
    },
  },
  {
    title: 'release() lets the next have the lock, and answers false from then on',
    needs,
    run: async ({ backend, key }) => {
      const first = await taken(backend.lock!(key('k'), 100));

      expectEqual(await first.release(), true, 'release()');

      const next = await taken(backend.lock!(key('k'), 100));
      expectEqual(await first.release(), false, 'a second release()');
      expectEqual(await first.extend(100), false, 'extend() after it');
      expectEqual(await backend.lock!(key('k'), 100), undefined, 'lock() of a third');
      expectEqual(await next.release(), true, 'release() of the next');
    },
  },
  {
    title: 'a lock ends with its time, and its owner can then neither release nor extend it',
    needs,
    run: async (context) => {
      const { backend, key, life } = context;
      const first = await taken(backend.lock!(key('k'), life));

      await pass(context);

      const next = await taken(backend.lock!(key('k'), 100));
      expectEqual(await first.extend(100), false, 'extend()');
      expectEqual(await first.release(), false, 'release()');
      expectEqual(await backend.lock!(key('k'), 100), undefined, 'lock() of a third');
      expectEqual(await next.release(), true, 'release() of the next');
    },
  },
  {
    title: 'a lock that has ended is of no use, although nobody else has asked since',
    needs,
    run: async (context) => {
      const { backend, key, life } = context;
      const extended = await taken(backend.lock!(key('extended'), life));
      const released = await taken(backend.lock!(key('released'), life));

      await pass(context);

      expectEqual(await extended.extend(100), false, 'extend()');
      expectEqual(await released.release(), false, 'release()');
    },
  },
  {
    title: 'a lock never ends sooner than its time',
    needs,
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      const whole = await taken(backend.lock!(key('whole'), 10));
      const part = await taken(backend.lock!(key('part'), 0.5));

      await advance(0.499);
      expectEqual(await backend.lock!(key('part'), 1), undefined, 'lock() before half a second');
      expectEqual(await part.release(), true, 'release()');
      await advance(9.5);
      expectEqual(await backend.lock!(key('whole'), 1), undefined, 'lock() before ten seconds');
      expectEqual(await whole.release(), true, 'release()');
    },
  },
  {
    title: 'extend() lets a lock last from now on',
    needs,
    run: async (context) => {
      const { backend, key, life } = context;
      const lock = await taken(backend.lock!(key('k'), life));

      expectEqual(await lock.extend(100), true, 'extend()');
      await pass(context);

      expectEqual(await backend.lock!(key('k'), 100), undefined, 'lock() of another');
      expectEqual(await lock.extend(100), true, 'a second extend()');
      expectEqual(await lock.release(), true, 'release()');
    },
  },
  {
    title: 'an extended lock never ends sooner than its new time',
    needs,
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      const lock = await taken(backend.lock!(key('k'), 100));

      expectEqual(await lock.extend(10), true, 'extend()');
      await advance(9.999);

      expectEqual(await backend.lock!(key('k'), 1), undefined, 'lock() before ten seconds');
      expectEqual(await lock.release(), true, 'release()');
    },
  },
  {
    title: 'a lock is no entry: neither sees the other, and neither ends the other',
    needs,
    run: async ({ backend, key }) => {
      const lock = await taken(backend.lock!(key('k'), 100));

      expectEqual(await backend.get(key('k')), undefined, 'get()');
      expectEqual(await backend.flags?.(key('k')), undefined, 'flags()');
      expectEqual(await backend.touch(key('k'), 100), false, 'touch()');
      expectEqual(await backend.delete(key('k')), false, 'delete()');
      expectEqual(await backend.add(key('k'), text('v'), 100), true, 'add()');
      expectEqual(await backend.delete(key('k')), true, 'delete() of the entry');
      expectEqual(await backend.set(key('k'), text('v'), 100), true, 'set()');

      expectEqual(await backend.lock!(key('k'), 100), undefined, 'lock() of another');
      expectEqual(await lock.release(), true, 'release()');
      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'clear() ends no lock',
    needs,
    run: async ({ backend, key }) => {
      const lock = await taken(backend.lock!(key('k'), 100));

      await backend.clear();

      expectEqual(await backend.lock!(key('k'), 100), undefined, 'lock() of another');
      expectEqual(await lock.extend(100), true, 'extend()');
      expectEqual(await lock.release(), true, 'release()');
    },
  },
  {
    title: 'the locks of other keys and other scopes are other locks',
    needs,
    run: async ({ backend, key, other }) => {
      const neighbour = await other();

      const locks = [
        await backend.lock!(key('a'), 100),
        await backend.lock!(key('b'), 100),
        await backend.lock!(key('a'.repeat(300)), 100),
        await neighbour.backend.lock!(neighbour.key('a'), 100),
      ];

      expectTrue(locks.every(Boolean), 'all are had');
      for (const lock of locks) expectEqual(await lock!.release(), true, 'release()');
    },
  },
];

async function taken(asked: Promise<BackendLock | undefined>): Promise<BackendLock> {
  const lock = await asked;
  expectTrue(lock !== undefined, 'the lock is had');
  return lock!;
}

/** Lets a lock of `life` end. Where the server counts whole seconds it may last a little longer. */
async function pass({ expire, advance, realTime }: BackendCaseContext): Promise<void> {
  await expire();
  if (realTime) await advance(1);
}
