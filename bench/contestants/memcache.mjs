import { Memcache } from 'memcache';

/**
 * One connection a server; values are texts, so JSON is the caller's; multi-get. Its timeout is also how long a connection
 * may lie idle, after which the gets under way are misses; here it lies idle while the others have their turns.
 */
export async function make({ ports, kind }) {
  const client = new Memcache({ nodes: [`127.0.0.1:${ports.memcached}`], timeout: 600_000 });
  const isRecord = kind === 'record';
  return {
    get: async (key) => {
      const text = await client.get(`memcache:1:${key}`);
      return isRecord && text !== undefined ? JSON.parse(text) : text;
    },
    set: (key, value) =>
      client.set(`memcache:1:${key}`, isRecord ? JSON.stringify(value) : value, 3_600),
    getMany: (keys) => client.gets(keys.map((key) => `memcache:1:${key}`)),
    close: () => client.quit(),
  };
}
