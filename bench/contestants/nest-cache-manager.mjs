import { KeyvMemcache } from '@keyv/memcache';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { UseInterceptors } from '@nestjs/common';
import { Keyv } from 'keyv';
import { nestServer } from '../harness/nest-server.mjs';

const HOUR_MS = 3_600_000;

/**
 * Keeps the value of the handler, which is serialised anew for each answer. In memory that is its default store, which
 * hands out values as they are; memcached stands behind Keyv, where values are JSON. Its timeout is lifted, as for the
 * clients of memcached.
 */
export async function make({ kind, ports, options: { platform, backend } }) {
  const isMemory = backend === 'memory';
  const client = isMemory
    ? undefined
    : new KeyvMemcache(`127.0.0.1:${ports.memcached}`, { timeout: 5, keepAlive: true });
  const stores = client && [new Keyv({ store: client, namespace: `nest-${platform}-${kind}` })];
  const server = await nestServer({
    platform,
    kind,
    imports: [CacheModule.register({ ttl: HOUR_MS, ...(stores && { stores }) })],
    decorators: [UseInterceptors(CacheInterceptor)],
  });
  return {
    ...server,
    close: async () => {
      await server.close();
      client?.client.quit();
    },
  };
}
