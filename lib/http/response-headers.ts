import { systemClock, type Clock } from '../core/clock.js';
import { describe } from '../core/option-checks.js';
import type { Timeout } from '../core/timeout.js';
import {
  givenDirectives,
  maxAgeOf,
  readDirectives,
  settleMaxAge,
  wholeSeconds,
  writeDirectives,
  type CacheControlDirectives,
} from './cache-control.directives.js';
import { mergeVary, parseVary, varyMembers } from './vary.js';

/**
 * What the functions here need of a response: one of Express, of Node.js, or `reply.raw` of Fastify.
 *
 * A Fastify reply keeps the headers set by `reply.header()` to itself until it is sent, so its `raw` does not know them.
 */
export interface PatchableResponse {
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string): unknown;
}

/**
 * Adds directives to the `Cache-Control` of a response; what it says already stays.
 *
 * Of two lifetimes (`maxAge`) the smaller counts, and one that cannot be read counts as 0. `public` and `private` replace
 * each other. Header names of `private` and `no-cache` add up, and the bare directive takes them all in. Lifetimes are
 * written in whole seconds, rounded down; `null`, which is for ever, as a year.
 *
 * @param directives `{ maxAge: '5m', private: true }`; `true` writes the bare name, `false` and undefined nothing.
 * @param clock Against which a `Date` is measured. Default: the machine's.
 * @throws {TypeError} for a lifetime that is no timeout, and for a name or a value that cannot stand in the header.
 * @see Django, django.utils.cache.patch_cache_control(); RFC 9111, 5.2.2
 */
export function patchCacheControl(
  response: PatchableResponse,
  directives: CacheControlDirectives,
  clock: Clock = systemClock,
): void {
  const given = givenDirectives(directives, clock);
  const merged = readDirectives(linesOf(response, 'Cache-Control').join(', '));
  settleMaxAge(merged, given);
  if (given.has('public')) merged.delete('private');
  if (given.has('private')) merged.delete('public');
  for (const [name, values] of given) {
    const isList = name === 'no-cache' || name === 'private';
    merged.set(name, isList ? new Set([...(merged.get(name) ?? []), ...values]) : values);
  }
  if (merged.size > 0) response.setHeader('Cache-Control', writeDirectives(merged));
}

/**
 * The seconds of the response's `max-age`, the smallest if there are several; undefined if it has none, or one that is no
 * number.
 *
 * @see Django, django.utils.cache.get_max_age()
 */
export function getMaxAge(response: Pick<PatchableResponse, 'getHeader'>): number | undefined {
  const seconds = maxAgeOf(readDirectives(linesOf(response, 'Cache-Control').join(', ')));
  return Number.isNaN(seconds) ? undefined : seconds;
}

/**
 * Tells caches how long they may keep a response: `Expires`, unless it has one, and `max-age`, of which the smaller counts
 * if it has one.
 *
 * @param timeout Seconds, `'5m'`, a `Date`; 0 or less: not at all; `null`: for ever, which is written as a year.
 * @param clock Default: the machine's.
 * @throws {TypeError} if it is no timeout.
 * @see Django, django.utils.cache.patch_response_headers()
 */
export function patchResponseHeaders(
  response: PatchableResponse,
  timeout: Timeout,
  clock: Clock = systemClock,
): void {
  const seconds = wholeSeconds(timeout, clock);
  if (response.getHeader('Expires') === undefined) {
    response.setHeader('Expires', new Date(clock.now() + seconds * 1000).toUTCString());
  }
  patchCacheControl(response, { maxAge: seconds }, clock);
}

/**
 * Makes a response say that no cache may keep it: `max-age=0`, `no-cache`, `no-store`, `must-revalidate` and `private`,
 * and an `Expires` of now unless it has one.
 *
 * @param clock Default: the machine's.
 * @see Django, django.utils.cache.add_never_cache_headers()
 */
export function addNeverCacheHeaders(
  response: PatchableResponse,
  clock: Clock = systemClock,
): void {
  patchResponseHeaders(response, 0, clock);
  patchCacheControl(response, {
    noCache: true,
    noStore: true,
    mustRevalidate: true,
    private: true,
  });
}

/**
 * Adds names to the `Vary` of a response: behind those that are there, each once. With `*` among them, `*` alone is left.
 *
 * @param names Names of request headers on which the response depends.
 * @throws {TypeError} if one of them cannot be a header's name.
 * @see Django, django.utils.cache.patch_vary_headers()
 */
export function patchVaryHeaders(response: PatchableResponse, names: readonly string[]): void {
  const wrong = names.find((name) => !isVaryName(name));
  if (wrong !== undefined) {
    throw new TypeError(
      `${describe(wrong)} cannot stand in a Vary header. Give names of headers, or "*".`,
    );
  }
  const merged = mergeVary(linesOf(response, 'Vary'), names);
  if (merged !== '') response.setHeader('Vary', merged);
}

/**
 * True if the `Vary` of a response lists the header by its name, in whatever case. `*` lists none by name.
 *
 * @see Django, django.utils.cache.has_vary_header()
 */
export function hasVaryHeader(
  response: Pick<PatchableResponse, 'getHeader'>,
  name: string,
): boolean {
  const wanted = name.trim().toLowerCase();
  return varyMembers(linesOf(response, 'Vary')).some((member) => member.toLowerCase() === wanted);
}

function isVaryName(name: unknown): boolean {
  if (typeof name !== 'string') return false;
  return parseVary([name]) !== undefined || varyMembers([name]).includes('*');
}

function linesOf(response: Pick<PatchableResponse, 'getHeader'>, name: string): string[] {
  return [response.getHeader(name) ?? []].flat().map(String);
}
