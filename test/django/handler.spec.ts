import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fakeClock } from 'nestjs-cache-framework/testing';
import { dummy } from '../../lib/backends/dummy/index.js';
import { memcached } from '../../lib/backends/memcached/index.js';
import { memory } from '../../lib/backends/memory/index.js';
import type { CacheBackendFactory } from '../../lib/core/cache-backend.interface.js';
import type { CacheOptions } from '../../lib/core/cache-options.interface.js';
import { CacheRegistry } from '../../lib/core/cache.registry.js';
import { json } from '../../lib/serializers/json/index.js';

const KEY = 'some key with spaces'.repeat(15);

describe('CacheHandlerTest', () => {
  it('one alias is one object [test_same_instance]', async () => {
    const caches = await registryOf({ default: {} });

    expect(caches.get('default')).toBe(caches.get());
    await caches.close();
  });

  it('an alias that is not configured is told with those that are [test_nonexistent_alias]', async () => {
    const caches = await registryOf({ default: {}, sessions: { backend: 'dummy' } });

    const look = async (): Promise<unknown> => caches.get('nonexistent');
    await expect(look()).rejects.toMatchObject({
      code: 'CACHE_UNKNOWN_ALIAS',
      message: expect.stringContaining('default, sessions') as unknown,
    });
    await caches.close();
  });

  it('a backend that is not known is told at start [test_nonexistent_backend]', async () => {
    await expect(registryOf({ default: { backend: 'memroy' } })).rejects.toMatchObject({
      code: 'CACHE_UNKNOWN_BACKEND',
      message: expect.stringContaining('"memroy"') as unknown,
    });
  });

  it('all caches can be listed [test_all]', async () => {
    const caches = await registryOf({ default: {}, one: {}, two: { backend: 'dummy' } });

    expect(caches.aliases()).toEqual(['default', 'one', 'two']);
    expect(caches.all()).toEqual([caches.get(), caches.get('one'), caches.get('two')]);
    await caches.close();
  });
});

describe('CacheClosingTests', () => {
  it('closing the registry closes every cache, once [test_close]', async () => {
    const closed: string[] = [];
    const caches = await registryOf({
      default: { backend: closing('default', closed) },
      other: { backend: closing('other', closed) },
    });

    await caches.close();
    await caches.close();

    expect(closed.toSorted()).toEqual(['default', 'other']);
    await expect(caches.get().get('key')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });
});

describe('CacheClosingTests of caches that were not used', () => {
  it('closing them connects to nothing [test_close_only_initialized]', async () => {
    const connected: unknown[] = [];
    const server = createServer((socket) => connected.push(socket.destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const caches = await registryOf({
      default: { backend: memcached({ location: `127.0.0.1:${port}` }) },
    });

    await caches.close();

    server.close();
    await once(server, 'close');
    expect(connected).toEqual([]);
  });
});

describe('CustomCacheKeyValidationTests', () => {
  it('a backend without limits takes any key as it is [test_custom_key_validation]', async () => {
    const seen: string[] = [];
    const caches = await registryOf({ default: { backend: recording(seen) } });

    await caches.get().set(KEY, 'a value');

    expect(seen).toEqual([`:1:${KEY}`]);
    await caches.close();
  });
});

describe('DefaultNonExpiringCacheKeyTests', () => {
  let caches: CacheRegistry;

  beforeEach(async () => {
    caches = await registryOf({ default: {}, endless: { timeout: null, location: 'endless' } });
  });

  afterEach(async () => {
    await caches.close();
  });

  it('the default timeout is five minutes [test_default_expiration_time_for_keys_is_5_minutes]', async () => {
    await caches.get().add('key', 'value');

    expect(await caches.get().ttl('key')).toBe(300);
  });

  it('a cache without a timeout has the default [test_caches_with_unset_timeout_has_correct_default_timeout]', async () => {
    await caches.get().touch('key');
    await caches.get().setMany({ key: 'value' });

    expect(await caches.get().ttl('key')).toBe(300);
  });

  it('the timeout null stays null [test_caches_set_with_timeout_as_none_has_correct_default_timeout]', async () => {
    await caches.get('endless').setMany({ key: 'value' });

    expect(await caches.get('endless').ttl('key')).toBeNull();
  });

  it('a key gets an expiry where no timeout is set [test_caches_with_unset_timeout_set_expiring_key]', async () => {
    await caches.get().set('key', 'value');

    expect(await caches.get().ttl('key')).toBe(300);
  });

  it('a key gets none where the timeout is null [test_caches_set_with_timeout_as_none_set_non_expiring_key]', async () => {
    await caches.get('endless').set('another key', 'value');

    expect(await caches.get('endless').ttl('another key')).toBeNull();
  });
});

function registryOf(caches: Record<string, CacheOptions>): Promise<CacheRegistry> {
  return CacheRegistry.open({
    caches,
    backends: { memory: async () => memory, dummy: async () => dummy },
    serializer: json(),
    clock: fakeClock(),
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
  });
}

function closing(name: string, closed: string[]): CacheBackendFactory {
  return async (context) =>
    Object.assign(await dummy()(context), {
      close: async () => {
        closed.push(name);
      },
    });
}

function recording(keys: string[]): CacheBackendFactory {
  return async (context) =>
    Object.assign(await dummy()(context), {
      set: async (key: string) => {
        keys.push(key);
        return true;
      },
    });
}
