import { createCache } from '../../dist/esm/index.js';
import { memcached } from '../../dist/esm/backends/memcached/index.js';

/**
 * options.client: `meta` (default) or `memjs`. As it comes, but for the deadline: a round of 1,000 large values may take
 * longer on a busy machine than an application would wait.
 */
export async function make({ ports, options = {} }) {
  const { client = 'meta' } = options;
  const cache = await createCache({
    backend: memcached({ location: `127.0.0.1:${ports.memcached}`, client }),
    keyPrefix: `ours-${client}`,
    timeout: 3_600,
    onError: 'throw',
  });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: (keys) => cache.getMany(keys),
    close: () => cache.close(),
  };
}
