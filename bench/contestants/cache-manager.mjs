import { createCache } from 'cache-manager';

/** Its default store: unbounded, and values are handed out as they are, uncopied. */
export function make() {
  const cache = createCache({ ttl: 300_000 });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300_000),
    getOrSet: (key, load) => cache.wrap(key, load, 300_000),
  };
}
