import { Redis } from 'ioredis';

/**
 * Redis, for comparison: a server of another kind. Values are texts, so JSON is the caller's.
 * options.autoPipelining: what its documentation advises for many calls at once; off as it comes.
 */
export function make({ ports, kind, options = {} }) {
  const client = new Redis({
    port: ports.redis,
    host: '127.0.0.1',
    keyPrefix: options.autoPipelining ? 'pipelined:1:' : 'ioredis:1:',
    enableAutoPipelining: options.autoPipelining ?? false,
  });
  const isRecord = kind === 'record';
  return {
    get: async (key) => {
      const text = await client.get(key);
      return isRecord ? JSON.parse(text) : text;
    },
    set: (key, value) => client.set(key, isRecord ? JSON.stringify(value) : value, 'EX', 3_600),
    getMany: (keys) => client.mget(keys),
    close: () => client.quit(),
  };
}
