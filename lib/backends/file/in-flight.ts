import { performance } from 'node:perf_hooks';
import { CacheTimeoutError } from '../../core/cache.errors.js';

/** The time of one operation, as it is told. */
export interface Turn {
  /** When it is over, by `performance.now()`. */
  readonly until: number;
  /** Throws once it is over: its caller was told that it failed, so it must not change what may be newer by now. */
  check(): void;
}

interface Waiter {
  readonly since: number;
  start(): void;
  reject(error: unknown): void;
}

interface Running {
  readonly since: number;
}

const MOST = 16;
const MOST_WHEN_SLOW = 2;
const LOOKS_IN_A_DEADLINE = 4;
// Whoever is told at the deadline that one hangs may come back at once, and must find it known here.
const SLOW_FROM = 0.95;

/**
 * Bounds how many operations are with the disk at a time, so that a disk that hangs does not take all of Node's thread
 * pool for good: 16, and 2 from the moment one has taken longer than the deadline until one returns.
 *
 * An operation that has waited for its turn as long as the deadline rejects and is never begun: its caller has been
 * answered by then, and a late write could replace a newer value. While this process was held up, nothing has waited.
 */
export class InFlight {
  readonly #deadlineMs: number;
  readonly #most: number;
  readonly #now: () => number;
  readonly #running = new Set<Running>();
  readonly #waiting: Waiter[] = [];
  #isSlow = false;
  /** One that returned gives the others a chance, though an older one may hang on. */
  #isFastUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due. */
  #lookAt = 0;
  /** For how many milliseconds this process was held up so far. */
  #heldUp = 0;
  #idle: (() => void)[] = [];

  /**
   * @param most How many run at a time. Default: 16.
   * @param now Milliseconds that only grow. Default: `performance.now()`.
   */
  constructor(deadlineMs: number, most = MOST, now: () => number = () => performance.now()) {
    this.#deadlineMs = deadlineMs;
    this.#most = most;
    this.#now = now;
  }

  /**
   * Runs an operation when there is room.
   *
   * @throws {CacheTimeoutError} if its turn did not come in time.
   */
  run<T>(operation: (turn: Turn) => Promise<T>): Promise<T> {
    const since = this.#time();
    this.#watch();
    if (this.#waiting.length === 0 && this.#hasRoom()) return this.#start(operation, since);
    return new Promise<T>((resolve, reject) => {
      const start = (): void => {
        this.#start(operation, since).then(resolve, reject);
      };
      this.#waiting.push({ since, start, reject });
    });
  }

  /** Resolves when nothing runs or waits any more, at the latest after one deadline. */
  async drain(): Promise<void> {
    if (this.#running.size === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#deadlineMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #start<T>(operation: (turn: Turn) => Promise<T>, since: number): Promise<T> {
    const now = this.#time();
    const running: Running = { since: now };
    this.#running.add(running);
    try {
      return await operation({
        until: this.#now() + since + this.#deadlineMs - now,
        check: () => {
          if (this.#time() - since >= this.#deadlineMs) throw this.#overdue('took longer than');
        },
      });
    } finally {
      this.#running.delete(running);
      this.#isSlow = false;
      this.#isFastUntil = this.#time() + this.#lookEveryMs;
      this.#next();
    }
  }

  #next(): void {
    this.#rejectLate(this.#time() - this.#deadlineMs);
    while (this.#waiting.length > 0 && this.#hasRoom()) this.#waiting.shift()!.start();
    if (this.#running.size > 0 || this.#waiting.length > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  #hasRoom(): boolean {
    if (this.#running.size < MOST_WHEN_SLOW) return true;
    // The first of them is the oldest.
    const { since } = this.#running.values().next().value!;
    const now = this.#time();
    if (now >= this.#isFastUntil && now - since >= SLOW_FROM * this.#deadlineMs)
      this.#isSlow = true;
    return !this.#isSlow && this.#running.size < this.#most;
  }

  // One timer for all, not one for each: it looks again while anything is under way.
  #watch(): void {
    if (this.#timer) return;
    this.#lookAt = this.#now() + this.#lookEveryMs;
    this.#timer = setTimeout(() => {
      this.#heldUp += this.#lateness();
      this.#timer = undefined;
      this.#rejectLate(this.#time() - this.#deadlineMs);
      if (this.#running.size > 0 || this.#waiting.length > 0) this.#watch();
    }, this.#lookEveryMs);
    this.#timer.unref();
  }

  /** Milliseconds in which this process ran, so that its operations could go on. */
  #time(): number {
    return this.#now() - this.#heldUp - this.#lateness();
  }

  // A look that is late by less than the time between two may as well have waited for its turn; and whoever waits for the
  // operation must not be the first to give up, for then it must not be begun any more.
  #lateness(): number {
    return this.#timer ? Math.max(0, this.#now() - this.#lookAt - this.#lookEveryMs) : 0;
  }

  get #lookEveryMs(): number {
    return this.#deadlineMs / LOOKS_IN_A_DEADLINE;
  }

  #rejectLate(overdue: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.since <= overdue) {
      this.#waiting.shift()!.reject(this.#overdue('was not free within'));
    }
  }

  #overdue(what: string): CacheTimeoutError {
    return new CacheTimeoutError('CACHE_TIMEOUT', `the disk ${what} ${this.#deadlineMs} ms`);
  }
}
