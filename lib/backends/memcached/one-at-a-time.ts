/**
 * The Jenkins one-at-a-time hash of a text's UTF-8.
 *
 * @returns An unsigned number of 32 bits. @see libhashkit, which takes bytes above 127 as negative
 */
export function oneAtATime(text: string): number {
  let hash = 0;
  for (const byte of Buffer.from(text)) {
    hash = (hash + ((byte << 24) >> 24)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}
