import type { LoadContext } from './call-options.interface.js';

/** Ends a load before it has brought anything: because its time is over, or because nobody wants it any more. */
export class LoadStop {
  readonly #limitMs: number;
  readonly #overdue: () => Error;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onStop: ((reason: unknown) => void) | undefined;
  #stopped: { readonly reason: unknown } | undefined;
  #isAbandoned = false;

  /**
   * @param limitMs How long the load may take, from when it is first waited for; `Infinity`: no limit.
   * @param overdue The error when that is over.
   */
  constructor(limitMs: number, overdue: () => Error) {
    this.#limitMs = limitMs;
    this.#overdue = overdue;
  }

  /** True if it was stopped because all who waited have left. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** What the loader is handed: an object of its own, so that it sees a signal and nothing else. */
  get context(): LoadContext {
    const signal = (): AbortSignal => this.signal;
    return {
      get signal() {
        return signal();
      },
    };
  }

  /** Made when it is first asked for, as most loaders do not. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#stopped) this.#controller.abort(this.#stopped.reason);
    }
    return this.#controller.signal;
  }

  /** What the work brings. @throws the reason, if it is stopped before; what the work then does interests nobody. */
  before<T>(work: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      work.then(resolve, reject);
      this.#begin(reject);
    });
  }

  /** Resolves after so many milliseconds. @throws the reason, if it is stopped before. */
  pause(ms: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      this.#begin((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    });
  }

  /** All who waited have left. */
  abandon(reason: unknown): void {
    this.#isAbandoned = true;
    this.#stop(reason);
  }

  /** The load is over; nothing can stop it any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#onStop = undefined;
  }

  #begin(onStop: (reason: unknown) => void): void {
    if (this.#stopped) {
      onStop(this.#stopped.reason);
      return;
    }
    this.#onStop = onStop;
    if (this.#limitMs === Infinity) return;
    // It holds no process that has nothing else left to do.
    this.#timer ??= setTimeout(() => this.#stop(this.#overdue()), this.#limitMs).unref();
  }

  #stop(reason: unknown): void {
    if (this.#stopped) return;
    this.#stopped = { reason };
    clearTimeout(this.#timer);
    this.#onStop?.(reason);
    this.#controller?.abort(reason);
  }
}
