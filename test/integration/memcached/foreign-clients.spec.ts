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

const EMPTY = Buffer.alloc(0);

describeWithMemcached('memcached with keys that foreign clients use too', () => {
  const servers = memcachedServers();

  describe.each(CLIENTS)('over %s', (client) => {
    let server: MemcachedServer;
    let cache: CacheService;

    beforeEach(async () => {
      server = await servers.start();
      cache = await createCache({
        backend: 'memcached',
        location: server.address,
        options: { django: { client: 'pymemcache' }, client, ...PATIENT },
      });
    });
    afterEach(async () => {
      await cache.close();
      await servers.stop();
    });

    it('takes the empty bytes that Django stored for a value', async () => {
      await rawCommand(server.port, 'set :1:empty 0 100 0\r\n\r\n');

      expect(await cache.get('empty')).toEqual(EMPTY);
      expect(await cache.getMany(['empty'])).toEqual(new Map([['empty', EMPTY]]));
      expect(await cache.has('empty')).toBe(true);
      expect(await cache.add('empty', 'other')).toBe(false);
      expect(await cache.touch('empty', 200)).toBe(true);
      expect((await cache.backend.lease!(':1:empty', {})).payload).toBeDefined();
      expect(await rawCommand(server.port, 'mg :1:empty s f v')).toBe('VA 0 s0 f0\r\n\r\n');
    });

    it('stores empty bytes as Python clients know them', async () => {
      await cache.set('empty', EMPTY);
      await cache.setMany({ many: EMPTY });
      const { lease } = await cache.backend.lease!(':1:leased', {});
      await lease!.fill({ flags: 1024, data: '' }, 100);

      for (const key of ['empty', 'many', 'leased']) {
        expect(await rawCommand(server.port, `mg :1:${key} s f v`)).toBe('VA 0 s0 f0\r\n\r\n');
        expect(await cache.get(key)).toEqual(EMPTY);
      }
    });

    it('never shows them a lease', async () => {
      const { lease } = await cache.backend.lease!(':1:key', {});

      expect(lease).toBeDefined();
      expect(await rawCommand(server.port, 'get :1:key')).toBe('END\r\n');
      expect(await rawCommand(server.port, 'add :1:key 0 100 2\r\nhi')).toBe('STORED\r\n');
      expect(await lease!.fill({ flags: 16, data: 'late' }, 100)).toBe(false);
    });

    it('does not store what was loaded before a delete that was made good later', async () => {
      await cache.close();
      cache = await createCache({
        backend: 'memcached',
        location: server.address,
        options: { foreignClients: true, client, deadlineMs: 1_000 },
        logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      });
      const { lease } = await cache.backend.lease!(':1:key', {});
      await server.kill('SIGSTOP');
      // From here on the server is known to be away, and nothing is sent to it.
      expect(await cache.get('other')).toBeUndefined();
      expect(await cache.delete('key')).toBe(false);
      await server.kill('SIGCONT');

      const end = Date.now() + 9_000;
      while (!(await cache.set('back', 'yes')) && Date.now() < end) await sleep(20);

      expect(await cache.get('back')).toBe('yes');
      expect(await lease!.fill({ flags: 16, data: 'old' }, 100)).toBe(false);
      expect(await cache.get('key')).toBeUndefined();
    });
  });
});
