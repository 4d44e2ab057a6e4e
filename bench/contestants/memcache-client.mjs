import { MemcacheClient } from 'memcache-client';

/** One connection, as it comes; `noDelay` as its documentation has it for short waits. It knows JSON itself; multi-get. */
export function make({ ports }) {
  const client = new MemcacheClient({ server: `127.0.0.1:${ports.memcached}`, noDelay: true });
  return {
    get: async (key) => (await client.get(`memcache-client:1:${key}`))?.value,
    set: (key, value) => client.set(`memcache-client:1:${key}`, value, { lifetime: 3_600 }),
    getMany: (keys) => client.get(keys.map((key) => `memcache-client:1:${key}`)),
    close: () => client.shutdown(),
  };
}
