import { createHash } from 'node:crypto';
import { BoundedMap } from '../core/bounded-map.js';

/** Most digests that are remembered, and the longest text of one in code units: 8 MiB of text at most. */
const MOST = 4_000;
const LONGEST = 1_024;

/** What is asked for often is asked under the same few keys, and a look here costs less than a digest. */
const known = new BoundedMap<string, string>(MOST);

/**
 * The sha-256 of the parts of a key, in hex.
 *
 * Each part goes in with its length, so that no two lists of parts give the same digest.
 */
export function digestOf(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  if (text.length > LONGEST) return sha256(text);
  let digest = known.get(text);
  if (digest === undefined) known.set(text, (digest = sha256(text)));
  return digest;
}

function sha256(text: string): string {
  // Code units, not UTF-8, which would make one of all lone surrogates.
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}
