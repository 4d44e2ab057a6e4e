/** What has to be made good on a server before it is read again. */
export interface MissedWritesBatch {
  /** The keys to delete there. */
  readonly keys: readonly string[];
  /** True: there were more than could be remembered, so no key of the scope can be trusted. */
  readonly isIncomplete: boolean;
}

/**
 * The keys of deletes and replacements that may not have reached a server. A value that was to be replaced must not come
 * back with the server, so each key is deleted there first.
 */
export class MissedWrites {
  readonly #limit: number;
  #keys = new Set<string>();
  #isIncomplete = false;

  /** @param limit How many keys are remembered; the oldest goes when there are more. */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** True if there is nothing to make good. */
  get isEmpty(): boolean {
    return this.#keys.size === 0 && !this.#isIncomplete;
  }

  /** Remembers a key, once. */
  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= this.#limit) return;
    this.#keys.delete(this.#keys.values().next().value!);
    this.#isIncomplete = true;
  }

  /** Hands out all that is remembered and forgets it. */
  take(): MissedWritesBatch {
    const batch = { keys: [...this.#keys], isIncomplete: this.#isIncomplete };
    this.#keys = new Set();
    this.#isIncomplete = false;
    return batch;
  }

  /** Remembers again what could not be made good. */
  putBack(batch: MissedWritesBatch): void {
    for (const key of batch.keys) this.add(key);
    if (batch.isIncomplete) this.#isIncomplete = true;
  }
}
