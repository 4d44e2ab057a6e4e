import { BoundedMap } from './bounded-map.js';
import type { Stamp } from './envelope.js';

/** Most entries and most stamps that are remembered. */
const MOST = 10_000;

interface SeenStamp {
  readonly text: string;
  /** When it was first seen, counted in steps of this memory. */
  readonly at: number;
}

/**
 * What this process knows of tags without asking: which ones an entry was last seen with, so that their stamps can be read
 * together with it, and which stamps it has seen, and in what order.
 *
 * Nothing here decides whether a value is good; that is asked for each time.
 */
export class TagMemory {
  readonly #stampKeys = new BoundedMap<string, readonly string[]>(MOST);
  readonly #stamps = new BoundedMap<string, SeenStamp>(MOST);
  #steps = 0;

  /** True if no entry with tags was seen yet. */
  get isEmpty(): boolean {
    return this.#stampKeys.size === 0;
  }

  /** Under which keys the stamps lay of which an entry was last seen to bear. */
  stampKeysOf(entryKey: string): readonly string[] | undefined {
    return this.#stampKeys.get(entryKey);
  }

  /** An entry was read or written with these stamps. */
  sawEntry(entryKey: string, stamps: readonly Stamp[]): void {
    if (stamps.length === 0) this.#stampKeys.delete(entryKey);
    else
      this.#stampKeys.set(
        entryKey,
        stamps.map(({ key }) => key),
      );
  }

  /** A stamp was read or written. */
  sawStamp(stampKey: string, text: string): void {
    if (this.#stamps.get(stampKey)?.text === text) return;
    this.#steps += 1;
    this.#stamps.set(stampKey, { text, at: this.#steps });
  }

  /** The stamp that was seen last. */
  stampSeen(stampKey: string): string | undefined {
    return this.#stamps.get(stampKey)?.text;
  }

  /** This moment, for `sawStampBefore()`. */
  moment(): number {
    return this.#steps;
  }

  /** True if the stamp is known to have been there at that moment already. */
  sawStampBefore(moment: number, stampKey: string, text: string): boolean {
    const seen = this.#stamps.get(stampKey);
    return seen !== undefined && seen.text === text && seen.at <= moment;
  }
}
