import { addToPayload, notAnInteger } from '../../core/integer-payload.js';
import type { Clock } from '../../core/clock.js';
import { CacheBackendError } from '../../core/cache.errors.js';
import { encodeEntry, type EntryLife, renewLife } from './entry-format.js';
import { type EntryLookup, headOf, PEEK_BYTES } from './entry-lookup.js';
import type { EntryPlace, FileLayout } from './file-layout.js';
import { type HeldLock, withLock } from './key-lock.js';
import { type OpenFile, SyncFileIo } from './sync-file-io.js';

/** What the changes work with. */
export interface LockedChangesParts {
  readonly layout: FileLayout;
  readonly lookup: EntryLookup;
  readonly clock: Clock;
  readonly files: SyncFileIo;
}

const MOST_RESTARTS = 100;

/**
 * The changes that depend on what is there. Each holds the key's lock, so that of all processes one at a time decides. `set`
 * and `delete` do not wait for it; so each change is made such that it cannot undo one of theirs.
 */
export class LockedChanges {
  readonly #parts: LockedChangesParts;

  constructor(parts: LockedChangesParts) {
    this.#parts = parts;
  }

  /** Puts a file in the key's place if no live entry is there. True if it did. */
  add(place: EntryPlace, temporary: string, until: number): Promise<boolean> {
    const { lookup, files } = this.#parts;
    return this.#locked(place, until, () => {
      const { state } = lookup.findNow(place);
      if (state === 'live') return false;
      if (state !== 'absent') files.unlink(place.path);
      return files.link(temporary, place.path);
    });
  }

  /** Gives a live entry a new expiry. False if there is none. */
  touch(place: EntryPlace, life: EntryLife, until: number): Promise<boolean> {
    const { lookup, files } = this.#parts;
    const change = ({ content, patch }: OpenFile): boolean => {
      if (lookup.judge(content, place).state !== 'live') return false;
      // In place, so that a `set` that replaces the file at this moment stays what it is.
      const renewal = renewLife(content.bytes, place.keyBytes, life);
      patch(renewal.patch, renewal.position);
      return true;
    };
    return this.#locked(
      place,
      until,
      () => files.hold(place.path, PEEK_BYTES, headOf(place), change) ?? false,
    );
  }

  /**
   * Adds to a live integer; undefined if there is none.
   *
   * @throws {CacheTypeError} if it is no integer. @throws {RangeError} if the sum is not a safe one.
   */
  incr(place: EntryPlace, delta: number, until: number): Promise<number | undefined> {
    return this.#locked(place, until, (lock) => {
      for (let restarts = 0; restarts < MOST_RESTARTS; restarts += 1) {
        const outcome = this.#tryIncr(place, delta, lock);
        if (outcome !== 'replaced') return outcome;
      }
      throw new CacheBackendError(
        'CACHE_BACKEND',
        'the entry was replaced again and again while it was read',
      );
    });
  }

  #tryIncr(place: EntryPlace, delta: number, lock: HeldLock): number | undefined | 'replaced' {
    const { layout, lookup, clock, files } = this.#parts;
    return files.hold(place.path, PEEK_BYTES, headOf(place), ({ content, isInPlace }) => {
      const found = lookup.judge(content, place);
      if (found.state !== 'live') return undefined;
      const { flags, expiresAt } = found.header;
      if (!found.value) throw notAnInteger(place.key);
      const { payload, value } = addToPayload({ flags, data: found.value }, delta, place.key);
      const temporary = layout.temporary(place.path);
      const life = { expiresAt, writtenAt: clock.now() };
      files.write(temporary, encodeEntry(place.keyBytes, payload, life));
      if (!isInPlace() || !lock.isHeld()) {
        files.unlink(temporary);
        return 'replaced';
      }
      try {
        files.rename(temporary, place.path);
      } catch (error) {
        files.unlink(temporary);
        throw error;
      }
      return value;
    });
  }

  #locked<T>(place: EntryPlace, until: number, work: (lock: HeldLock) => T): Promise<T> {
    return withLock(this.#parts.layout.lock(place.path), until, work);
  }
}
