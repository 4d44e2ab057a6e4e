import { crc32 } from 'node:zlib';

/**
 * 15 bits of the key's CRC-32, modulo the number of servers. Another number of servers moves most keys.
 *
 * @see python-memcached, cmemcache_hash()
 */
export function pythonMemcached(nodes: readonly string[]): (key: string) => number {
  return (key) => ((crc32(key) >>> 16) & 0x7fff || 1) % nodes.length;
}
