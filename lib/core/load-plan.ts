import type { Ttl } from './cache-backend.interface.js';
import type { LoadOptions } from './call-options.interface.js';
import type { CacheView } from './cache-view.js';
import { CacheLoadTimeoutError, shortKey } from './cache.errors.js';
import { required } from './derived-operations.js';
import { endingTimeout, lastingTimeout } from './ending-timeout.js';
import { describe } from './option-checks.js';
import type { Patience } from './single-flight.js';
import { MOST_TIMER_MS, type Timeout } from './timeout.js';

/** What a call of `getOrSet()` wants of its load, checked. */
export interface LoadPlan {
  /** Undefined: as the backend can. */
  readonly lock: boolean | undefined;
  /** How long it may take, in milliseconds; `Infinity`: no limit. */
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
  /** For how long what is not fresh any more may be given out while it is loaded again, in seconds. */
  readonly whileRevalidate: number;
  /** For how long it may be if it cannot be loaded again, in seconds. */
  readonly ifError: number;
  readonly jitter: Jitter | undefined;
  readonly negativeTimeout: Timeout | undefined;
}

/** By how much a timeout is shortened at most: a part of it, or seconds. */
type Jitter = { readonly part: number } | { readonly seconds: number };

const HARD_TIMEOUT_MS = 30_000;

const PLAIN: LoadPlan = {
  lock: undefined,
  limitMs: HARD_TIMEOUT_MS,
  signal: undefined,
  whileRevalidate: 0,
  ifError: 0,
  jitter: undefined,
  negativeTimeout: undefined,
};

/**
 * The plan of a call. Everything that can be wrong with it is found here, before any I/O.
 *
 * @throws {TypeError} @throws {CacheUnsupportedError} for `lock: true` on a backend that gives out no leases.
 */
export function planOf(view: CacheView, options: LoadOptions<never>): LoadPlan {
  const { lock, hardTimeout, signal, staleWhileRevalidate, staleIfError, jitter } = options;
  const { negativeTimeout } = options;
  // Most calls, and hits at that, say nothing of this.
  if (
    lock === undefined &&
    hardTimeout === undefined &&
    signal === undefined &&
    staleWhileRevalidate === undefined &&
    staleIfError === undefined &&
    jitter === undefined &&
    negativeTimeout === undefined
  ) {
    return PLAIN;
  }
  checkLock(view, lock);
  if (negativeTimeout !== undefined) view.ttl(negativeTimeout);
  return {
    lock,
    limitMs: limitOf(view, hardTimeout),
    signal,
    whileRevalidate: graceOf(view, staleWhileRevalidate, '"staleWhileRevalidate"'),
    ifError: graceOf(view, staleIfError, '"staleIfError"'),
    jitter: jitterOf(view, jitter),
    negativeTimeout,
  };
}

/** The plan of a call for many keys. @throws {TypeError} for what such a call cannot be told. */
export function planOfMany(view: CacheView, options: LoadOptions<never>): LoadPlan {
  for (const name of ['lock', 'staleWhileRevalidate', 'staleIfError'] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(
      `"${name}" cannot be given to getOrSetMany(), which loads once at a time in each process and gives out nothing stale. Use getOrSet() for each key.`,
    );
  }
  return planOf(view, options);
}

/** How long a caller waits, and what it gets when that is over. */
export function patienceOf(view: CacheView, key: string, { limitMs, signal }: LoadPlan): Patience {
  return { limitMs, signal, overdue: () => overdue(view, key, limitMs) };
}

/** For how long a loaded value is fresh. 0: it is not to be stored. @throws {TypeError} for a timeout that is none. */
export function freshTtlOf<T>(
  view: CacheView,
  value: T,
  { timeout }: Pick<LoadOptions<T>, 'timeout'>,
  { negativeTimeout, jitter }: LoadPlan,
): Ttl {
  const ttl = view.ttl(
    value === null && negativeTimeout !== undefined
      ? negativeTimeout
      : typeof timeout === 'function'
        ? timeout(value)
        : timeout,
  );
  if (!jitter || !ttl) return ttl;
  const most = 'part' in jitter ? jitter.part * ttl : Math.min(jitter.seconds, ttl);
  return ttl - view.parts.random() * most;
}

/** How long a value that is fresh for so long is kept, so that it may be given out after that. */
export function keptTtlOf(fresh: Ttl, { whileRevalidate, ifError }: LoadPlan): Ttl {
  return fresh === null ? null : fresh + Math.max(whileRevalidate, ifError);
}

/** True if a caller with this plan takes what has not been fresh for so long. */
export function mayBeGiven(
  staleMs: number | undefined,
  { whileRevalidate, ifError }: LoadPlan,
): boolean {
  if (staleMs === undefined) return true;
  return staleMs < Math.max(whileRevalidate, ifError) * 1000;
}

function checkLock(view: CacheView, lock: boolean | undefined): void {
  if (lock === true) {
    required(view.strict, 'lease', 'Leave out "lock": then each process loads once at a time.');
  } else if (lock !== undefined && (lock as unknown) !== false) {
    throw new TypeError(`"lock" must be true or false, but ${describe(lock)} was given.`);
  }
}

function limitOf(view: CacheView, hardTimeout: LoadOptions<never>['hardTimeout']): number {
  if (hardTimeout === undefined) return HARD_TIMEOUT_MS;
  if (hardTimeout === null) return Infinity;
  const ms = lastingTimeout(view, hardTimeout, '"hardTimeout"') * 1000;
  return ms > MOST_TIMER_MS ? Infinity : ms;
}

function graceOf(view: CacheView, given: LoadOptions<never>['staleIfError'], what: string): number {
  return given === undefined ? 0 : endingTimeout(view, given, what);
}

function jitterOf(view: CacheView, given: LoadOptions<never>['jitter']): Jitter | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'string') return { seconds: endingTimeout(view, given, '"jitter"') };
  if (typeof given === 'number' && given >= 0 && given <= 1) return { part: given };
  throw new TypeError(
    `"jitter" must be a part of the timeout from 0 to 1, or a string with its unit such as "30s", but ${describe(given)} was given.`,
  );
}

function overdue({ parts }: CacheView, key: string, limitMs: number): CacheLoadTimeoutError {
  return new CacheLoadTimeoutError(
    'CACHE_LOAD_TIMEOUT',
    `The load of "${shortKey(key)}" in cache "${parts.alias}" did not end within ${limitMs / 1000} s. Give it more time by "hardTimeout", or let the loader end when its signal is aborted.`,
    { alias: parts.alias, operation: 'getOrSet', key },
  );
}
