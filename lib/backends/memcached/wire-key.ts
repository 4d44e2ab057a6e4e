import { createHash } from 'node:crypto';
import { MEMCACHED_KEY_LIMITS } from '../../core/key-builder.js';
import { illegalKey } from './memcached.errors.js';

const MAX_BYTES = MEMCACHED_KEY_LIMITS.maxBytes;
const PLAIN = /^[\x21-\x7e]+$/;
// oxlint-disable-next-line no-control-regex -- these are what a key may not hold
const UNPRINTABLE = /[\x00-\x20\x7f]/;

/**
 * The key as the server sees it.
 *
 * Without a generation (0) it is the final key itself, so that Django's clients find it. With one it is put in front:
 * `~generation~key`, or `~generation#sha-256` where that is too long for memcached. Final keys never begin with "~", and
 * a generation has no "~" or "#", so no two keys meet.
 *
 * @throws {InvalidCacheKeyError} if memcached cannot take the key.
 */
export function wireKey(key: string, generation: number): string {
  checkKey(key);
  if (generation === 0) return key;
  const number = generation.toString(36);
  const wire = `~${number}~${key}`;
  return fits(wire) ? wire : `~${number}#${sha256(key)}`;
}

/** The key under which the number of a scope is kept on every server: `~clear:scope`. */
export function numberKey(scope: string): string {
  const key = `~clear:${scope}`;
  const isPlain = PLAIN.test(key) && key.length <= MAX_BYTES && !scope.startsWith('~');
  return isPlain ? key : `~clear:~${sha256(scope)}`;
}

function checkKey(key: string): void {
  if (key.length <= MAX_BYTES && PLAIN.test(key)) return;
  if (key === '') throw illegalKey(key, 'it is empty');
  if (UNPRINTABLE.test(key)) throw illegalKey(key, 'it holds a blank or a control character');
  if (!key.isWellFormed()) throw illegalKey(key, 'it holds half of a surrogate pair');
  if (!fits(key)) {
    throw illegalKey(key, `it has ${Buffer.byteLength(key)} bytes and the limit is ${MAX_BYTES}`);
  }
}

function fits(key: string): boolean {
  return key.length <= MAX_BYTES && Buffer.byteLength(key) <= MAX_BYTES;
}

function sha256(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}
