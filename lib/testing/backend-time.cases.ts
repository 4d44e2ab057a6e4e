import type { BackendCase } from './backend-case.js';
import { expectEqual } from './assertions.js';
import { expectPayload, text } from './payload-samples.js';

const DAY = 86_400;

/** Lives and their ends. */
export const timeCases: readonly BackendCase[] = [
  {
    title: 'set() replaces the ttl by a longer one',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('old'), life);
      await backend.set(key('k'), text('new'), 100);

      await expire();

      expectPayload(await backend.get(key('k')), text('new'), 'the entry');
    },
  },
  {
    title: 'set() replaces no expiry by a ttl',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('old'), null);
      await backend.set(key('k'), text('new'), life);
      expectPayload(await backend.get(key('k')), text('new'), 'the entry');

      await expire();

      expectEqual(await backend.get(key('k')), undefined, 'get() after its life');
    },
  },
  {
    title: 'keeps an entry without expiry',
    needs: ['storage'],
    run: async ({ backend, key, expire }) => {
      await backend.set(key('k'), text('v'), null);

      await expire();

      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'keeps an entry without expiry for ten years',
    needs: ['storage'],
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      await backend.set(key('k'), text('v'), null);

      await advance(3650 * DAY);

      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'counts an entry as expired at the very moment of its expiry, and not before',
    needs: ['storage'],
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      await backend.set(key('k'), text('v'), 10);

      await advance(9);
      expectPayload(await backend.get(key('k')), text('v'), 'the entry a second before');
      await advance(1);
      expectEqual(await backend.get(key('k')), undefined, 'get() at its expiry');
    },
  },
  {
    title: 'keeps lives beyond 30 days, where memcached begins to read dates',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      for (const ttl of [30 * DAY, 30 * DAY + 1, 366 * DAY, 20 * 366 * DAY, 10_000 * 366 * DAY]) {
        await backend.set(key('k'), text('v'), ttl);

        expectPayload(await backend.get(key('k')), text('v'), `the entry that lives ${ttl} s`);
      }
    },
  },
  {
    title: 'ends a life beyond 30 days when it is over',
    needs: ['storage'],
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      await backend.set(key('k'), text('v'), 31 * DAY);

      await advance(30 * DAY);
      expectPayload(await backend.get(key('k')), text('v'), 'the entry after 30 days');
      await advance(DAY);
      expectEqual(await backend.get(key('k')), undefined, 'get() after 31 days');
    },
  },
  {
    title: 'ends a life of a fraction of a second: it never becomes "for ever"',
    needs: ['storage'],
    run: async ({ backend, key, expire }) => {
      await backend.set(key('set'), text('v'), 0.5);
      await backend.add(key('add'), text('v'), 0.001);
      await backend.set(key('touch'), text('v'), 100);
      await backend.touch(key('touch'), 0.25);

      await expire();

      for (const name of ['set', 'add', 'touch']) {
        expectEqual(await backend.get(key(name)), undefined, `get() of the ${name} entry`);
      }
    },
  },
  {
    title: 'rounds a fraction up, never down',
    needs: ['storage'],
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      await backend.set(key('k'), text('v'), 1.5);

      await advance(1.4);
      expectPayload(await backend.get(key('k')), text('v'), 'the entry after 1.4 s');
      await advance(0.7);
      expectEqual(await backend.get(key('k')), undefined, 'get() after 2.1 s');
    },
  },
  {
    title: 'add() stores over an expired entry, with its own ttl',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('old'), life);
      await expire();

      expectEqual(await backend.add(key('k'), text('new'), 100), true, 'add()');
      expectPayload(await backend.get(key('k')), text('new'), 'the entry');
    },
  },
  {
    title: 'add() gives the entry its ttl',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.add(key('k'), text('v'), life);

      await expire();

      expectEqual(await backend.get(key('k')), undefined, 'get() after its life');
    },
  },
  {
    title: 'add() that stores nothing leaves the ttl of what is there',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('v'), life);
      await backend.add(key('k'), text('other'), 100);

      await expire();

      expectEqual(await backend.get(key('k')), undefined, 'get() after its first life');
    },
  },
  {
    title: 'touch() makes a life longer',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('v'), life);
      await backend.touch(key('k'), 100);

      await expire();

      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'touch() makes a life shorter, also one without end',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('long'), text('v'), 100);
      await backend.set(key('endless'), text('v'), null);
      expectEqual(await backend.touch(key('long'), life), true, 'touch() of the long');
      expectEqual(await backend.touch(key('endless'), life), true, 'touch() of the endless');

      await expire();

      expectEqual(await backend.get(key('long')), undefined, 'get() of the long');
      expectEqual(await backend.get(key('endless')), undefined, 'get() of the endless');
    },
  },
  {
    title: 'touch() with null takes the end away, and answers true for what has none',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('v'), life);
      expectEqual(await backend.touch(key('k'), null), true, 'touch()');
      expectEqual(await backend.touch(key('k'), null), true, 'the second touch()');

      await expire();

      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'touch() never revives an expired entry',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('v'), life);
      await expire();

      expectEqual(await backend.touch(key('k'), 100), false, 'touch()');
      expectEqual(await backend.get(key('k')), undefined, 'get()');
    },
  },
  {
    title: 'delete() answers false for an expired entry',
    needs: ['storage'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('v'), life);
      await expire();

      expectEqual(await backend.delete(key('k')), false, 'delete()');
    },
  },
  {
    title: 'ttl() tells the seconds left, null without expiry, undefined without an entry',
    needs: ['storage', 'ttl'],
    run: async ({ backend, key, realTime }) => {
      await backend.set(key('timed'), text('v'), 100);
      await backend.set(key('endless'), text('v'), null);

      const left = await backend.ttl!(key('timed'));
      const isRight = realTime ? left !== undefined && left! > 95 && left! <= 101 : left === 100;
      expectEqual(isRight, true, `ttl() of 100 s, which answers ${String(left)}, is right`);
      expectEqual(await backend.ttl!(key('endless')), null, 'ttl() of the endless');
      expectEqual(await backend.ttl!(key('missing')), undefined, 'ttl() of a missing one');
    },
  },
  {
    title: 'ttl() follows the clock and touch()',
    needs: ['storage', 'ttl'],
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      await backend.set(key('k'), text('v'), 100);

      await advance(40);
      expectEqual(await backend.ttl!(key('k')), 60, 'ttl() 40 s later');
      await backend.touch(key('k'), 500);
      expectEqual(await backend.ttl!(key('k')), 500, 'ttl() after touch()');
      await backend.touch(key('k'), null);
      expectEqual(await backend.ttl!(key('k')), null, 'ttl() after touch() with null');
    },
  },
  {
    title: 'ttl() is undefined for an expired entry',
    needs: ['storage', 'ttl'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), text('v'), life);
      await expire();

      expectEqual(await backend.ttl!(key('k')), undefined, 'ttl()');
    },
  },
];
