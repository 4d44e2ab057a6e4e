/** Tells the time. Injected into everything that keeps an expiry of its own, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** The machine's clock: `Date.now()`. */
export const systemClock: Clock = { now: () => Date.now() };
