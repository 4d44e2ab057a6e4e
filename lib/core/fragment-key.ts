import { createHash } from 'node:crypto';
import { describe } from './option-checks.js';

/** What a fragment may vary on. */
export type FragmentPart = string | number | bigint | boolean | null;

const PLAIN = /^[\x21-\x7d]+$/;
// Room for a prefix and a version within the 250 bytes that memcached takes.
const MOST_PLAIN = 150;

/**
 * The key under which `CacheService.fragment()` keeps what it rendered, so that it can be removed:
 * `cache.delete(fragmentKey('sidebar', [user.id]))`.
 *
 * Two lists never meet in one key: every part bears its type and its length, and 7, "7" and 7n are three different things.
 *
 * @param name The fragment's name. @param varyOn The values that it depends on, in order. Default: none.
 * @throws {TypeError} if the name is not a non-empty text, or for a value of another type, or `NaN` and the infinities.
 */
export function fragmentKey(name: string, varyOn: Iterable<FragmentPart> = []): string {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(
      `The name of a fragment must be a non-empty text, but ${name === '' ? 'an empty one' : describe(name)} was given.`,
    );
  }
  if (typeof varyOn === 'string') {
    throw new TypeError(
      `What the fragment "${name}" varies on must be a list, but a text was given.`,
    );
  }
  let parts = `${name.length}:${name}`;
  for (const part of varyOn) parts += `:${writtenPart(name, part)}`;
  if (parts.length <= MOST_PLAIN && PLAIN.test(parts)) return `fragment:${parts}`;
  const hash = createHash('sha256').update(Buffer.from(parts, 'utf16le')).digest('hex');
  return `fragment:#${hash}`;
}

function writtenPart(name: string, part: FragmentPart): string {
  switch (typeof part) {
    case 'string':
      return `s${part.length}:${part}`;
    case 'bigint':
      return `b${part}`;
    case 'boolean':
      return part ? 't' : 'f';
    case 'number':
      if (Number.isFinite(part)) return Object.is(part, -0) ? 'n-0' : `n${part}`;
      break;
    default:
      if (part === null) return '0';
  }
  throw new TypeError(
    `The fragment "${name}" cannot vary on ${describe(part)}. Use texts, finite numbers, bigints, booleans or null.`,
  );
}
