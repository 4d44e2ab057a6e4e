import type { Ttl } from './cache-backend.interface.js';

/** A number with its unit: `'500ms'`, `'30s'`, `'15m'`, `'2h'`, `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/**
 * How long a value lives.
 *
 * A number is **seconds**, as in Django, HTTP and memcached (not milliseconds); a string names its unit; a `Date` is the
 * moment of expiry; `null` is until evicted. 0 or less: not stored at all.
 */
export type Timeout = number | Duration | Date | null;

/** The longest time that a timer can wait; one that is to wait for longer ends at once. */
export const MOST_TIMER_MS = 2 ** 31 - 1;

const DURATION = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const SECONDS_IN = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 } as const;

/**
 * A timeout as seconds to live; `null` = until evicted; 0 = already over, so nothing may be stored.
 *
 * @param now Milliseconds since the epoch, against which a `Date` is measured.
 * @throws {TypeError} naming the value, if it is no timeout: `NaN`, `Infinity`, a string without a unit, anything else.
 * @see Django, BaseCache.get_backend_timeout()
 */
export function settleTimeout(timeout: Timeout, now: () => number): Ttl {
  const seconds = secondsOf(timeout, now);
  return seconds === null || seconds > 0 ? seconds : 0;
}

function secondsOf(timeout: Timeout, now: () => number): number | null {
  if (timeout === null) return null;
  if (typeof timeout === 'number') {
    if (Number.isFinite(timeout)) return timeout;
  } else if (typeof timeout === 'string') {
    const parts = DURATION.exec(timeout);
    if (parts) return Number(parts[1]) * SECONDS_IN[parts[2] as keyof typeof SECONDS_IN];
  } else if (isDate(timeout) && !Number.isNaN(timeout.getTime())) {
    return (timeout.getTime() - now()) / 1000;
  }
  throw new TypeError(
    `${typeof timeout === 'string' ? `"${timeout}"` : String(timeout)} is not a timeout. Use a number of seconds, a string with its unit such as "500ms", "30s", "15m", "2h" or "7d", a Date, or null for "never expires".`,
  );
}

/**
 * True for a number of seconds that was probably meant as milliseconds: 1,000 or more, a multiple of 1,000, and neither
 * whole hours up to a week nor whole days up to a year.
 */
export function looksLikeMilliseconds(timeout: unknown): timeout is number {
  if (typeof timeout !== 'number' || timeout < 1000 || timeout % 1000 !== 0) return false;
  if (timeout % 3600 === 0 && timeout <= 7 * 86400) return false;
  return !(timeout % 86400 === 0 && timeout <= 366 * 86400);
}

/** The warning for such a number. `where` ends the sentence: `in CacheModule.forRoot()`. */
export function millisecondsWarning(timeout: number, where: string): string {
  return `The timeout ${timeout} ${where} looks like milliseconds, but a number is seconds (${humanDays(timeout)}). Write "${timeout / 1000}s" if you meant ${timeout / 1000} seconds, or "${timeout}s" if you really mean ${timeout} seconds.`;
}

function humanDays(seconds: number): string {
  return seconds < 86400
    ? `${(seconds / 3600).toFixed(1)} hours`
    : `${(seconds / 86400).toFixed(1)} days`;
}

/** True for a `Date`, also one made in another realm (a worker, a test runner), which fails `instanceof`. */
export function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}
