import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createCache, type CacheService } from 'nestjs-cache-framework';
import { watchedCaches } from '../../support/load-caches.js';
import { freePort } from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import {
  startMetaScripted,
  type MetaScript,
  type MetaScripted,
  type MetaScriptedRequest,
} from '../../support/meta-scripted.js';

const CALLS: readonly (readonly [string, (cache: CacheService) => Promise<unknown>])[] = [
  ['get', (cache) => cache.get('key')],
  ['has', (cache) => cache.has('key')],
  ['getMany', (cache) => cache.getMany(['key'])],
  ['getOrSet', (cache) => cache.getOrSet('key', () => 'value')],
  ['set', (cache) => cache.set('key', 'value')],
  ['setMany', (cache) => cache.setMany({ key: 'value' })],
  ['add', (cache) => cache.add('key', 'value')],
  ['touch', (cache) => cache.touch('key', 60)],
  ['delete', (cache) => cache.delete('key')],
  ['deleteMany', (cache) => cache.deleteMany(['key'])],
  ['incr', (cache) => cache.incr('key')],
  ['ping', (cache) => cache.ping()],
];

describe('a memcached server of version 1.6.9', () => {
  const caches = watchedCaches(PATIENT);
  const servers: MetaScripted[] = [];

  afterEach(async () => {
    await caches.close();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function start(version: string, script: MetaScript = () => undefined) {
    const server = await startMetaScripted(script, { version });
    servers.push(server);
    return server;
  }

  it('is told of at once by a start that waits for its servers', async () => {
    const server = await start('VERSION 1.6.9');
    const location = server.address;

    await expect(
      createCache({ backend: 'memcached', location, options: PATIENT, waitForBackends: '1h' }),
    ).rejects.toMatchObject({ name: 'CacheConfigError', code: 'CACHE_OLD_SERVER' });
  });

  it.each(CALLS)('makes %s() fail with what to do, not miss in silence', async (_, call) => {
    const server = await start('VERSION 1.6.9');
    const cache = await caches.open([server]);

    await expect(call(cache)).rejects.toMatchObject({
      name: 'CacheConfigError',
      code: 'CACHE_OLD_SERVER',
      message: `memcached ${server.address} is version 1.6.9, but the meta protocol needs 1.6.10 or newer. Update the server, or use client: 'memjs'.`,
    });
    expect(server.received()).toBe('version\r\n');
  });

  it.each(['alone', 'beside one that is down'])(
    'makes a call on many keys fail where it is one of several, %s',
    async (how) => {
      const old = await start('VERSION 1.6.9');
      const down = how === 'alone' ? [] : [{ address: `127.0.0.1:${await freePort()}` }];
      const cache = await caches.open([...down, old, await start('VERSION 1.6.18', answerMiss)]);
      const names = Array.from({ length: 40 }, (_, index) => `k${index}`);

      const error = { name: 'CacheConfigError', code: 'CACHE_OLD_SERVER' };
      // Whichever server the first key is on.
      for (let first = 0; first < names.length; first += 1) {
        const keys = [...names.slice(first), ...names.slice(0, first)];
        const entries = keys.map((key) => [key, 'value'] as const);
        await expect(cache.getMany(keys)).rejects.toMatchObject(error);
        await expect(cache.setMany(entries)).rejects.toMatchObject(error);
        await expect(cache.deleteMany(keys)).rejects.toMatchObject(error);
      }
      // Nothing else; whether it was updated is looked for once a second.
      expect(old.received()).toMatch(/^(?:version\r\n)+$/);
    },
  );
});

/** A server that is well and empty. */
function answerMiss({ words, opaque }: MetaScriptedRequest, socket: Socket): void {
  const answers: Record<string, string> = { mg: 'EN', ms: 'HD', md: 'NF', mn: 'MN' };
  socket.write(`${answers[words[0]!]!} ${opaque}`.trimEnd() + '\r\n');
}
