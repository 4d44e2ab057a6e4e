import { setTimeout as sleep } from 'node:timers/promises';
import { closed } from './memcached.errors.js';

/** Counts the calls that run, so that closing can wait for them. */
export class InFlight {
  #count = 0;
  #onIdle: (() => void) | undefined;
  #draining: Promise<void> | undefined;

  /** True once no further call may begin. */
  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  /** Counts a call that begins. Whoever calls this looks at `isDraining` before, and calls `leave()` in any case. */
  enter(): void {
    this.#count += 1;
  }

  /** Counts a call that has ended. */
  leave(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onIdle?.();
  }

  /** Runs a call. @throws {CacheClosedError} if draining has begun. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.isDraining) throw closed();
    this.enter();
    try {
      return await call();
    } finally {
      this.leave();
    }
  }

  /** Lets no further call begin, and waits for those that run, but not longer than this. */
  drain(limitMs: number): Promise<void> {
    this.#draining ??= this.#waitUntilIdle(limitMs);
    return this.#draining;
  }

  async #waitUntilIdle(limitMs: number): Promise<void> {
    if (this.#count === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await Promise.race([idle, sleep(limitMs, undefined, { ref: false })]);
  }
}
