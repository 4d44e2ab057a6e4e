import { Client } from 'memjs';

/**
 * Values are buffers both ways, so texts and JSON are the caller's. No multi-get: gets at once. Its timeout is lifted as
 * everybody's is (in seconds here).
 */
export function make({ ports, kind }) {
  const client = Client.create(`127.0.0.1:${ports.memcached}`, { timeout: 5, keepAlive: true });
  const isRecord = kind === 'record';
  const get = async (key) => {
    const { value } = await client.get(`memjs:1:${key}`);
    if (value === null) return undefined;
    return isRecord ? JSON.parse(value) : value.toString();
  };
  return {
    get,
    set: (key, value) =>
      client.set(`memjs:1:${key}`, isRecord ? JSON.stringify(value) : value, { expires: 3_600 }),
    getMany: (keys) => Promise.all(keys.map(get)),
    close: () => client.quit(),
  };
}
