/**
 * The Jenkins one-at-a-time hash of the key, modulo the number of servers. Another number of servers moves most keys.
 *
 * @see libmemcached's default, which pylibmc and Django's PyLibMCCache use
 */
export function modula(nodes: readonly string[]): (key: string) => number {
  return (key) => oneAtATime(Buffer.from(key)) % nodes.length;
}

function oneAtATime(bytes: Uint8Array): number {
  let hash = 0;
  for (const byte of bytes) {
    // libmemcached takes bytes above 127 as negative.
    hash = (hash + ((byte << 24) >> 24)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}
