import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';

/** One level in memory, bounded by entries; values are kept as JSON. */
export function make({ size }) {
  const cache = new BentoCache({
    default: 'bench',
    stores: { bench: bentostore().useL1Layer(memoryDriver({ maxItems: size * 2 })) },
  });
  return {
    get: (key) => cache.get({ key }),
    set: (key, value) => cache.set({ key, value, ttl: 300_000 }),
    getOrSet: (key, load) => cache.getOrSet({ key, factory: load, ttl: 300_000 }),
  };
}
