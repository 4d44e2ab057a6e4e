import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../../lib/core/cache.service.js';
import { createCache } from '../../../lib/create-cache.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const LOCKS = process.env['HEAVY'] ? 500 : 60;

describeWithMemcached('locks on memcached', () => {
  const servers = memcachedServers();

  describe.each(CLIENTS)('over %s', (client) => {
    let server: MemcachedServer;
    let cache: CacheService;

    async function cacheOn(at: MemcachedServer, options: object = {}): Promise<CacheService> {
      return createCache({
        backend: 'memcached',
        location: at.address,
        options: { client, ...PATIENT, ...options },
        logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      });
    }

    beforeEach(async () => {
      server = await servers.start();
      cache = await cacheOn(server);
    });
    afterEach(async () => {
      await cache.close();
      await servers.stop();
    });

    it('lie under keys of their own, which clear() does not move', async () => {
      const lock = await cache.lock('key', 100);
      expect(await rawCommand(server.port, 'mg ~lock~:1:key s')).toBe('HD s36\r\n');

      await cache.clear();

      expect(await cache.lock('key', 100)).toBeUndefined();
      expect(await lock!.release()).toBe(true);
      expect(await rawCommand(server.port, 'mg ~lock~:1:key s')).toBe('EN\r\n');
    });

    it(`never end sooner than asked for, ${LOCKS} of ${LOCKS} times`, async () => {
      const early: number[] = [];
      let conclusive = 0;
      const hold = async (index: number): Promise<void> => {
        await sleep(index * (1_000 / LOCKS));
        const taken = performance.now();
        await cache.lock(`key-${index}`, 1);
        await sleep(taken + 900 - performance.now());
        const again = await cache.lock(`key-${index}`, 1);
        const after = performance.now() - taken;
        // A machine that was too busy to ask in time has shown nothing.
        if (after >= 1_000) return;
        conclusive += 1;
        if (again) early.push(after);
      };

      await Promise.all(Array.from({ length: LOCKS }, (_, index) => hold(index)));

      expect(early).toEqual([]);
      expect(conclusive).toBeGreaterThan(0);
    });

    it('are gone, and answer so, when the server has lost them', async () => {
      const [first, second] = [await cache.lock('a', 100), await cache.lock('b', 100)];
      await rawCommand(server.port, 'flush_all');

      const next = await cache.lock('a', 100);

      expect([await first!.extend(100), await first!.release()]).toEqual([false, false]);
      expect([await second!.extend(100), await second!.release()]).toEqual([false, false]);
      expect(await next!.release()).toBe(true);
    });

    it('are refused by a server that cannot tell whose they are', async () => {
      const without = await cacheOn(await servers.start(['-C']));

      await expect(without.lock('key', 100)).rejects.toMatchObject({
        code: 'CACHE_UNSUPPORTED',
        message: expect.stringContaining('Start the server without "-C"'),
      });
      // And nobody has to wait for it.
      await expect(without.lock('key', 100)).rejects.toMatchObject({ code: 'CACHE_UNSUPPORTED' });
      await without.close();
    });

    it('throw while the server is away, although reads miss', async () => {
      const lock = await cache.lock('key', 100);
      await server.stop();

      await expect(cache.lock('key', 100)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
      await expect(lock!.release()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
      expect(await cache.get('key')).toBeUndefined();
    });

    it('are never given out by another server in place of the one that is away', async () => {
      const other = await servers.start();
      const pool = await createCache({
        backend: 'memcached',
        location: [server.address, other.address],
        options: { client, ...PATIENT, failover: 'next' },
        logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      });
      await other.stop();

      const answers = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) => pool.lock(`key-${index}`, 100)),
      );

      const refused = answers.filter(({ status }) => status === 'rejected').length;
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThan(40);
      await pool.close();
    });
  });
});
