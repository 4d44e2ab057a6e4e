import type { Clock } from '../core/clock.js';

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /**
   * Moves the time.
   *
   * @param seconds Fractions are allowed; negative numbers turn the clock back.
   * @throws {TypeError} if it is not a finite number.
   */
  advance(seconds: number): void;
}

/**
 * A clock for tests, so that nobody has to sleep.
 *
 * @param start Milliseconds since the Unix epoch. Default: the start of 2026, UTC.
 * @example
 * const clock = fakeClock();
 * const cache = await createCache({ backend: 'memory', clock });
 * await cache.set('code', '4711', 60);
 * clock.advance(60);
 * await cache.get('code'); // undefined
 */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  return {
    now: () => now,
    advance: (seconds) => {
      if (!Number.isFinite(seconds)) {
        throw new TypeError(
          `A clock cannot be moved by ${String(seconds)}. Give a number of seconds.`,
        );
      }
      now += seconds * 1000;
    },
  };
}
