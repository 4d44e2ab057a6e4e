import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type FlakyProxy, startFlakyProxy } from '../../support/flaky-proxy.js';
import { watchedCaches } from '../../support/load-caches.js';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { CLIENTS } from '../../support/suite-memcached.js';

// What a busy machine takes for an answer is less than the deadline.
const DEADLINE_MS = 1_000;
const LATE_MS = 3_000;

const servers = memcachedServers();
const caches = watchedCaches({ deadlineMs: DEADLINE_MS });
const proxies: FlakyProxy[] = [];

afterEach(async () => {
  await caches.close();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  await servers.stop();
});

/** A cache on a server behind a proxy that can be told to hold what comes from now on for a while. */
async function start(client: (typeof CLIENTS)[number]) {
  const server = await servers.start();
  const proxy = { isSlow: false };
  const rates = { split: 0, close: 0, reset: 0, stall: 10_000, stallMs: LATE_MS };
  const started = await startFlakyProxy(server.port, rates, () => (proxy.isSlow ? 0 : 10_000));
  proxies.push(started);
  return { proxy, cache: await caches.open([started], '', { client }) };
}

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('writes that a proxy holds for longer than the deadline', () => {
    it('are not found later in the place of what was stored or deleted after them', async () => {
      const { proxy, cache } = await start(client);
      const keys = ['set', 'deleted', 'left', 'added', 'counted'];
      await cache.setMany(keys.slice(0, 3).map((key) => [key, 'old'] as const));
      await cache.set('counted', 1);

      proxy.isSlow = true;
      const givenUp = await Promise.allSettled([
        ...keys.slice(0, 3).map((key) => cache.set(key, 'given up')),
        cache.add('added', 'given up'),
        cache.incr('counted', 10),
      ]);
      proxy.isSlow = false;
      await caches.becomes('up');
      const answers = [
        await cache.set('set', 'newer'),
        await cache.delete('added'),
        await cache.set('counted', 2),
      ];
      await cache.delete('deleted');
      await sleep(LATE_MS + 500);

      const outcomes = givenUp.map((call) => (call.status === 'fulfilled' ? call.value : 'threw'));
      expect(outcomes).toEqual([false, false, false, 'threw', 'threw']);
      expect(answers).toEqual([true, true, true]);
      expect(await cache.getMany(keys)).toEqual(
        new Map<string, unknown>([
          ['set', 'newer'],
          ['counted', 2],
        ]),
      );
    });

    it('keep the server away until they have come, and no longer', async () => {
      const { proxy, cache } = await start(client);
      await cache.set('key', 'old');

      proxy.isSlow = true;
      await cache.set('key', 'given up');
      proxy.isSlow = false;
      const down = await caches.becomes('down');
      const up = await caches.becomes('up');

      expect(up.at - down.at).toBeGreaterThan(LATE_MS - DEADLINE_MS - 500);
      expect(await cache.set('key', 'newer')).toBe(true);
      expect(await cache.get('key')).toBe('newer');
    });

    it('do not keep it away if it is only reads that were given up', async () => {
      const { proxy, cache } = await start(client);
      await cache.set('key', 'value');

      proxy.isSlow = true;
      const found = await cache.get('key');
      proxy.isSlow = false;
      const down = await caches.becomes('down');
      const up = await caches.becomes('up');

      expect(found).toBeUndefined();
      expect(up.at - down.at).toBeLessThan(LATE_MS);
      expect(await cache.get('key')).toBe('value');
    });

    it('do not keep a cache from being closed', async () => {
      const { proxy, cache } = await start(client);
      await cache.set('key', 'old');

      proxy.isSlow = true;
      await cache.set('key', 'given up');

      await expect(cache.close()).resolves.toBeUndefined();
    });
  });
});
