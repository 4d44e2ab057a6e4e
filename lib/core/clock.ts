/** Tells the time. Injected into everything that keeps an expiry of its own, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The machine's clock: `Date.now()`. */
export const systemClock: Clock = { now: () => Date.now() };

/**
 * The time of another clock, except that it never goes back: when that is set back, this one goes on from where it was. So
 * what is measured by it ends in its time.
 */
export function steadyClock(clock: Clock): Clock {
  let latest = -Infinity;
  let ahead = 0;
  return {
    now: () => {
      const now = clock.now() + ahead;
      if (now < latest) ahead += latest - now;
      else latest = now;
      return latest;
    },
  };
}
