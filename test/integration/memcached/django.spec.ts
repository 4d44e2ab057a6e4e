import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MemcachedCacheOptions } from '../../../lib/named-cache-options.interface.js';
import type { CacheService } from '../../../lib/core/cache.service.js';
import { createCache } from '../../../lib/create-cache.js';
import { describeUnless, memcachedMissing, memcachedServers } from '../../support/memcached.js';
import { callDjango, djangoMissing } from '../../support/memcached-django.js';
import { PATIENT } from '../../support/memcached-backends.js';
import { CLIENTS } from '../../support/suite-memcached.js';

describe.each(CLIENTS)('over %s', (client) => {
  describeUnless(memcachedMissing ?? djangoMissing, 'Django on the same memcached servers', () => {
    const servers = memcachedServers();
    const caches: CacheService[] = [];
    let location: string[];

    beforeAll(async () => {
      const started = [await servers.start(), await servers.start(), await servers.start()];
      location = started.map(({ address }) => address);
    });
    afterAll(() => servers.stop());
    afterEach(async () => {
      await Promise.all(caches.splice(0).map((cache) => cache.close()));
      callDjango({ location }, [['clear', []]]);
    });

    async function open(more: Partial<MemcachedCacheOptions> = {}): Promise<CacheService> {
      const options = { ...PATIENT, client, ...more.options };
      const cache = await createCache({ backend: 'memcached', location, ...more, options });
      caches.push(cache);
      return cache;
    }

    it('reads the text, integers and bytes that are set here', async () => {
      const cache = await open();
      await cache.set('text', 'zhiliao 知了');
      await cache.set('integer', -42);
      await cache.set('bytes', Buffer.from([0, 255, 10]));

      const answers = callDjango({ location }, [
        ['get', ['text']],
        ['get', ['integer']],
        ['get', ['bytes']],
      ]);

      expect(answers).toEqual(['zhiliao 知了', -42, { bytes: '00ff0a' }]);
    });

    it('hands out what is stored as JSON here as text that is JSON', async () => {
      const cache = await open();
      await cache.set('user', { name: 'zhiliao', age: 18 });

      const [answer] = callDjango({ location }, [['get', ['user']]]);

      expect(JSON.parse(answer as string)).toEqual({ name: 'zhiliao', age: 18 });
    });

    it('sets text, integers and bytes that are read here', async () => {
      const cache = await open();

      callDjango({ location }, [
        ['set', ['text', 'zhiliao 知了', 60]],
        ['set', ['integer', 42, 60]],
        ['set', ['bytes', { bytes: '00ff0a' }, 60]],
      ]);

      expect(await cache.get('text')).toBe('zhiliao 知了');
      expect(await cache.get('integer')).toBe(42);
      expect(await cache.get('bytes')).toEqual(Buffer.from([0, 255, 10]));
    });

    it('shares counters, both ways', async () => {
      const cache = await open();
      await cache.set('counter', 10);

      expect(callDjango({ location }, [['incr', ['counter', 5]]])).toEqual([15]);
      expect(await cache.incr('counter', 5)).toBe(20);
      expect(await cache.decr('counter', 11)).toBe(9);
      expect(callDjango({ location }, [['get', ['counter']]])).toEqual([9]);
    });

    it('sees the same entry for add, touch and delete', async () => {
      const cache = await open();

      expect(callDjango({ location }, [['add', ['key', 'theirs', 60]]])).toEqual([true]);
      expect(await cache.add('key', 'ours')).toBe(false);
      expect(await cache.delete('key')).toBe(true);
      expect(callDjango({ location }, [['touch', ['key', 60]]])).toEqual([false]);
    });

    it('agrees on keyPrefix and version', async () => {
      const cache = await open({ keyPrefix: 'shop', version: 2 });
      const settings = { KEY_PREFIX: 'shop', VERSION: 2 };
      await cache.set('key', 'ours');

      const answers = callDjango({ location, settings }, [
        ['get', ['key']],
        ['get', ['key', null, 1]],
      ]);

      expect(answers).toEqual(['ours', null]);
    });

    it('finds all of 300 keys that are set here, on three servers', async () => {
      const cache = await open();
      const keys = Array.from({ length: 300 }, (_, index) => `key-${index}-é`);
      await cache.setMany(new Map(keys.map((key, index) => [key, index])));

      const [answer] = callDjango({ location }, [['get_many', [keys]]]);

      expect(answer).toEqual(Object.fromEntries(keys.map((key, index) => [key, index])));
    });

    it('sets 300 keys, on three servers, that are all found here', async () => {
      const cache = await open();
      const keys = Array.from({ length: 300 }, (_, index) => `key-${index}-é`);
      const entries = Object.fromEntries(keys.map((key, index) => [key, index]));

      expect(callDjango({ location }, [['set_many', [entries, 60]]])).toEqual([[]]);

      expect(Object.fromEntries(await cache.getMany(keys))).toEqual(entries);
    });

    it.each([
      ['modula', undefined],
      ['ketama', { OPTIONS: { behaviors: { ketama: true } } }],
    ] as const)('finds the same 300 keys through pylibmc with %s', async (placement, settings) => {
      const cache = await open({ options: { placement } });
      const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`);
      await cache.setMany(new Map(keys.map((key, index) => [key, index])));

      const [answer] = callDjango(
        { backend: 'PyLibMCCache', location, ...(settings ? { settings } : {}) },
        [['get_many', [keys]]],
      );

      expect(answer).toEqual(Object.fromEntries(keys.map((key, index) => [key, index])));
    });

    it('goes on finding the keys after clear() with clear: "flush"', async () => {
      const cache = await open({ options: { clear: 'flush' } });
      await cache.set('before', 1);

      await cache.clear();
      await cache.set('after', 2);

      expect(
        callDjango({ location }, [
          ['get', ['before']],
          ['get', ['after']],
        ]),
      ).toEqual([null, 2]);
    });
  });
});
