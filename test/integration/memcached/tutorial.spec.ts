import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../../lib/core/cache.service.js';
import type { MemcachedCacheOptions } from '../../../lib/named-cache-options.interface.js';
import { createCache } from '../../../lib/create-cache.js';
import {
  describeWithMemcached,
  itemsOn,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import { CLIENTS } from '../../support/suite-memcached.js';

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('the tutorial on memcached', () => {
    const servers = memcachedServers();
    const caches: CacheService[] = [];
    let first: MemcachedServer;
    let second: MemcachedServer;
    let cache: CacheService;

    beforeAll(async () => {
      first = await servers.start();
      second = await servers.start();
    });
    afterAll(() => servers.stop());
    beforeEach(async () => {
      await Promise.all([first, second].map(({ port }) => rawCommand(port, 'flush_all')));
      cache = await open({ location: first.address });
    });
    afterEach(async () => {
      await Promise.all(caches.splice(0).map((each) => each.close()));
    });

    async function open(options: Partial<MemcachedCacheOptions>): Promise<CacheService> {
      const opened = await createCache({
        backend: 'memcached',
        options: { ...PATIENT, client },
        ...options,
      });
      caches.push(opened);
      return opened;
    }

    it('sets a name for 100 seconds and gets it', async () => {
      await cache.set('username', 'zhiliao', 100);

      expect(await cache.get('username')).toBe('zhiliao');
      expect(await rawCommand(first.port, 'mg :1:username v t')).toBe('VA 7 t100\r\nzhiliao\r\n');
    });

    it('fills both servers of a list', async () => {
      const both = await open({ location: [first.address, second.address] });

      await Promise.all(Array.from({ length: 100 }, (_, n) => both.set(`username${n}`, n)));

      const counts = await Promise.all([first, second].map(({ port }) => itemsOn(port)));
      expect(counts[0]! + counts[1]!).toBe(100);
      expect(counts.every((count) => count > 20)).toBe(true);
    });

    it.each([
      ['a function', djangoKey],
      ['an arrow', (key: string) => `django:${key}`],
    ])(
      'puts django:username on the server with a keyFunction that is %s',
      async (_, keyFunction) => {
        const named = await open({ location: first.address, keyFunction });

        await named.set('username', 'zhiliao');

        expect(await rawCommand(first.port, 'mg django:username v')).toBe('VA 7\r\nzhiliao\r\n');
        expect(await named.get('username')).toBe('zhiliao');
      },
    );

    it('sets several at once with a timeout', async () => {
      const failed = await cache.setMany({ username: 'zhiliao', age: 18 }, 60);

      expect(failed).toEqual([]);
      expect(await rawCommand(first.port, 'mg :1:username v t')).toBe('VA 7 t60\r\nzhiliao\r\n');
      expect(await rawCommand(first.port, 'mg :1:age v t')).toBe('VA 2 t60\r\n18\r\n');
      expect([...(await cache.getMany(['username', 'age', 'height']))]).toEqual([
        ['username', 'zhiliao'],
        ['age', 18],
      ]);
    });

    it('deletes', async () => {
      await cache.set('username', 'zhiliao');

      expect(await cache.delete('username')).toBe(true);
      expect(await rawCommand(first.port, 'mg :1:username v')).toBe('EN\r\n');
      expect(await cache.delete('username')).toBe(false);
    });

    it('counts up by 10 and down again', async () => {
      await cache.set('age', 18, 100);

      expect(await cache.incr('age', 10)).toBe(28);
      expect(await rawCommand(first.port, 'mg :1:age v t')).toBe('VA 2 t100\r\n28\r\n');
      expect(await cache.decr('age', 10)).toBe(18);
      await expect(cache.incr('height')).rejects.toMatchObject({ code: 'CACHE_KEY_NOT_FOUND' });
    });

    it('adds nothing over an existing key', async () => {
      await cache.set('username', 'zhiliao');

      expect(await cache.add('username', 'ketang')).toBe(false);
      expect(await rawCommand(first.port, 'mg :1:username v')).toBe('VA 7\r\nzhiliao\r\n');
      expect(await cache.add('nickname', 'ketang')).toBe(true);
    });

    it('marks text by 16, integers by 2 and bytes by 0, as Django does', async () => {
      await cache.set('text', 'zhiliao');
      await cache.set('integer', -42);
      await cache.set('bytes', Buffer.from('zhiliao'));

      expect(await rawCommand(first.port, 'mg :1:text v f')).toBe('VA 7 f16\r\nzhiliao\r\n');
      expect(await rawCommand(first.port, 'mg :1:integer v f')).toBe('VA 3 f2\r\n-42\r\n');
      expect(await rawCommand(first.port, 'mg :1:bytes v f')).toBe('VA 7 f0\r\nzhiliao\r\n');
    });

    it('clears what it set and nothing else', async () => {
      await cache.set('username', 'zhiliao');
      await rawCommand(first.port, 'set foreign 0 0 3\r\nyes');

      await cache.clear();

      expect(await cache.get('username')).toBeUndefined();
      expect(await rawCommand(first.port, 'mg foreign v')).toBe('VA 3\r\nyes\r\n');
    });
  });
});

function djangoKey(key: string): string {
  return `django:${key}`;
}
