import { performance } from 'node:perf_hooks';

/** What a deadline has to know of the requests on a connection. */
export interface Watched {
  /** When the oldest request that is not answered was sent; undefined if there is none. */
  oldestSentAt(): number | undefined;
  /** How many replies came so far. */
  replies(): number;
  /** Called once the oldest has waited too long. */
  onOverrun(): void;
}

// Timers have whole milliseconds and may fire a little early.
const TOLERANCE_MS = 0.5;

/**
 * The deadline of all requests on a connection, with one timer.
 *
 * Replies come in the order of the requests, so only the oldest has to be watched. The timer is not moved with each request:
 * when it fires it is set again for the one that is the oldest by then.
 */
export class MetaDeadline {
  readonly #ms: number;
  readonly #watched: Watched;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(ms: number, watched: Watched) {
    this.#ms = ms;
    this.#watched = watched;
  }

  /** Called whenever requests have been sent. */
  watch(): void {
    if (this.#timer === undefined && !this.#isStopped) this.#set(this.#ms);
  }

  /** Ends the watching for good. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #set(ms: number): void {
    // The socket keeps the process alive while requests are in flight; the timer alone must not.
    this.#timer = setTimeout(() => this.#checkSoon(), ms).unref();
  }

  // This process may have been held up: what has arrived meanwhile is read before time is up.
  #checkSoon(): void {
    const repliesBefore = this.#watched.replies();
    setImmediate(() => this.#check(repliesBefore));
  }

  #check(repliesBefore: number): void {
    if (this.#isStopped) return;
    const sentAt = this.#watched.oldestSentAt();
    if (sentAt === undefined) {
      this.#timer = undefined;
      return;
    }
    const left = sentAt + this.#ms - performance.now();
    if (left > TOLERANCE_MS) this.#set(left);
    else if (this.#watched.replies() > repliesBefore) this.#checkSoon();
    else this.#watched.onOverrun();
  }
}
