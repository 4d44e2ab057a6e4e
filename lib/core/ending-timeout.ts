import type { CacheView } from './cache-view.js';
import type { Duration } from './timeout.js';

/**
 * A timeout of what has to come to an end, as seconds; 0 for less. The cache's own timeout is for values: nothing stands in for
 * one that is not given.
 *
 * @param what What it is the timeout of, at the beginning of a sentence.
 * @throws {TypeError} for null and undefined, and for what is no timeout.
 */
export function endingTimeout(view: CacheView, timeout: number | Duration, what: string): number {
  const seconds = (timeout as unknown) === undefined ? null : view.ttl(timeout);
  if (seconds !== null) return seconds;
  throw new TypeError(
    `${what} must come to an end, but ${String(timeout)} was given. Use a number of seconds, or a string with its unit such as "30s".`,
  );
}

/** The same for what must not be over at once. @throws {TypeError} */
export function lastingTimeout(view: CacheView, timeout: number | Duration, what: string): number {
  const seconds = endingTimeout(view, timeout, what);
  if (seconds > 0) return seconds;
  throw new TypeError(
    `${what} must be more than 0, but ${String(timeout)} was given. Use a number of seconds, or a string with its unit such as "30s".`,
  );
}
