/** How long `close()` waits for calls under way, in milliseconds. */
const DRAIN_MS = 1_000;

/** The life of a cache, which all its views and namespaces share. */
export class CacheLife {
  #closing: Promise<void> | undefined;
  #running = 0;
  #onIdle: (() => void) | undefined;

  /** True from the first `close()` on. */
  get isOver(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * A call that may ask the backend more than once has begun: the backend is not closed before `leave()`. Two calls and no
   * promise, as this stands around the commonest ones.
   */
  enter(): void {
    this.#running += 1;
  }

  leave(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#onIdle?.();
  }

  /** The call, between `enter()` and `leave()`. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.enter();
    try {
      return await call();
    } finally {
      this.leave();
    }
  }

  /** Lets the calls under way end, a second at most, and then closes the backend. Later calls wait for the first. */
  close(closeBackend: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#running === 0 ? closeBackend() : this.#drained().then(closeBackend);
    return this.#closing;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, DRAIN_MS);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
