import { createCache } from '../../dist/esm/index.js';
import { memory } from '../../dist/esm/backends/memory/index.js';

/** options.limitBytes: `maxBytes`. options.isolation: `copy` (default) or `freeze`. */
export async function make({ size, options = {} }) {
  const limitBytes = options.limitBytes ?? 8 * 2 ** 30;
  const cache = await createCache({
    backend: memory({ maxEntries: size * 2, maxBytes: limitBytes }),
    isolation: options.isolation ?? 'copy',
    timeout: 300,
  });
  return {
    limitBytes: options.limitBytes,
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300),
    getOrSet: (key, load) => cache.getOrSet(key, load, 300),
    close: () => cache.close(),
  };
}
