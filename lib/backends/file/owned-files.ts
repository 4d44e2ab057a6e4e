import type { Clock } from '../../core/clock.js';
import { FLAG_TEXT } from '../../core/payload-flags.js';
import { encodeEntry, type EntryLife, renewLife } from './entry-format.js';
import { type EntryLookup, type Finding, headOf, peekOf } from './entry-lookup.js';
import type { EntryPlace } from './file-layout.js';
import { isTaken } from './io-errors.js';
import type { HeldLock } from './key-lock.js';
import type { SyncFileIo } from './sync-file-io.js';

/** What owned files work with. */
export interface OwnedFilesParts {
  readonly lookup: EntryLookup;
  readonly clock: Clock;
  readonly files: SyncFileIo;
}

/**
 * Files that belong to one owner for a time: leases and the locks of users. They are written as entries are, with the owner's
 * token for a value, so they end by the cache's clock, and a torn one is no one's.
 *
 * Everything here is for work under the key's lock.
 */
export class OwnedFiles {
  readonly #parts: OwnedFilesParts;

  constructor(parts: OwnedFilesParts) {
    this.#parts = parts;
  }

  /** Makes the file for an owner. False if it is another's. @throws `ENOENT` if the directory is not there. */
  take(place: EntryPlace, token: string, seconds: number, lock: HeldLock): boolean {
    const { lookup, files } = this.#parts;
    const { state } = lookup.findNow(place);
    if (state === 'live' || !lock.isHeld()) return false;
    if (state !== 'absent') files.unlink(place.path);
    try {
      const payload = { flags: FLAG_TEXT, data: token };
      files.write(place.path, encodeEntry(place.keyBytes, payload, this.#life(seconds)));
      return true;
    } catch (error) {
      // Something that is no file of ours lies there.
      if (isTaken(error)) return false;
      throw error;
    }
  }

  /** True while the file is this owner's. */
  isOwn(place: EntryPlace, token: string): boolean {
    return bears(this.#parts.lookup.findNow(place), token);
  }

  /** Lets the file be the owner's for so many seconds from now. False if it no longer is. */
  renew(place: EntryPlace, token: string, seconds: number): boolean {
    const { lookup, files } = this.#parts;
    const renewed = files.hold(place.path, peekOf(place), headOf(place), ({ content, patch }) => {
      if (!bears(lookup.judge(content, place), token)) return false;
      const { patch: bytes, position } = renewLife(
        content.bytes,
        place.keyBytes,
        this.#life(seconds),
      );
      patch(bytes, position);
      return true;
    });
    return renewed ?? false;
  }

  /** Removes the file. False if it no longer is the owner's. */
  remove(place: EntryPlace, token: string, lock: HeldLock): boolean {
    return this.isOwn(place, token) && lock.isHeld() && this.#parts.files.unlink(place.path);
  }

  #life(seconds: number): EntryLife {
    const writtenAt = this.#parts.clock.now();
    return { writtenAt, expiresAt: Math.ceil(writtenAt + seconds * 1000) };
  }
}

function bears(finding: Finding, token: string): boolean {
  return finding.state === 'live' && finding.value?.toString() === token;
}
