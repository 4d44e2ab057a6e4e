import type { Ttl } from '../../core/cache-backend.interface.js';

const THIRTY_DAYS = 30 * 86_400;
// memcached keeps an expiry as a signed 32-bit number of seconds.
const LAST_SECOND = 2 ** 31 - 1;

/** What memcached takes for "never". */
export const NEVER = 0;

/**
 * A ttl as memcached's expiry.
 *
 * Seconds are whole there, so fractions round up, and 0 means "never". Above 30 days a number is read as a date, so long
 * lives are sent as one; past the year 2038 they are sent as "never". (protocol.txt, "Expiration times")
 *
 * @param now Milliseconds since the epoch.
 */
export function expiryOf(ttl: Ttl, now: number): number {
  if (ttl === null) return NEVER;
  const seconds = Math.ceil(ttl);
  if (seconds <= THIRTY_DAYS) return seconds;
  const date = Math.ceil(now / 1000 + ttl);
  return date <= LAST_SECOND ? date : NEVER;
}
