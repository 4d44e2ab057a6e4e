import { promisify } from 'node:util';
import Memcached from 'memcached';

/** Up to ten connections, as it comes. It knows JSON itself; multi-get. */
export function make({ ports }) {
  const client = new Memcached(`127.0.0.1:${ports.memcached}`, { namespace: 'memcached:1:' });
  const set = promisify(client.set).bind(client);
  return {
    get: promisify(client.get).bind(client),
    set: (key, value) => set(key, value, 3_600),
    getMany: promisify(client.getMulti).bind(client),
    close: () => client.end(),
  };
}
