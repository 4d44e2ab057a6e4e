import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../../lib/core/cache.service.js';
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

const ATTACKS = [
  'x\r\nset pwn 0 60 3\r\nbad',
  'x 0 60 3\r\nbad\r\nset pwn 0 60 3\r\nbad\r\n',
  '\r\nflush_all\r\n',
  'a b',
  'a\tb',
  'a\0b',
  'a\u007fb',
  '\u0001',
  ' ',
  'k'.repeat(300),
  'é'.repeat(130),
  'k'.repeat(1 << 20),
  '../x',
  '/etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  '\ud800',
  '~clear:',
  '~clear:shop',
  '日本語😀',
];

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('keys that attack', () => {
    const servers = memcachedServers();
    let server: MemcachedServer;
    let cache: CacheService;

    // A fresh one for each test: after flush_all, a server still counts what it has not come across.
    beforeEach(async () => {
      server = await servers.start();
    });
    afterEach(async () => {
      await cache.close();
      await servers.stop();
    });

    it.each(['', 'shop'])(
      'work, and put nothing but themselves there: keyPrefix "%s"',
      async (keyPrefix) => {
        cache = await createCache({
          backend: 'memcached',
          location: server.address,
          options: { ...PATIENT, client },
          keyPrefix,
        });
        await rawCommand(server.port, 'set canary 0 0 4\r\nsong');

        for (const [index, key] of ATTACKS.entries()) {
          expect(await cache.set(key, index, 60)).toBe(true);
          expect(await cache.add(key, 'other')).toBe(false);
          expect(await cache.touch(key, 120)).toBe(true);
          expect(await cache.incr(key, 1)).toBe(index + 1);
        }
        const found = await cache.getMany(ATTACKS);

        expect([...found.values()]).toEqual(ATTACKS.map((_, index) => index + 1));
        expect(await itemsOn(server.port)).toBe(ATTACKS.length + 1);
        expect(await cache.deleteMany(ATTACKS)).toBe(ATTACKS.length);
        expect(await itemsOn(server.port)).toBe(1);
        expect(await rawCommand(server.port, 'mg canary v')).toBe('VA 4\r\nsong\r\n');
      },
    );

    it('in a keyPrefix keep to their own scope', async () => {
      cache = await createCache({
        backend: 'memcached',
        location: server.address,
        options: { ...PATIENT, client },
        keyPrefix: 'x\r\nset pwn 0 60 3\r\nbad\r\n',
      });
      await rawCommand(server.port, 'set canary 0 0 4\r\nsong');

      await cache.set('key', 'value');
      await cache.clear();

      expect(await cache.get('key')).toBeUndefined();
      expect(await rawCommand(server.port, 'mg pwn v\r\nmg canary v')).toBe(
        'EN\r\nVA 4\r\nsong\r\n',
      );
    });

    it.each([
      ['a timeout', () => cache.set('key', 1, '1\r\nflush_all' as unknown as number)],
      ['a delta', () => cache.incr('key', '1\r\nflush_all' as unknown as number)],
    ])('refuse text as %s before anything is sent', async (_, call) => {
      cache = await createCache({
        backend: 'memcached',
        location: server.address,
        options: { ...PATIENT, client },
      });
      await rawCommand(server.port, 'set canary 0 0 4\r\nsong');

      await expect(call()).rejects.toThrow(TypeError);

      expect(await itemsOn(server.port)).toBe(1);
      expect(await rawCommand(server.port, 'mg canary v')).toBe('VA 4\r\nsong\r\n');
    });
  });
});
