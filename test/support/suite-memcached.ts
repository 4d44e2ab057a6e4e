import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { memcached } from '../../lib/backends/memcached/index.js';
import { PATIENT } from './memcached-backends.js';
import { type MemcachedServer, startMemcached } from './memcached.js';
import { placeOn, type PlaceMaker } from './suite-place.js';

/** Starts a server for the tests of this `describe`, and stops it after them. */
export function serverForAll(args: readonly string[] = []): () => MemcachedServer {
  let server: MemcachedServer | undefined;
  beforeAll(async () => {
    server = await startMemcached(args);
  });
  afterAll(async () => {
    await server?.stop();
  });
  return () => server!;
}

/** What can speak to a memcached server; whatever holds, holds for all of them. */
export const CLIENTS = ['meta', 'memjs'] as const;

/** Places on a memcached server, told apart by the beginning of the key. Time really passes. */
export function memcachedPlaces(
  server: () => Pick<MemcachedServer, 'address'>,
  client: (typeof CLIENTS)[number] = 'meta',
): PlaceMaker {
  return {
    backend: 'memcached',
    realTime: true,
    make: (_, wrap) =>
      placeOn(
        {
          backend: 'memcached',
          factory: (options) =>
            memcached({ location: server().address, client, ...PATIENT, ...options }),
          tellsTtl: client === 'meta',
          prefix: `t-${randomUUID().slice(0, 13)}`,
        },
        undefined,
        wrap,
      ),
  };
}
