import { createHash } from 'node:crypto';
import { MEMCACHED_KEY_LIMITS } from '../../core/key-builder.js';
import { illegalKey } from './memcached.errors.js';

const MAX_BYTES = MEMCACHED_KEY_LIMITS.maxBytes;
const PLAIN = /^[\x21-\x7e]+$/;
// oxlint-disable-next-line no-control-regex -- these are what a key may not hold
const UNPRINTABLE = /[\x00-\x20\x7f]/;

/**
 * True if the key is plain ASCII, so that a command with it is sent byte for character. Every client asks this of every key
 * that it sends: whoever could put a line end into one could give the server commands of their own. (CVE-2020-13254)
 *
 * @throws {InvalidCacheKeyError} if memcached cannot take it.
 */
export function isAsciiKey(key: string): boolean {
  if (key.length <= MAX_BYTES && PLAIN.test(key)) return true;
  if (key === '') throw illegalKey(key, 'it is empty');
  if (UNPRINTABLE.test(key)) throw illegalKey(key, 'it holds a blank or a control character');
  if (!key.isWellFormed()) throw illegalKey(key, 'it holds half of a surrogate pair');
  if (fits(key)) return false;
  throw illegalKey(key, `it has ${Buffer.byteLength(key)} bytes and the limit is ${MAX_BYTES}`);
}

/**
 * The key as the server sees it. Whether it can be sent is for the client to check.
 *
 * Without a generation (0) it is the final key itself, so that Django's clients find it. With one it is put in front:
 * `~generation~key`, or `~generation#sha-256` where that is too long for memcached. Final keys of users never
 * begin with "~", those of the package's own begin with "~", a word and ":", and a generation has none of "~", "#" and ":", so
 * no two keys meet.
 */
export function wireKey(key: string, generation: number): string {
  if (generation === 0) return key;
  const number = generation.toString(36);
  const wire = `~${number}~${key}`;
  return fits(wire) ? wire : `~${number}#${sha256(key)}`;
}

/**
 * The key beside an item that holds its lease where none is kept in its place: `~lease~key`, or `~lease#sha-256`. `clear()`
 * does not move it.
 */
export function leaseKey(key: string): string {
  return ownKey('lease', key);
}

/** The key that holds the lock that users of the cache take on a key: `~lock~key`, or `~lock#sha-256`. `clear()` does not move it. */
export function lockKey(key: string): string {
  return ownKey('lock', key);
}

/** The key under which the number of a scope is kept on every server: `~clear:scope`. */
export function numberKey(scope: string): string {
  const key = `~clear:${scope}`;
  const isPlain = PLAIN.test(key) && key.length <= MAX_BYTES && !scope.startsWith('~');
  return isPlain ? key : `~clear:~${sha256(scope)}`;
}

function ownKey(kind: string, key: string): string {
  const wire = `~${kind}~${key}`;
  return fits(wire) ? wire : `~${kind}#${sha256(key)}`;
}

function fits(key: string): boolean {
  return key.length <= MAX_BYTES && Buffer.byteLength(key) <= MAX_BYTES;
}

function sha256(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}
