import { createHash } from 'node:crypto';

/**
 * The sha-256 of the parts of a key, in hex.
 *
 * Each part goes in with its length, so that no two lists of parts give the same digest.
 */
export function digestOf(parts: readonly string[]): string {
  const text = parts.map((part) => `${part.length}:${part}`).join('');
  // Code units, not UTF-8, which would make one of all lone surrogates.
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}
