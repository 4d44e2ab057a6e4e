import { performance } from 'node:perf_hooks';

const TURN_MS = 5;

interface Waiting {
  readonly task: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs many small synchronous tasks without holding the event loop: after 5 ms in one turn the rest wait for the next,
 * first come first served.
 */
export class TurnBudget {
  readonly #waiting: Waiting[] = [];
  #turnStart: number | undefined;

  /** The task's result, at once or as a promise. */
  run<T>(task: () => T): T | Promise<T> {
    if (this.#waiting.length === 0 && this.#hasTime()) return task();
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ task, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  #hasTime(): boolean {
    const now = performance.now();
    if (this.#turnStart === undefined) {
      this.#turnStart = now;
      setImmediate(() => {
        this.#nextTurn();
      });
    }
    return now - this.#turnStart < TURN_MS;
  }

  #nextTurn(): void {
    this.#turnStart = undefined;
    let done = 0;
    while (done < this.#waiting.length && this.#hasTime()) {
      const { task, resolve, reject } = this.#waiting[done]!;
      done += 1;
      try {
        resolve(task());
      } catch (error) {
        reject(error);
      }
    }
    this.#waiting.splice(0, done);
  }
}
