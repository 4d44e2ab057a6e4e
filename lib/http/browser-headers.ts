import type { Ttl } from '../core/cache-backend.interface.js';
import type { Clock } from '../core/clock.js';
import { parseCacheControl } from './cache-control.js';
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
  /** Seconds, where the page says nothing itself; `'same'`: as long as it lives here. */
  readonly browserMaxAge: number | 'same';
  /** Seconds, for shared caches; undefined: nothing is said. */
  readonly sMaxAge: number | undefined;
  /** True: the page is one user's, so no shared cache may keep it. */
  readonly isPersonal: boolean;
}

const STALE = ['stale-while-revalidate', 'stale-if-error'];

/**
 * Tells browsers and CDNs how long they may keep a page: never longer than it lives here, and what it says itself counts
 * where that is less.
 *
 * @param ttl Seconds that the page lives here; `null` = until evicted.
 * @see Django, UpdateCacheMiddleware.process_response(); RFC 9111, 5.2.2
 */
export function addBrowserHeaders(
  response: PatchableResponse,
  ttl: Ttl,
  rules: BrowserRules,
  clock: Clock,
): void {
  const granted = grantedBy(response, clock);
  // A lifetime counts from the beginning of what comes with an Age.
  const limit = ttl === null ? Infinity : ttl + ageOf(linesOf(response, 'Age'));
  if (rules.isPersonal) patchCacheControl(response, { private: true }, clock);
  if (rules.browserMaxAge === 'same') {
    patchResponseHeaders(response, ttl, clock);
  } else if (granted !== undefined) {
    if (granted.seconds > limit || !granted.isMaxAge) {
      patchCacheControl(response, { maxAge: Math.min(granted.seconds, limit) }, clock);
    }
  } else {
    const maxAge = Math.floor(Math.min(rules.browserMaxAge, limit));
    const { directives } = controlOf(response);
    // A page that says itself how long past its time it is good for would otherwise contradict itself.
    const mayBeStale = STALE.some((name) => directives.has(name));
    patchCacheControl(response, { maxAge, mustRevalidate: maxAge === 0 && !mayBeStale }, clock);
  }
  const own = controlOf(response).directives.get('s-maxage');
  const shared = own === undefined ? rules.sMaxAge : Number(own);
  if (shared !== undefined && !rules.isPersonal) {
    patchCacheControl(response, { sMaxAge: Math.min(shared, limit) }, clock);
  }
}

/** What the response grants a browser by itself; undefined: it says nothing. */
function grantedBy(
  response: PatchableResponse,
  clock: Clock,
): { readonly seconds: number; readonly isMaxAge: boolean } | undefined {
  const maxAge = controlOf(response).directives.get('max-age');
  if (maxAge !== undefined) return { seconds: Number(maxAge), isMaxAge: true };
  const expires = response.getHeader('Expires');
  if (expires === undefined) return undefined;
  const end = parseHttpDate(String(expires), clock.now()) ?? 0;
  return { seconds: Math.max(0, Math.floor((end - clock.now()) / 1000)), isMaxAge: false };
}

function controlOf(response: PatchableResponse): ReturnType<typeof parseCacheControl> {
  return parseCacheControl(linesOf(response, 'Cache-Control').get('cache-control'));
}

function linesOf(response: PatchableResponse, name: string): HeaderLines {
  const value = response.getHeader(name);
  return linesOfFields(value === undefined ? [] : [[name, fieldValue(value)]]);
}
