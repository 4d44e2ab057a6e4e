import { createCache } from '../../dist/esm/index.js';
import { file } from '../../dist/esm/backends/file/index.js';

/** options.io: `async` (default) or `sync`. options.maxEntries: when culling begins. */
export async function make({ size, directory, options = {} }) {
  const cache = await createCache({
    backend: file({
      location: directory,
      maxEntries: options.atCapacity ? size : size * 2,
      io: options.io ?? 'async',
    }),
    timeout: 300,
  });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300),
    close: () => cache.close(),
  };
}
