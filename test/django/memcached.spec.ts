import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { memcached } from '../../lib/backends/memcached/index.js';
import { parseLocation } from '../../lib/backends/memcached/server-address.js';
import { systemClock } from '../../lib/core/clock.js';
import { describeWithMemcached, rawCommand } from '../support/memcached.js';
import { backendPlace } from '../support/suite-backends.js';
import type { DjangoTest } from '../support/suite-django.js';
import { runDjangoTests } from '../support/suite-django.js';
import { PATIENT } from '../support/memcached-backends.js';
import { CLIENTS, memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { placeOn } from '../support/suite-place.js';
import { baseCacheKeyTests } from './base-cache-key.tests.js';
import { baseCacheTimeTests } from './base-cache-time.tests.js';
import { baseCacheVersionTests } from './base-cache-version.tests.js';
import { baseCacheTests } from './base-cache.tests.js';

const YEAR = 365 * 24 * 60 * 60;
const MEBIBYTE = 1024 * 1024;

const memcachedTests: readonly DjangoTest[] = [
  {
    title: 'the timeout null of a cache is sent as "never" [test_default_never_expiring_timeout]',
    run: async ({ open }) => {
      const cache = await open({ timeout: null });
      await cache.set('infinite_foo', 'bar');

      expect(await cache.get('infinite_foo')).toBe('bar');
    },
  },
  {
    title: 'a timeout of a cache beyond 30 days works [test_default_far_future_timeout]',
    run: async ({ open }) => {
      const cache = await open({ timeout: YEAR });
      await cache.set('future_foo', 'bar');

      expect(await cache.get('future_foo')).toBe('bar');
    },
  },
  {
    title: 'an old value does not outlive a failed set [test_memcached_deletes_key_on_failed_set]',
    run: async ({ cache }) => {
      await cache.set('small_value', 'a');
      expect(await cache.get('small_value')).toBe('a');

      expect(await cache.set('small_value', 'a'.repeat(2 * MEBIBYTE))).toBe(false);
      expect(await cache.get('small_value')).toBeUndefined();
    },
  },
  {
    title: 'setMany names the keys it could not store [test_set_many_returns_failing_keys]',
    run: async ({ cache }) => {
      const large = 'a'.repeat(2 * MEBIBYTE);

      expect(await cache.setMany({ small: 1, large, 'large too': large })).toEqual([
        'large',
        'large too',
      ]);
      expect(await cache.get('small')).toBe(1);
    },
  },
];

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('Django on one server', () => {
    const server = serverForAll();
    const places = memcachedPlaces(server, client);

    runDjangoTests('BaseCacheTests', places, [
      ...baseCacheTests,
      ...baseCacheTimeTests,
      ...baseCacheVersionTests,
      ...baseCacheKeyTests,
    ]);
    runDjangoTests('BaseMemcachedTests', places, memcachedTests);

    it('closing a cache closes its connections [test_close]', async () => {
      expect(await connectionsOf(server().port, 0)).toBe(0);
      const place = places.make();
      const cache = await place.open();
      await cache.set('foo', 'bar');
      expect(await connectionsOf(server().port, 1)).toBe(1);

      await cache.close();

      expect(await connectionsOf(server().port, 0)).toBe(0);
      await place.end();
    });
  });
});

describeWithMemcached('Django on two servers', () => {
  const first = serverForAll();
  const second = serverForAll();

  it('a location is a list, or text with commas or semicolons [test_location_multiple_servers]', async () => {
    const locations = [
      [first().address, second().address],
      `${first().address};${second().address}`,
      `${first().address},${second().address}`,
    ];
    const place = placeOn({
      backend: 'memcached',
      prefix: 'several',
      factory: (options) => memcached({ ...PATIENT, ...options }),
    });
    const caches = await Promise.all(
      locations.map((location) => place.open({ options: { location } })),
    );
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    await caches[0]!.setMany(Object.fromEntries(keys.map((key) => [key, key])));

    for (const cache of caches) {
      expect((await cache.getMany(keys)).size).toBe(40);
      expect((await cache.stats()).map(({ server }) => server)).toEqual(locations[0]);
    }
    await place.end();
  });
});

describe('Django without a server', () => {
  it('a socket, an IPv6 address and a host without a port are servers [test_pylibmc_client_servers]', () => {
    const servers = ['unix:/run/memcached/socket', '/tmp/socket', '[::1]:11211', 'localhost'];

    expect(parseLocation(servers, 'the test').map(({ path, node }) => path ?? node)).toEqual([
      '/run/memcached/socket',
      '/tmp/socket',
      '::1:11211',
      'localhost:11211',
    ]);
  });

  it('an option reaches the client, and one that is not known is told [test_pymemcache_options]', async () => {
    const location = 'unix:/nowhere/memcached.socket';
    const backend = await memcached({ location })(backendPlace(systemClock).context(''));

    await expect(backend.get('key')).rejects.toThrow('unix:/nowhere/memcached.socket');
    expect(() => memcached({ noDelay: true } as object)).toThrow(/"noDelay"/);
  });
});

/** Open connections without the one that asks. */
/** How many connections others have; the server learns of an end a moment after it, so it is asked again for a while. */
async function connectionsOf(port: number, awaited: number): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const reply = await rawCommand(port, 'stats');
    const count = Number(/STAT curr_connections (\d+)/.exec(reply)?.[1]) - 1;
    if (count === awaited || tries === 100) return count;
    await sleep(20);
  }
}
