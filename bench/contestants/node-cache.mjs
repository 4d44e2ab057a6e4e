import NodeCache from 'node-cache';

/** Synchronous, unbounded; values are cloned. */
export function make() {
  const cache = new NodeCache({ stdTTL: 300 });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 300),
    close: () => cache.close(),
  };
}
