import type { Timeout } from '../core/timeout.js';
import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection } from './assertions.js';

const DAY = 86_400;

/** Timeouts as callers give them. */
export const timeoutCases: readonly CacheCase[] = [
  {
    title: 'forgets a value when its timeout is over',
    needs: ['storage'],
    run: async ({ cache, life, expire }) => {
      await cache.set('set', 'v', life);
      await cache.add('add', 'v', life);
      await cache.setMany({ many: 'v' }, life);
      await cache.getOrSet('load', 'v', life);
      await cache.set('touch', 'v');
      await cache.touch('touch', life);

      await expire();

      for (const key of ['set', 'add', 'many', 'load', 'touch']) {
        expectEqual(await cache.get(key), undefined, `get() of ${key}`);
        expectEqual(await cache.has(key), false, `has() of ${key}`);
        expectEqual(await cache.touch(key, 100), false, `touch() of ${key}`);
        expectEqual(await cache.delete(key), false, `delete() of ${key}`);
      }
      expectEqual(await cache.add('set', 'new'), true, 'add() over an expired value');
      expectEqual(await cache.get('set'), 'new', 'get() of the new value');
    },
  },
  {
    title: 'takes a timeout in an options object',
    needs: ['storage'],
    run: async ({ cache, life, expire }) => {
      await cache.set('set', 'v', { timeout: life });
      await cache.add('add', 'v', { timeout: life });
      await cache.setMany({ many: 'v' }, { timeout: life });
      await cache.getOrSet('load', 'v', { timeout: life });
      await cache.getOrSet('computed', life, (value) => value);
      await cache.set('touch', 'v');
      await cache.touch('touch', { timeout: life });

      await expire();

      for (const key of ['set', 'add', 'many', 'load', 'computed', 'touch']) {
        expectEqual(await cache.get(key), undefined, `get() of ${key}`);
      }
    },
  },
  {
    title: 'touch() without a timeout gives the timeout of the cache',
    needs: ['storage'],
    run: async ({ cache, life, expire }) => {
      await cache.set('key', 'v', life);
      expectEqual(await cache.touch('key'), true, 'touch()');

      await expire();

      expectEqual(await cache.get('key'), 'v', 'get()');
    },
  },
  {
    title: 'uses the timeout of the cache where a call says nothing',
    needs: ['storage'],
    run: async ({ open, life, expire }) => {
      const cache = await open({ timeout: life });
      await cache.set('set', 'v');
      await cache.set('undefined', 'v', undefined);
      await cache.add('add', 'v');
      await cache.setMany({ many: 'v' });
      await cache.getOrSet('load', 'v');
      await cache.set('own', 'v', 100);

      await expire();

      for (const key of ['set', 'undefined', 'add', 'many', 'load']) {
        expectEqual(await cache.get(key), undefined, `get() of ${key}`);
      }
      expectEqual(await cache.get('own'), 'v', 'get() of what has a timeout of its own');
    },
  },
  {
    title: 'has five minutes for a timeout if none is configured',
    needs: ['storage', 'ttl'],
    exactTime: true,
    run: async ({ cache }) => {
      await cache.set('key', 'v');

      expectEqual(await cache.ttl('key'), 300, 'ttl()');
    },
  },
  {
    title: 'never forgets a value with the timeout null, in each call and in the configuration',
    needs: ['storage', 'ttl'],
    run: async ({ cache, open }) => {
      await cache.set('set', 'v', null);
      await cache.add('add', 'v', null);
      await cache.setMany({ many: 'v' }, null);
      await cache.getOrSet('load', 'v', null);
      await cache.set('touch', 'v');
      await cache.touch('touch', null);
      for (const key of ['set', 'add', 'many', 'load', 'touch']) {
        expectEqual(await cache.ttl(key), null, `ttl() of ${key}`);
        expectEqual(await cache.get(key), 'v', `get() of ${key}`);
      }

      const endless = await open({ timeout: null });
      await endless.set('key', 'v');
      expectEqual(await endless.ttl('key'), null, 'ttl() where the cache says null');
    },
  },
  ...[0, -1, -1.5, '0s', '-1s'].map<CacheCase>((timeout) => ({
    title: `stores nothing with the timeout ${JSON.stringify(timeout)}, and removes what is there`,
    needs: ['storage'],
    run: async ({ cache }) => {
      const over = timeout as Timeout;
      for (const key of ['set', 'many', 'touch', 'add']) await cache.set(key, 'old');

      await cache.set('set', 'new', over);
      expectEqual(await cache.get('set'), undefined, 'get() after set()');
      expectEqual(await cache.setMany({ many: 'new' }, over), [], 'setMany()');
      expectEqual(await cache.get('many'), undefined, 'get() after setMany()');
      expectEqual(await cache.touch('touch', over), true, 'touch()');
      expectEqual(await cache.get('touch'), undefined, 'get() after touch()');
      expectEqual(await cache.touch('touch', over), false, 'touch() of what is not there');
      expectEqual(await cache.add('add', 'new', over), false, 'add() where there is something');
      expectEqual(await cache.get('add'), 'old', 'get() after add()');
      expectEqual(await cache.add('free', 'new', over), true, 'add() where there is nothing');
      expectEqual(await cache.get('free'), undefined, 'get() after add() where nothing was');
      expectEqual(await cache.getOrSet('load', 'new', over), 'new', 'getOrSet()');
      expectEqual(await cache.get('load'), undefined, 'get() after getOrSet()');
    },
  })),
  {
    title: 'stores nothing where the cache has the timeout 0, unless the call says otherwise',
    needs: ['storage'],
    run: async ({ open }) => {
      const cache = await open({ timeout: 0 });
      await cache.set('default', 'v');
      await cache.set('own', 'v', 100);

      expectEqual(await cache.get('default'), undefined, 'get() of the default');
      expectEqual(await cache.get('own'), 'v', 'get() of what has a timeout of its own');
    },
  },
  {
    title: 'takes seconds, strings with their unit, and dates',
    needs: ['storage', 'ttl'],
    exactTime: true,
    run: async ({ cache, now }) => {
      const timeouts: [Timeout, number][] = [
        [60, 60],
        ['500ms', 0.5],
        ['30s', 30],
        ['15m', 900],
        ['2h', 7200],
        ['7d', 7 * DAY],
        ['1.5h', 5400],
        [new Date(now() + 90_000), 90],
      ];
      for (const [timeout, seconds] of timeouts) {
        await cache.set('key', 'v', timeout);

        expectEqual(await cache.ttl('key'), seconds, `ttl() after ${String(timeout)}`);
      }
      await cache.set('key', 'v', new Date(now()));
      expectEqual(await cache.get('key'), undefined, 'get() with a date that is over');
    },
  },
  {
    title: 'keeps fractions and lives of more than 30 days',
    needs: ['storage'],
    run: async ({ cache }) => {
      for (const timeout of [100.2, 30 * DAY + 1, 366 * DAY, 20 * 366 * DAY + 1]) {
        await cache.set('set', timeout, timeout);
        await cache.delete('add');
        await cache.add('add', timeout, timeout);
        await cache.setMany({ many: timeout }, timeout);

        for (const key of ['set', 'add', 'many']) {
          expectEqual(await cache.get(key), timeout, `get() of ${key}`);
        }
      }
    },
  },
  ...wrongTimeouts().map<CacheCase>((timeout) => ({
    title: `refuses the timeout ${shown(timeout)} with a TypeError, before anything is changed`,
    needs: ['storage'],
    run: async ({ cache }) => {
      const wrong = timeout as Timeout;
      const refusal = { name: 'TypeError' };
      await cache.set('key', 'old');

      await expectRejection(() => cache.set('key', 'new', wrong), refusal, 'set()');
      await expectRejection(() => cache.set('key', 'new', { timeout: wrong }), refusal, 'set()');
      await expectRejection(() => cache.add('free', 'new', wrong), refusal, 'add()');
      await expectRejection(() => cache.touch('key', wrong), refusal, 'touch()');
      await expectRejection(() => cache.setMany({ key: 'new' }, wrong), refusal, 'setMany()');
      await expectRejection(() => cache.getOrSet('free', 'new', wrong), refusal, 'getOrSet()');

      expectEqual(await cache.get('key'), 'old', 'get() of key');
      expectEqual(await cache.get('free'), undefined, 'get() of free');
    },
  })),
  {
    title: 'ttl() tells what is left, null for no end, undefined for nothing',
    needs: ['storage', 'ttl'],
    exactTime: true,
    run: async ({ cache, advance }) => {
      await cache.set('timed', 'v', 100);
      await cache.set('endless', 'v', null);
      await advance(40);

      expectEqual(await cache.ttl('timed'), 60, 'ttl() of timed');
      expectEqual(await cache.ttl('endless'), null, 'ttl() of endless');
      expectEqual(await cache.ttl('missing'), undefined, 'ttl() of missing');
      await advance(60);
      expectEqual(await cache.ttl('timed'), undefined, 'ttl() of what is over');
      await expectRejection(() => cache.ttl(''), { name: 'TypeError' }, 'ttl() of no key');
    },
  },
];

function wrongTimeouts(): unknown[] {
  return [
    Number.NaN,
    Infinity,
    -Infinity,
    '60',
    'soon',
    '5 minutes',
    '1\r\nflush_all',
    true,
    false,
    10n,
    new Date(Number.NaN),
  ];
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : `${String(value)} (${typeof value})`;
}
