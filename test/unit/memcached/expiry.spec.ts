import { describe, expect, it } from '@jest/globals';
import { expiryOf } from '../../../lib/backends/memcached/expiry.js';

const DAY = 86_400;
const NOW = Date.UTC(2026, 0, 1);
const NOW_SECONDS = NOW / 1000;
const LAST_SECOND = 2 ** 31 - 1;

describe('expiryOf()', () => {
  it.each([
    ['null is never', null, 0],
    ['a whole number stays', 300, 300],
    ['a fraction rounds up', 1.2, 2],
    ['less than a second is a second, never "never"', 0.001, 1],
    ['the least number there is, is a second', Number.MIN_VALUE, 1],
    ['30 days are relative', 30 * DAY, 30 * DAY],
    ['a fraction below 30 days stays relative', 30 * DAY - 0.5, 30 * DAY],
    ['more than 30 days is a date', 30 * DAY + 1, NOW_SECONDS + 30 * DAY + 1],
    ['a fraction above 30 days rounds up', 30 * DAY + 0.5, NOW_SECONDS + 30 * DAY + 1],
    ['the last second of 2038 is a date', LAST_SECOND - NOW_SECONDS, LAST_SECOND],
    ['a second later is never', LAST_SECOND - NOW_SECONDS + 1, 0],
    ['the longest ttl is never', Number.MAX_VALUE, 0],
  ])('%s', (_, ttl, expected) => {
    expect(expiryOf(ttl, NOW)).toBe(expected);
  });
});
