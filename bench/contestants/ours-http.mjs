import { CacheModule, CachePage } from '../../dist/esm/index.js';
import { nestServer } from '../harness/nest-server.mjs';

/**
 * options.platform: `express` or `fastify`. options.backend: `memory` or `memcached`, whose deadline is lifted as the peers'
 * timeouts are: on a busy machine a hit would be a miss. options.early: pages are sent in front of the router.
 */
export function make({ size, kind, ports, options: { platform, backend, early } }) {
  const caches = {
    // A page, and the stamp of its path.
    memory: { backend: 'memory', options: { maxEntries: size * 4 } },
    memcached: {
      backend: 'memcached',
      location: `127.0.0.1:${ports.memcached}`,
      keyPrefix: `ours-${early ? 'early-' : ''}${platform}-${kind}`,
      options: { deadlineMs: 5_000 },
    },
  };
  return nestServer({
    platform,
    kind,
    imports: [CacheModule.forRoot(caches[backend])],
    decorators: [CachePage('1h', { early })],
  });
}
