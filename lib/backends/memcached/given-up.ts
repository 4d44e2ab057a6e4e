/** How long a connection is kept on which something was given up, in milliseconds: as long as the longest time between two tries. */
export const GIVEN_UP_MS = 5_000;

/**
 * The connections of one client that are kept after a deadline, only to hear whether the server has carried out what was given
 * up on them. No call uses them, and no answer on them reaches anybody.
 *
 * To end such a connection would not call back what is on its way: bytes that a proxy, a tunnel or the server's kernel has
 * taken arrive later, also after what another connection sends. Its answers tell that they have.
 */
export class GivenUp {
  readonly #ends = new Set<() => void>();
  #onSettled: (() => void)[] = [];

  /**
   * A connection is kept.
   *
   * @param end Ends it; called when its time is over, and by `close()`.
   * @returns To be called when it has ended, once or more often.
   */
  keep(end: () => void): () => void {
    const timer = setTimeout(end, GIVEN_UP_MS).unref();
    this.#ends.add(end);
    return () => {
      clearTimeout(timer);
      this.#ends.delete(end);
      if (this.#ends.size > 0) return;
      for (const resolve of this.#onSettled.splice(0)) resolve();
    };
  }

  /** Resolves when nothing is kept any more; at once if nothing is. */
  async settled(): Promise<void> {
    if (this.#ends.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onSettled.push(resolve);
    });
  }

  /** Ends all that are kept. */
  close(): void {
    for (const end of this.#ends) end();
  }
}
