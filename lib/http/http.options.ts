import {
  badOption,
  checkBoolean,
  checkInteger,
  checkOptionNames,
  givenOf,
} from '../core/option-checks.js';
import { CacheConfigError, reasonOf } from '../core/cache.errors.js';
import type { Ttl } from '../core/cache-backend.interface.js';
import {
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
  type Duration,
  type Timeout,
} from '../core/timeout.js';

/** How pages are cached in the whole application: `http` in `CacheModule.forRoot()`. */
export interface HttpOptions {
  /**
   * The alias of the cache that keeps the pages. Default: `pages` if there is one; else `default`, or, if that one is in
   * memory, a store of the same size beside it, so that a flood of URLs evicts nothing else.
   */
  readonly cache?: string | undefined;
  /** Put in front of the keys of pages, for sites that share a cache. Default: none. @see Django, CACHE_MIDDLEWARE_KEY_PREFIX */
  readonly keyPrefix?: string | undefined;
  /**
   * How long pages live if neither their route nor they themselves say: **seconds**, or `'5m'`. Setting it makes a global
   * interceptor cache every route of the site. Default: none; the cache's `timeout` holds where a class or a handler
   * declares the interceptor. @see Django, CACHE_MIDDLEWARE_SECONDS
   */
  readonly timeout?: Timeout | undefined;
  /** The statuses that make a page; 404 and 410 then live a minute at most. Default: 200, 203, 301 and 308. */
  readonly statuses?: readonly number[] | undefined;
  /**
   * The cookies that say who somebody is: a request that bears one is not cached, and other cookies do not matter. Default:
   * any cookie may be one.
   */
  readonly identityCookies?: readonly string[] | undefined;
  /** Headers that say who somebody is, as `Authorization` does. Default: `x-api-key`, `x-auth-token`, `proxy-authorization`, `x-amzn-oidc-data`. */
  readonly identityHeaders?: readonly string[] | undefined;
  /**
   * The parameters of the query that matter, in the whole application: others are left out of the key, and the handler of a
   * page does not see them. Default: all do.
   */
  readonly query?: readonly string[] | undefined;
  /** Larger bodies are passed through and not kept. Bytes. Default: 1 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /**
   * True: the framework is told which proxy to trust, so its host and scheme are the client's, and forwarding headers are no
   * part of a page's key. Default: false, each value of such a header has pages of its own.
   */
  readonly trustProxy?: boolean | undefined;
  /**
   * False: pages are the same for those whom a guard or a session knows. Default: true, they get an answer of their own.
   * @see Django, CACHE_MIDDLEWARE_ANONYMOUS_ONLY
   */
  readonly anonymousOnly?: boolean | undefined;
  /** How long a request waits for another one that makes its page: **seconds**, or `'10s'`. Default: 10 seconds. */
  readonly coalesceTimeout?: number | Duration | undefined;
  /** True, or the name of this cache: sends `Cache-Status` too. Default: false. @see RFC 9211 */
  readonly cacheStatus?: boolean | string | undefined;
  /**
   * How long a browser may use a page without asking again, where the page says nothing itself: **seconds**, or `'5m'`.
   * `'same'`: as long as the page lives here, as in Django. Default: 0, it asks each time and gets a 304 for what it holds,
   * so that what is invalidated here is gone there.
   */
  readonly browserMaxAge?: number | Duration | 'same' | undefined;
  /** The same for a CDN in front (`s-maxage`): **seconds**, or `'5m'`. Default: nothing is said. */
  readonly sMaxAge?: number | Duration | undefined;
}

/** The options of pages, complete and checked. */
export interface ResolvedHttpOptions {
  readonly cache: string | undefined;
  readonly keyPrefix: string;
  readonly timeout: Timeout | undefined;
  readonly statuses: ReadonlySet<number>;
  /** Undefined: any cookie may say who somebody is. */
  readonly identityCookies: readonly string[] | undefined;
  /** In lower case. */
  readonly identityHeaders: readonly string[];
  readonly query: readonly string[] | undefined;
  readonly maxBodyBytes: number;
  readonly trustProxy: boolean;
  readonly anonymousOnly: boolean;
  readonly coalesceMs: number;
  /** The name under which this cache stands in `Cache-Status`; undefined: it is not sent. */
  readonly cacheStatus: string | undefined;
  /** Seconds. */
  readonly browserMaxAge: number | 'same';
  readonly sMaxAge: number | undefined;
}

const WHERE = '"http" of CacheModule';
const NAME = 'nestjs-cache-framework';

const DEFAULTS = {
  keyPrefix: '',
  statuses: [200, 203, 301, 308],
  identityHeaders: ['x-api-key', 'x-auth-token', 'proxy-authorization', 'x-amzn-oidc-data'],
  maxBodyBytes: 1024 * 1024,
  trustProxy: false,
  anonymousOnly: true,
  coalesceTimeout: 10,
  cacheStatus: false,
  browserMaxAge: 0,
} as const satisfies HttpOptions;

const NAMES = [
  'cache',
  'keyPrefix',
  'timeout',
  'statuses',
  'identityCookies',
  'identityHeaders',
  'query',
  'maxBodyBytes',
  'trustProxy',
  'anonymousOnly',
  'coalesceTimeout',
  'cacheStatus',
  'browserMaxAge',
  'sMaxAge',
];

/** What may be a page: finished answers that say the same to everybody. Not 206, 304, redirects for now and failures. */
const STORABLE = [200, 203, 300, 301, 308, 404, 405, 410, 414, 501];

/** A token, as RFC 9211 wants the name of a cache. */
const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

/**
 * Merges what is given with the defaults, and checks it, once.
 *
 * @throws {CacheConfigError} naming the option and what is allowed.
 */
export function resolveHttpOptions(given: HttpOptions = {}): ResolvedHttpOptions {
  if (typeof given !== 'object' || given === null) {
    throw badOption('CacheModule', 'http', given, 'an object of options for pages');
  }
  checkOptionNames(WHERE, given, NAMES);
  const options = { ...DEFAULTS, ...givenOf(given) };
  checkText('cache', options.cache);
  checkText('keyPrefix', options.keyPrefix);
  checkStatuses(options.statuses);
  for (const name of ['identityCookies', 'identityHeaders', 'query'] as const) {
    checkTexts(name, options[name]);
  }
  checkInteger(WHERE, 'maxBodyBytes', options.maxBodyBytes, 0);
  checkBoolean(WHERE, 'trustProxy', options.trustProxy);
  checkBoolean(WHERE, 'anonymousOnly', options.anonymousOnly);
  if (options.timeout !== undefined) secondsOf('timeout', options.timeout);
  const { browserMaxAge } = options;
  return {
    cache: options.cache,
    keyPrefix: options.keyPrefix,
    timeout: options.timeout,
    statuses: new Set(options.statuses),
    identityCookies: options.identityCookies,
    identityHeaders: options.identityHeaders.map((name) => name.toLowerCase()),
    query: options.query,
    maxBodyBytes: options.maxBodyBytes,
    trustProxy: options.trustProxy,
    anonymousOnly: options.anonymousOnly,
    coalesceMs: limited('coalesceTimeout', options.coalesceTimeout) * 1000,
    cacheStatus: nameOf(options.cacheStatus),
    browserMaxAge: browserMaxAge === 'same' ? 'same' : limited('browserMaxAge', browserMaxAge),
    sMaxAge: options.sMaxAge === undefined ? undefined : limited('sMaxAge', options.sMaxAge),
  };
}

/** A warning for each number of seconds that looks like milliseconds. @param given Options that `resolveHttpOptions()` took. */
export function httpMillisecondsWarnings(given: HttpOptions = {}): string[] {
  return (['timeout', 'coalesceTimeout', 'browserMaxAge', 'sMaxAge'] as const).flatMap((name) => {
    const value = given[name];
    return looksLikeMilliseconds(value)
      ? [millisecondsWarning(value, `of "${name}" in ${WHERE}`)]
      : [];
  });
}

function checkText(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string') {
    throw badOption(WHERE, name, value, 'a string');
  }
}

function checkTexts(name: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item !== '')) {
    throw badOption(WHERE, name, value, 'a list of names');
  }
}

function checkStatuses(statuses: unknown): void {
  const allowed = `a list of some of ${STORABLE.join(', ')}`;
  if (!Array.isArray(statuses)) throw badOption(WHERE, 'statuses', statuses, allowed);
  const wrong: unknown = statuses.find((status) => !STORABLE.includes(status as number));
  if (wrong !== undefined) throw badOption(WHERE, 'statuses', wrong, allowed);
}

function secondsOf(name: string, value: Timeout): Ttl {
  try {
    return settleTimeout(value, () => 0);
  } catch (cause) {
    throw new CacheConfigError(
      'CACHE_BAD_OPTION',
      `"${name}" in ${WHERE} cannot be used: ${reasonOf(cause)}.`,
      { cause },
    );
  }
}

function limited(name: string, value: Timeout): number {
  const seconds = secondsOf(name, value);
  if (seconds !== null) return seconds;
  throw badOption(WHERE, name, value, 'a number of seconds, or a string with its unit');
}

function nameOf(cacheStatus: unknown): string | undefined {
  if (cacheStatus === true) return NAME;
  if (cacheStatus === false) return undefined;
  if (typeof cacheStatus === 'string' && TOKEN.test(cacheStatus)) return cacheStatus;
  throw badOption(WHERE, 'cacheStatus', cacheStatus, 'true, false, or a name without blanks');
}
