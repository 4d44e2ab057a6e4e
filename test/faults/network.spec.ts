import dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { CacheService } from 'nestjs-cache-framework';
import { seededRandom } from '../../lib/testing/seeded-random.js';
import { type FlakyProxy, startFlakyProxy } from '../support/flaky-proxy.js';
import { storeAndPlace, watchedCaches } from '../support/load-caches.js';
import { type LoadCall, MixedLoad } from '../support/load-mixed.js';
import { describeWithMemcached, memcachedServers } from '../support/memcached.js';
import { CLIENTS } from '../support/suite-memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const SLOW_MS = HEAVY ? 20_000 : 4_000;
const TIMES = HEAVY ? 100 : 6;
const UP_MS = 300;
const DOWN_MS = 300;
const MINUTES = 60_000;
const SEED = 20_261_201;
// 250 ms, doubling to 5 s, and once a second because it is asked for.
const PROBES_IN_A_SECOND = 4;
const DECIDES: ReadonlySet<LoadCall['kind']> = new Set(['add', 'incr']);
const KEYS = Array.from({ length: 100 }, (_, index) => `k${index}`);

const servers = memcachedServers();
const caches = watchedCaches();
const proxies: FlakyProxy[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await caches.close();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  await servers.stop();
});

/** A load on one server, which may miss and refuse but never be wrong. */
async function loadOn(cache: CacheService): Promise<MixedLoad> {
  const load = new MixedLoad(cache, [KEYS], SEED);
  load.away.add(0);
  load.start(300);
  return load;
}

/** What a load must not have seen, whatever the network does. */
function expectNothingWrong(load: MixedLoad): void {
  const kinds = load.calls.filter(({ kind, error }) => error !== undefined && !DECIDES.has(kind));
  expect(load.wrong).toEqual([]);
  expect(kinds.map(({ kind, error }) => [kind, error])).toEqual([]);
}

/** Each state follows another one, and each is logged in one line. */
function expectALineForEachState(): void {
  const states = caches.states.map(({ state }) => state);
  expect(states).toEqual(states.map((_, index) => (index % 2 === 0 ? 'down' : 'up')));
  expect(caches.lines.map((line) => (line.includes(' is back.') ? 'up' : 'down'))).toEqual(states);
}

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('a memcached server behind a bad network', () => {
    it(
      `that takes 200 ms ± 200 for an answer is asked over one connection at a time, for ${SLOW_MS / 1000} s`,
      async () => {
        const server = await servers.start();
        const random = seededRandom(SEED);
        // To the server and back.
        const rates = { split: 0, close: 0, reset: 0, stall: 0, stallMs: 0, delayMs: 200 };
        const proxy = await startFlakyProxy(server.port, rates, (below) =>
          Math.floor(random() * below),
        );
        proxies.push(proxy);
        const port = Number(proxy.address.split(':')[1]);
        const direct = await caches.open([server], '', { client });
        await direct.setMany(KEYS.map((key) => [key, key] as const));
        const cache = await caches.open([proxy], '', { client });

        const load = await loadOn(cache);
        await sleep(SLOW_MS);
        await load.stop();

        expectNothingWrong(load);
        expectALineForEachState();
        expect(caches.states.length).toBeGreaterThan(0);
        expect(caches.mostConnectingTo(port)).toBe(1);
        expect(caches.connectionsTo(port)).toBeLessThan((SLOW_MS / 1_000) * PROBES_IN_A_SECOND);
      },
      5 * MINUTES,
    );

    it(
      `that comes and goes ${TIMES} times is tried by one connection at a time, and told of once each time`,
      async () => {
        const server = await servers.start();
        // One that is gone refuses at once; no deadline is met, however busy the machine is.
        const cache = await caches.open([server], '', { client, deadlineMs: 20_000 });
        await storeAndPlace(cache, [server], KEYS, (key) => key);
        const load = await loadOn(cache);

        for (let time = 0; time < TIMES; time += 1) {
          await server.kill('SIGKILL');
          await sleep(DOWN_MS);
          await server.restart();
          await sleep(UP_MS);
        }
        const isUsed = async (): Promise<boolean> =>
          (await cache.set('after', 'all')) && (await cache.get('after')) === 'all';
        for (let tries = 0; tries < 100 && !(await isUsed()); tries += 1) await sleep(100);
        await load.stop();

        expect(await isUsed()).toBe(true);
        expectNothingWrong(load);
        expectALineForEachState();
        expect(caches.states.length).toBeLessThanOrEqual(2 * TIMES);
        expect(caches.mostConnectingTo(server.port)).toBe(1);
      },
      5 * MINUTES,
    );

    it('is found where its name leads to by then', async () => {
      const first = await servers.start();
      const addresses = ['127.0.0.1'];
      const asked: string[] = [];
      const lookup = dns.lookup as (...args: unknown[]) => void;
      jest.spyOn(dns, 'lookup').mockImplementation((...args: unknown[]) => {
        const [name, options, callback] = args as Parameters<LookupFunction>;
        const found = { address: addresses[0]!, family: 4 };
        if (name !== 'cache.example') lookup(...args);
        else if (options.all) callback(null, [found]);
        else callback(null, found.address, found.family);
        if (name === 'cache.example') asked.push(name);
      });
      const address = `cache.example:${first.port}`;
      const cache = await caches.open([{ address }], '', { client });
      await cache.set('key', 'on the first');
      const before = await cache.get('key');

      await first.kill('SIGKILL');
      const second = await servers.start(['-l', `127.0.0.2:${first.port}`]);
      addresses[0] = '127.0.0.2';
      const isUsed = async (): Promise<boolean> => cache.set('key', 'on the second');
      for (let tries = 0; tries < 100 && !(await isUsed()); tries += 1) await sleep(50);

      expect(before).toBe('on the first');
      expect(await cache.get('key')).toBe('on the second');
      expect(new Set(asked)).toEqual(new Set(['cache.example']));
      expect(asked.length).toBeGreaterThan(1);
      await second.stop();
    });
  });
});
