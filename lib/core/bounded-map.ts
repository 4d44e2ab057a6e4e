/** A map of bounded size: when it is full, what was set longest ago goes. */
export class BoundedMap<Key, Value> {
  readonly #values = new Map<Key, Value>();

  constructor(readonly most: number) {}

  get size(): number {
    return this.#values.size;
  }

  get(key: Key): Value | undefined {
    return this.#values.get(key);
  }

  set(key: Key, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.most) this.#values.delete(this.#values.keys().next().value!);
  }

  delete(key: Key): void {
    this.#values.delete(key);
  }
}
