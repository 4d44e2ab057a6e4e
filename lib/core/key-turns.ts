/** Lets work wait for the work that was begun before. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work when its turn has come. Whether what came before failed does not matter. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** Lets work on one key wait for the work on it that was begun before; other keys do not wait. */
export class KeyTurns {
  readonly #turns = new Map<string, Promise<unknown>>();

  /** Runs the work when its turn has come. Whether what came before failed does not matter. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === settled) this.#turns.delete(key);
    }
  }
}
