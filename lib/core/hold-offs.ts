import { BoundedMap } from './bounded-map.js';

/** Most keys that are remembered. */
const MOST = 10_000;
/** Nothing is held off for longer, in milliseconds: what seems to be was so before the clock was set back. */
const MOST_MS = 60_000;

/** What is not to be tried again for a while, by key. */
export class HoldOffs {
  readonly #until = new BoundedMap<string, number>(MOST);
  readonly #now: () => number;

  /** @param now Milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Holds a key off for so many seconds from now on, a minute at most. */
  begin(key: string, seconds: number): void {
    this.#until.set(key, this.#now() + seconds * 1000);
  }

  /** True while the key is held off. */
  isOn(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    const left = until - this.#now();
    return left > 0 && left <= MOST_MS;
  }

  end(key: string): void {
    this.#until.delete(key);
  }
}
