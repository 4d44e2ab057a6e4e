import type { CacheDirectories } from './cache-directories.js';
import type { FileIo } from './file-io.interface.js';
import type { EntryPlace, FileLayout } from './file-layout.js';
import type { Turn } from './in-flight.js';
import { isAbsent } from './io-errors.js';

/** What the writer works with. */
export interface EntryWriterParts {
  readonly io: FileIo;
  readonly layout: FileLayout;
  readonly directories: CacheDirectories;
}

// Somebody may remove the directory as often as it is made.
const MOST_TRIES = 10;

/** Brings the bytes of entries to the disk: first under another name in the same leaf, then at once into their place. */
export class EntryWriter {
  readonly #parts: EntryWriterParts;

  constructor(parts: EntryWriterParts) {
    this.#parts = parts;
  }

  /** Puts an entry in its place, whatever is there. @throws what the disk says; no file is left under the other name. */
  replace(place: EntryPlace, bytes: Buffer, turn: Turn): Promise<void> {
    return this.place(place, bytes, turn, async (temporary) => {
      await this.#parts.io.rename(temporary, place.path);
    });
  }

  /**
   * Lets `put` bring a written file into its place, unless writing it took too long. The file must be gone or moved when it
   * resolves.
   */
  async place<T>(
    place: EntryPlace,
    bytes: Buffer,
    turn: Turn,
    put: (temporary: string) => Promise<T>,
  ): Promise<T> {
    return this.inLeaf(place, async () => {
      const temporary = this.#parts.layout.temporary(place.path);
      await this.#parts.io.write(temporary, bytes);
      return this.#putOrDiscard(temporary, () => {
        turn.check();
        return put(temporary);
      });
    });
  }

  /** Does work that needs the leaf of a place; again once that is made, if it was not there. */
  async inLeaf<T>({ leaf }: EntryPlace, work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isAbsent(error) || tries === MOST_TRIES) throw error;
        await this.#makeLeaf(leaf);
      }
    }
  }

  /** Removes what a `set` that failed must not leave behind. Never throws: the failure itself is what counts. */
  async removeOld(path: string): Promise<void> {
    try {
      const stats = await this.#parts.io.stat(path);
      if (stats?.isFile()) await this.#parts.io.unlink(path);
    } catch {
      // A disk that takes no writes at all keeps the old entry; the caller learns of the failure in any case.
    }
  }

  async #putOrDiscard<T>(temporary: string, put: () => Promise<T>): Promise<T> {
    try {
      return await put();
    } catch (error) {
      await this.removeOld(temporary);
      throw error;
    }
  }

  async #makeLeaf(leaf: number): Promise<void> {
    try {
      await this.#parts.directories.makeLeaf(leaf);
    } catch (error) {
      // Removed again while it was made: the next try finds out.
      if (!isAbsent(error)) throw error;
    }
  }
}
