import { UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CacheModule, CacheTTL } from '../../dist/esm/index.js';
import { nestServer } from '../harness/nest-server.mjs';

/**
 * options.platform: `express` or `fastify`. options.backend: `memory` or `memcached`, whose deadline is lifted as the peers'
 * timeouts are: on a busy machine a hit would be a miss.
 */
export function make({ size, kind, ports, options: { platform, backend } }) {
  const caches = {
    // A page, and the stamp of its path.
    memory: { backend: 'memory', options: { maxEntries: size * 4 } },
    memcached: {
      backend: 'memcached',
      location: `127.0.0.1:${ports.memcached}`,
      keyPrefix: `ours-${platform}-${kind}`,
      options: { deadlineMs: 5_000 },
    },
  };
  return nestServer({
    platform,
    kind,
    imports: [CacheModule.forRoot(caches[backend])],
    decorators: [UseInterceptors(CacheInterceptor), CacheTTL('1h')],
  });
}
