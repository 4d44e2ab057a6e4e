import { BentoCache, bentostore } from 'bentocache';
import { fileDriver } from 'bentocache/drivers/file';

/** Unbounded: it never culls; the thread that looks for expired files is off. */
export function make({ directory }) {
  const driver = fileDriver({ directory, pruneInterval: false });
  const cache = new BentoCache({
    default: 'bench',
    stores: { bench: bentostore().useL2Layer(driver) },
  });
  return {
    get: (key) => cache.get({ key }),
    set: (key, value) => cache.set({ key, value, ttl: 300_000 }),
    close: () => cache.disconnectAll(),
  };
}
