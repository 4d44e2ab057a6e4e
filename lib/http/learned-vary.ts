/** Most pages of which it is known that they vary. */
const MOST = 10_000;

/**
 * On which request headers pages were found to depend, as far as this process remembers: a page's variant is then asked for
 * together with its index.
 */
export class LearnedVary {
  /** The oldest first. */
  readonly #names = new Map<string, readonly string[]>();

  /** The header names, lower-case and sorted; undefined if nothing is known. They may be out of date. */
  get(key: string): readonly string[] | undefined {
    return this.#names.get(key);
  }

  set(key: string, names: readonly string[]): void {
    this.#names.delete(key);
    this.#names.set(key, names);
    if (this.#names.size > MOST) this.#names.delete(this.#names.keys().next().value!);
  }
}
