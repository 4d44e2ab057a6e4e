import { afterEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from 'nestjs-cache-framework';
import { storeAndPlace, watchedCaches } from '../support/load-caches.js';
import { describeWithMemcached, memcachedServers } from '../support/memcached.js';
import { filePlaces } from '../support/suite-file.js';
import { CLIENTS, memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import type { PlaceMaker } from '../support/suite-place.js';

const CALLERS = 10_000;
const KEYS = process.env['HEAVY'] ? 10_000 : 500;
const MINUTES = 60_000;

/** Runs a test in a place of its own. */
async function inPlace(places: PlaceMaker, test: (cache: CacheService) => Promise<void>) {
  const place = places.make();
  try {
    await test(await place.open({ onError: 'throw' }));
  } finally {
    await place.end();
  }
}

function itLoadsOnce(places: PlaceMaker): void {
  it(
    `loads once for ${CALLERS} who ask at once, and gives each a value of its own`,
    () =>
      inPlace(places, async (cache) => {
        let loads = 0;
        const load = async (): Promise<object> => {
          loads += 1;
          await new Promise((resolve) => setImmediate(resolve));
          return { loads, list: [1, 2, 3] };
        };

        const answers = await Promise.all(
          Array.from({ length: CALLERS }, () => cache.getOrSet('key', load)),
        );

        expect(loads).toBe(1);
        expect(new Set(answers).size).toBe(CALLERS);
        expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
          new Set(['{"loads":1,"list":[1,2,3]}']),
        );
      }),
    MINUTES,
  );

  it(
    `loads ${KEYS} keys for ${KEYS} who ask at once, each once`,
    () =>
      inPlace(places, async (cache) => {
        const loads: string[] = [];
        const keys = Array.from({ length: KEYS }, (_, index) => `k${index}`);
        const load = (key: string): string => {
          loads.push(key);
          return `value of ${key}`;
        };

        const answers = await Promise.all(keys.map((key) => cache.getOrSet(key, () => load(key))));
        const found = await cache.getMany(keys);

        expect(answers).toEqual(keys.map((key) => `value of ${key}`));
        expect(loads.toSorted()).toEqual(keys.toSorted());
        expect([...found.values()]).toEqual(answers);
      }),
    MINUTES,
  );
}

describe('a cache in memory', () => {
  itLoadsOnce(memoryPlaces);
});

describe('a cache in files', () => {
  itLoadsOnce(filePlaces);
});

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('a cache on memcached', () => {
    const server = serverForAll();

    itLoadsOnce(memcachedPlaces(server, client));
  });

  describeWithMemcached('three memcached servers', () => {
    const servers = memcachedServers();
    const caches = watchedCaches();

    afterEach(async () => {
      await caches.close();
      await servers.stop();
    });

    it('are asked over a connection each, however many ask', async () => {
      const three = [await servers.start(), await servers.start(), await servers.start()];
      // No deadline is met here, however busy the machine is.
      const cache = await caches.open(three, '', { client, deadlineMs: 20_000 });
      const keys = Array.from({ length: KEYS }, (_, index) => `k${index}`);

      await Promise.all(keys.map((key) => cache.getOrSet(key, () => key)));

      expect(three.map(({ port }) => caches.connectionsTo(port))).toEqual([1, 1, 1]);
    });

    it.each(['SIGSTOP', 'SIGKILL'] as const)(
      'of which one is away (%s) give what the others have, and wait for it once',
      async (signal) => {
        const three = [await servers.start(), await servers.start(), await servers.start()];
        const cache = await caches.open(three, '', { client, deadlineMs: 2_000 });
        const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);
        const places = await storeAndPlace(cache, three, keys, (key) => key);
        await three[1]!.kill(signal);

        const first = await cache.getMany(keys);
        const second = await cache.getMany(keys);

        const others = [...places[0]!, ...places[2]!];
        expect([...first.keys()].toSorted()).toEqual(others.toSorted());
        expect([...second.keys()].toSorted()).toEqual(others.toSorted());
        expect(caches.failures.filter(({ code }) => code === 'CACHE_TIMEOUT').length).toBeLessThan(
          2,
        );
        expect(caches.states.map(({ state }) => state)).toEqual(['down']);
      },
    );
  });
});
