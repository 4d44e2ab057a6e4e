import { Cacheable } from 'cacheable';

/** Its default store: unbounded; values are cloned. */
export function make() {
  const cache = new Cacheable();
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300_000),
    getOrSet: (key, load) => cache.getOrSet(key, load, { ttl: 300_000 }),
  };
}
