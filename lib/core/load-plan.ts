import type { LoadOptions } from './call-options.interface.js';
import type { CacheView } from './cache-view.js';
import { CacheLoadTimeoutError, shortKey } from './cache.errors.js';
import { required } from './derived-operations.js';
import { lastingTimeout } from './ending-timeout.js';
import { describe } from './option-checks.js';
import type { Patience } from './single-flight.js';

/** What a call of `getOrSet()` wants of its load, checked. */
export interface LoadPlan {
  /** Undefined: as the backend can. */
  readonly lock: boolean | undefined;
  /** How long it may take, in milliseconds; `Infinity`: no limit. */
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

const HARD_TIMEOUT_MS = 30_000;
/** The longest time that a timer can wait. */
const MOST_TIMER_MS = 2 ** 31 - 1;

const PLAIN: LoadPlan = { lock: undefined, limitMs: HARD_TIMEOUT_MS, signal: undefined };

/**
 * The plan of a call. Everything that can be wrong with it is found here, before any I/O.
 *
 * @throws {TypeError} @throws {CacheUnsupportedError} for `lock: true` on a backend that gives out no leases.
 */
export function planOf(view: CacheView, options: LoadOptions<never>): LoadPlan {
  const { lock, hardTimeout, signal } = options;
  if (lock === undefined && hardTimeout === undefined && signal === undefined) return PLAIN;
  if (lock === true) {
    required(view.strict, 'lease', 'Leave out "lock": then each process loads once at a time.');
  } else if (lock !== undefined && (lock as unknown) !== false) {
    throw new TypeError(`"lock" must be true or false, but ${describe(lock)} was given.`);
  }
  return { lock, limitMs: limitOf(view, hardTimeout), signal };
}

/** How long a caller waits, and what it gets when that is over. */
export function patienceOf(view: CacheView, key: string, { limitMs, signal }: LoadPlan): Patience {
  return { limitMs, signal, overdue: () => overdue(view, key, limitMs) };
}

function limitOf(view: CacheView, hardTimeout: LoadOptions<never>['hardTimeout']): number {
  if (hardTimeout === undefined) return HARD_TIMEOUT_MS;
  if (hardTimeout === null) return Infinity;
  const ms = lastingTimeout(view, hardTimeout, '"hardTimeout"') * 1000;
  return ms > MOST_TIMER_MS ? Infinity : ms;
}

function overdue({ parts }: CacheView, key: string, limitMs: number): CacheLoadTimeoutError {
  return new CacheLoadTimeoutError(
    'CACHE_LOAD_TIMEOUT',
    `The load of "${shortKey(key)}" in cache "${parts.alias}" did not end within ${limitMs / 1000} s. Give it more time by "hardTimeout", or let the loader end when its signal is aborted.`,
    { alias: parts.alias, operation: 'getOrSet', key },
  );
}
