import { systemClock, type Clock } from '../core/clock.js';
import { describe } from '../core/option-checks.js';
import { settleTimeout, type Timeout } from '../core/timeout.js';

/** What a directive may be given: `true` is its bare name, `false` and undefined say nothing. */
export type DirectiveValue = boolean | string | number | readonly string[] | Date | null;

/**
 * What `patchCacheControl()` is to put into `Cache-Control`. Names are those of HTTP in camelCase; any other name is an
 * extension, written in lower case with hyphens.
 */
export interface CacheControlDirectives {
  /** Seconds, or `'5m'`, for which every cache may keep the response. The smaller one counts if it has a `max-age` already. */
  readonly maxAge?: Timeout | undefined;
  /** The same for shared caches only; it replaces an `s-maxage` that is there. */
  readonly sMaxAge?: Timeout | undefined;
  /** How long it may be used past its time, while a cache asks again. */
  readonly staleWhileRevalidate?: Timeout | undefined;
  /** How long it may be used past its time, if asking again fails. */
  readonly staleIfError?: Timeout | undefined;
  /** For shared caches too. Takes away a `private` that is there. */
  readonly public?: boolean | undefined;
  /** For the browser only; or header names that are. Takes away a `public` that is there, and wins over one beside it. */
  readonly private?: boolean | string | readonly string[] | undefined;
  /** Only after asking again; or header names that are not to be used without. */
  readonly noCache?: boolean | string | readonly string[] | undefined;
  readonly noStore?: boolean | undefined;
  readonly noTransform?: boolean | undefined;
  readonly mustRevalidate?: boolean | undefined;
  readonly mustUnderstand?: boolean | undefined;
  readonly proxyRevalidate?: boolean | undefined;
  readonly immutable?: boolean | undefined;
  readonly [extension: string]: DirectiveValue | undefined;
}

/** The directives of a header as they stand: lower-case name to the arguments as written; `true` = none. */
export type WrittenDirectives = Map<string, Set<string | true>>;

const KNOWN: ReadonlyMap<string, string> = new Map(
  [
    'max-age',
    's-maxage',
    'stale-while-revalidate',
    'stale-if-error',
    'public',
    'private',
    'no-cache',
    'no-store',
    'no-transform',
    'must-revalidate',
    'must-understand',
    'proxy-revalidate',
    'immutable',
  ].map((name) => [name.replaceAll('-', ''), name]),
);
const LIFETIMES = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);
/** Directives that may bear a list of header names, and of which each that is written counts. */
const LISTS = new Set(['no-cache', 'private']);
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
/** What no header can bear: control characters, and what is beyond Latin-1. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/;
/** What HTTP counts as the most. (RFC 9111, 1.2.2) */
const LONGEST = 2 ** 31;
const YEAR = 365 * 86400;

/**
 * Reads the directives of a header that is to be written again: what is not understood is kept as it stands. Judgements
 * are made by `parseCacheControl()`, which keeps nothing of the kind.
 */
export function readDirectives(header: string): WrittenDirectives {
  const directives: WrittenDirectives = new Map();
  for (const member of members(header)) {
    const equals = member.indexOf('=');
    const name = (equals < 0 ? member : member.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? true : member.slice(equals + 1).trim();
    const values = directives.get(name);
    // Each of these counts; of the others, the last one.
    if (values && (LISTS.has(name) || name === 'max-age')) values.add(value);
    else directives.set(name, new Set([value]));
  }
  return directives;
}

/** The directives as a header. A bare name is the wider one, so no list stands beside it. */
export function writeDirectives(directives: WrittenDirectives): string {
  return [...directives]
    .flatMap(([name, values]) =>
      values.has(true) ? [name] : [...values].map((value) => `${name}=${String(value)}`),
    )
    .join(', ');
}

/** The seconds of `max-age`, the smallest if there are several; undefined if there is none, NaN if one is no number. */
export function maxAgeOf(directives: WrittenDirectives): number | undefined {
  const values = directives.get('max-age');
  if (!values) return undefined;
  return Math.min(
    ...[...values].map((value) =>
      value !== true && /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN,
    ),
  );
}

/** Leaves one `max-age` of all that are there and asked for: the smallest, and 0 if one of several is no number. */
export function settleMaxAge(directives: WrittenDirectives, asked: WrittenDirectives): void {
  const ages = [maxAgeOf(directives), maxAgeOf(asked)].filter((age) => age !== undefined);
  if (ages.length < 2 && (directives.get('max-age')?.size ?? 0) < 2) return;
  // A number that is none makes the smallest of them NaN.
  const smallest = Math.min(...ages, LONGEST) || 0;
  directives.set('max-age', new Set([String(Math.max(0, smallest))]));
  asked.delete('max-age');
}

/**
 * What a caller gives, as directives to write. `false` and undefined are left out.
 *
 * @throws {TypeError} for a name or a value that cannot stand in the header.
 */
export function givenDirectives(
  given: CacheControlDirectives,
  clock: Clock = systemClock,
): WrittenDirectives {
  const directives: WrittenDirectives = new Map();
  for (const [key, value] of Object.entries(given)) {
    const name = directiveName(key);
    if (value === undefined || value === false) continue;
    directives.set(name, new Set([argumentOf(name, value, clock)]));
  }
  if (directives.has('private')) directives.delete('public');
  return directives;
}

/** Whole seconds, of which no cache keeps more than it should. */
export function wholeSeconds(timeout: Timeout, clock: Clock): number {
  const ttl = settleTimeout(timeout, () => clock.now());
  return Math.min(Math.floor(ttl ?? YEAR), LONGEST);
}

function directiveName(key: string): string {
  const known = KNOWN.get(key.replaceAll(/[-_]/g, '').toLowerCase());
  if (known !== undefined) return known;
  if (!TOKEN.test(key)) {
    throw new TypeError(`"${key}" cannot be the name of a Cache-Control directive.`);
  }
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

function argumentOf(
  name: string,
  value: Exclude<DirectiveValue, false>,
  clock: Clock,
): string | true {
  // A lifetime that is true is refused there, as it names no time.
  if (LIFETIMES.has(name)) return String(wholeSeconds(value as Timeout, clock));
  if (value === true) return true;
  if (Array.isArray(value) && LISTS.has(name) && value.length > 0 && value.every(isHeaderName)) {
    return `"${value.join(', ')}"`;
  }
  if (typeof value === 'string' && !UNSENDABLE.test(value)) return textArgument(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new TypeError(
    `The Cache-Control directive "${name}" cannot be ${describe(value)}. Use true for its bare name, or text, or a number; "private" and "no-cache" take a list of header names too.`,
  );
}

function isHeaderName(name: unknown): boolean {
  return typeof name === 'string' && TOKEN.test(name);
}

/** As it was given, if it can stand so; else in quotes. */
function textArgument(value: string): string {
  if (TOKEN.test(value) || QUOTED.test(value)) return value;
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The members of the list, without empty ones; a comma within quotes parts nothing. */
function members(header: string): string[] {
  const parts = header.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];
  // A quote left open would hide what is added behind it.
  const isOpen = header.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').includes('"');
  const all = isOpen ? header.replaceAll('"', '').split(',') : parts;
  return all.map((member) => member.trim()).filter((member) => member !== '');
}
