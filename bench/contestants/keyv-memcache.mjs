import { KeyvMemcache } from '@keyv/memcache';
import { Keyv } from 'keyv';

/** memjs below; values are kept as JSON, and its `getMany` is gets at once. The timeout is memjs's, lifted as there. */
export function make({ ports }) {
  const store = new KeyvMemcache(`127.0.0.1:${ports.memcached}`, { timeout: 5, keepAlive: true });
  const cache = new Keyv({ store, namespace: 'keyv' });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, 3_600_000),
    getMany: (keys) => cache.getMany(keys),
    close: () => store.client.quit(),
  };
}
