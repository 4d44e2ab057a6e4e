import type { Clock } from '../../core/clock.js';
import { CacheBackendError } from '../../core/cache.errors.js';
import { addToPayload, notAnInteger } from '../../core/integer-payload.js';
import { encodeEntry, type EntryLife, renewLife } from './entry-format.js';
import { type EntryLookup, headOf, peekOf } from './entry-lookup.js';
import type { EntryPlace, FileLayout } from './file-layout.js';
import { type HeldLock, withLock } from './key-lock.js';
import type { OpenFile, SyncFileIo } from './sync-file-io.js';

/** What the changes work with. */
export interface LockedChangesParts {
  readonly layout: FileLayout;
  readonly lookup: EntryLookup;
  readonly clock: Clock;
  readonly files: SyncFileIo;
}

const MOST_RESTARTS = 100;
// One write within one page of memory: a process that is killed has written all of it or nothing.
const MOST_BYTES_IN_PLACE = 4096;

/**
 * The changes that depend on what is there. Each holds the key's lock, so that of all processes one at a time decides. `set`
 * and `delete` do not wait for it; so each change is made such that it cannot undo one of theirs.
 *
 * What is changed in place can be read half changed. Its checksum tells, and it is read again under the lock.
 */
export class LockedChanges {
  readonly #parts: LockedChangesParts;

  constructor(parts: LockedChangesParts) {
    this.#parts = parts;
  }

  /** Puts a file in the key's place if no live entry is there; then it may have been moved. True if it did. */
  async add(place: EntryPlace, temporary: string, until: number): Promise<boolean> {
    // A name that is free can be given once only, so this alone decides.
    if (this.#parts.files.link(temporary, place.path)) return true;
    for (;;) {
      const isAdded = await this.#locked(place, until, (lock) =>
        this.#tryAdd(place, temporary, lock),
      );
      if (isAdded !== undefined) return isAdded;
    }
  }

  /** Puts a file in the key's place, whatever is there. For what must wait for a fill that is under way. */
  replace(place: EntryPlace, temporary: string, until: number): Promise<void> {
    return this.#locked(place, until, () => this.#parts.files.rename(temporary, place.path));
  }

  /** Removes what is in the key's place. True if it was live. Waits for a fill as well. */
  remove(place: EntryPlace, until: number): Promise<boolean> {
    const { lookup, files } = this.#parts;
    return this.#locked(place, until, () => {
      const { state } = lookup.findNow(place);
      if (state !== 'absent' && state !== 'foreign') files.unlink(place.path);
      return state === 'live';
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
      () => files.hold(place.path, peekOf(place), headOf(place), change) ?? false,
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
        if (outcome === 'replaced') continue;
        // Who is loading the entry must not undo this.
        if (outcome !== undefined) this.#parts.files.unlink(this.#parts.layout.lease(place).path);
        return outcome;
      }
      throw new CacheBackendError(
        'CACHE_BACKEND',
        'the entry was replaced again and again while it was read',
      );
    });
  }

  /** Undefined if this process stood still for so long that another may have the lock. */
  #tryAdd(place: EntryPlace, temporary: string, lock: HeldLock): boolean | undefined {
    const { lookup, files } = this.#parts;
    const { state } = lookup.findNow(place);
    if (state === 'live') return false;
    if (!lock.isHeld()) return undefined;
    if (state !== 'absent') files.unlink(place.path);
    if (files.link(temporary, place.path)) return true;
    // Another `set` came first; or there are no links here, and the lock alone has to do.
    if (files.stat(place.path)) return false;
    if (!lock.isHeld()) return undefined;
    files.rename(temporary, place.path);
    return true;
  }

  #tryIncr(place: EntryPlace, delta: number, lock: HeldLock): number | undefined | 'replaced' {
    const { lookup, clock, files } = this.#parts;
    return files.hold(place.path, peekOf(place), headOf(place), (file) => {
      const found = lookup.judge(file.content, place);
      if (found.state !== 'live') return undefined;
      const { flags, expiresAt } = found.header;
      if (!found.value) throw notAnInteger(place.key);
      const { payload, value } = addToPayload({ flags, data: found.value }, delta, place.key);
      const life = { expiresAt, writtenAt: clock.now() };
      const bytes = encodeEntry(place.keyBytes, payload, life);
      return this.#replace(place, file, bytes, lock) ? value : 'replaced';
    });
  }

  /** False if nothing was changed, because another file is there now. */
  #replace(place: EntryPlace, file: OpenFile, bytes: Buffer, lock: HeldLock): boolean {
    const { layout, files } = this.#parts;
    if (bytes.length === file.content.size && bytes.length <= MOST_BYTES_IN_PLACE) {
      if (!file.isInPlace() || !lock.isHeld()) return false;
      file.patch(bytes, 0);
      return true;
    }
    const temporary = layout.temporary(place.path);
    files.write(temporary, bytes);
    try {
      if (!file.isInPlace() || !lock.isHeld()) {
        files.unlink(temporary);
        return false;
      }
      files.rename(temporary, place.path);
      return true;
    } catch (error) {
      files.unlink(temporary);
      throw error;
    }
  }

  #locked<T>(place: EntryPlace, until: number, work: (lock: HeldLock) => T): Promise<T> {
    return withLock(place.path, this.#parts.layout.lock(place.path), until, work);
  }
}
