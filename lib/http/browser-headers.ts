import type { Ttl } from '../core/cache-backend.interface.js';
import type { Clock } from '../core/clock.js';
import { lifetimeOf, parseCacheControl } from './cache-control.js';
import { ageOf } from './http-cache.policy.js';
import { parseHttpDate } from './http-date.js';
import { fieldValue, linesOfFields, type HeaderLines } from './http-head.js';
import {
  patchCacheControl,
  patchResponseHeaders,
  type PatchableResponse,
} from './response-headers.js';

/** How long caches outside may keep a page. */
export interface BrowserRules {
  /** Seconds that the page lives here by the word of its route, which outside caches may not exceed; undefined: the route says nothing. */
  readonly routeTtl: Ttl | undefined;
  /** Seconds, where the page says nothing itself; `'same'`: as long as it lives here. */
  readonly browserMaxAge: number | 'same';
  /** Seconds, for shared caches; undefined: nothing is said. */
  readonly sMaxAge: number | undefined;
  /** True: the page is one user's, so no shared cache may keep it. */
  readonly isPersonal: boolean;
}

/** Seconds for which caches outside may keep a page from when they are given it, where that is the word of the options. */
export interface OwnLifetimes {
  readonly maxAge?: number | undefined;
  readonly sMaxAge?: number | undefined;
}

const STALE = ['stale-while-revalidate', 'stale-if-error'];

/**
 * Tells browsers and CDNs how long they may keep a page: never longer than it lives here, and what it says itself counts
 * where that is less.
 *
 * @param ttl Seconds that the page lives here; `null` = until evicted.
 * @returns what is the word of the options, which counts anew whenever the page is sent; undefined: nothing is.
 * @see Django, UpdateCacheMiddleware.process_response(); RFC 9111, 5.2.2
 */
export function addBrowserHeaders(
  response: PatchableResponse,
  ttl: Ttl,
  rules: BrowserRules,
  clock: Clock,
): OwnLifetimes | undefined {
  const granted = grantedBy(response, clock);
  // What the response grants is its own word, unless the route has another. It counts from the beginning of its Age.
  const age = ageOf(linesOf(response, 'Age'));
  const limit = (rules.routeTtl ?? Infinity) + age;
  const given = (seconds: number): number => Math.min(seconds, ttl ?? Infinity) + age;
  let own: OwnLifetimes | undefined;
  if (rules.isPersonal) patchCacheControl(response, { private: true }, clock);
  if (rules.browserMaxAge === 'same') {
    patchResponseHeaders(response, ttl, clock);
  } else if (granted === undefined) {
    const { browserMaxAge } = rules;
    // Without one it is to ask each time, however old the page is.
    const maxAge = browserMaxAge === 0 ? 0 : Math.floor(given(browserMaxAge));
    if (maxAge > 0) own = { maxAge: browserMaxAge };
    const { directives } = controlOf(response);
    // A page that says itself how long past its time it is good for would otherwise contradict itself.
    const mayBeStale = STALE.some((name) => directives.has(name));
    patchCacheControl(response, { maxAge, mustRevalidate: maxAge === 0 && !mayBeStale }, clock);
  } else if (granted > limit) {
    patchCacheControl(response, { maxAge: limit }, clock);
  }
  if (rules.isPersonal) return own;
  const shared = lifetimeOf(controlOf(response), 's-maxage');
  if (shared !== undefined && shared > limit) {
    patchCacheControl(response, { sMaxAge: limit }, clock);
  } else if (shared === undefined && rules.sMaxAge !== undefined) {
    patchCacheControl(response, { sMaxAge: Math.floor(given(rules.sMaxAge)) }, clock);
    own = { ...own, sMaxAge: rules.sMaxAge };
  }
  return own;
}

/**
 * The `Cache-Control` of a stored page, with what is the word of the options counted from now.
 *
 * @param control As it was sent first.
 * @param age Of the page, in seconds: caches outside count a lifetime from the beginning of its age.
 * @param end The age at which its time here is over; `null` = never.
 * @see RFC 9111, 4.2
 */
export function renewedControl(
  control: string,
  { maxAge, sMaxAge }: OwnLifetimes,
  age: number,
  end: Ttl,
): string {
  return control.replace(/(?<=^|[\s,])(max-age|s-maxage)=\d+/g, (whole, name: string) => {
    const seconds = name === 'max-age' ? maxAge : sMaxAge;
    if (seconds === undefined) return whole;
    return `${name}=${Math.floor(Math.min(age + seconds, end ?? Infinity))}`;
  });
}

/**
 * Tells browsers that an answer is over at once, where they are told how long a page lives here, which is not at all.
 *
 * @see Django, UpdateCacheMiddleware.process_response()
 */
export function addOverHeaders(
  response: PatchableResponse,
  { browserMaxAge }: Pick<BrowserRules, 'browserMaxAge'>,
  clock: Clock,
): void {
  if (browserMaxAge === 'same') patchResponseHeaders(response, 0, clock);
}

/** Seconds that the response grants by itself; undefined: it says nothing. */
function grantedBy(response: PatchableResponse, clock: Clock): number | undefined {
  const control = controlOf(response);
  const granted = lifetimeOf(control, 'max-age') ?? lifetimeOf(control, 's-maxage');
  if (granted !== undefined) return granted;
  const expires = response.getHeader('Expires');
  if (expires === undefined) return undefined;
  const end = parseHttpDate(String(expires), clock.now()) ?? 0;
  return Math.max(0, Math.floor((end - clock.now()) / 1000));
}

function controlOf(response: PatchableResponse): ReturnType<typeof parseCacheControl> {
  return parseCacheControl(linesOf(response, 'Cache-Control').get('cache-control'));
}

function linesOf(response: PatchableResponse, name: string): HeaderLines {
  const value = response.getHeader(name);
  return linesOfFields(value === undefined ? [] : [[name, fieldValue(value)]]);
}
