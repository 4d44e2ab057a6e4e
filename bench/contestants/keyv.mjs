import { Keyv } from 'keyv';

/** Its default store: unbounded; values are kept as JSON. */
export function make() {
  const cache = new Keyv();
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300_000),
  };
}
