import { performance } from 'node:perf_hooks';
import type { BackendContext } from '../../core/cache-backend.interface.js';
import { CacheCorruptError } from '../../core/cache.errors.js';
import {
  type EntryHeader,
  type EntryReading,
  HEADER_BYTES,
  isExpired,
  readEntry,
  readHeader,
} from './entry-format.js';
import type { FileContent, FileIo } from './file-io.interface.js';
import type { EntryPlace, FileLayout } from './file-layout.js';
import { type HeldLock, withLock } from './key-lock.js';
import { SyncFileIo } from './sync-file-io.js';

/** An entry that has not expired. */
export interface LiveEntry {
  readonly state: 'live';
  readonly header: EntryHeader;
  /** Undefined if only the beginning of the file was read. */
  readonly value: Buffer | undefined;
}

/** What was found in an entry's place. */
export type Finding =
  LiveEntry | { readonly state: 'absent' | 'expired' | Exclude<EntryReading['state'], 'entry'> };

const PEEK_BYTES = 65_536;

// For tidying up only: what is left this time goes the next.
const MOST_WAIT_MS = 50;

const files = new SyncFileIo();

/** Finds entries, and removes the expired and the corrupt ones it comes across. */
export class EntryLookup {
  readonly #io: FileIo;
  readonly #layout: FileLayout;
  readonly #context: Pick<BackendContext, 'clock' | 'report'>;

  constructor(io: FileIo, layout: FileLayout, context: Pick<BackendContext, 'clock' | 'report'>) {
    this.#io = io;
    this.#layout = layout;
    this.#context = context;
  }

  /** The live entry of a key, with its value if the file has at most `whole` bytes. */
  async find(place: EntryPlace, whole: number, until: number): Promise<LiveEntry | undefined> {
    const finding = this.judge(await this.#io.read(place.path, whole, headOf(place)), place);
    if (finding.state === 'live') return finding;
    return isDead(finding) ? this.#lookAgain(place, whole, until) : undefined;
  }

  /** Removes a key's entry. True if it was live and this call removed it. */
  async remove(place: EntryPlace, until: number): Promise<boolean> {
    const content = await this.#io.read(place.path, peekOf(place), headOf(place));
    const finding = this.judge(content, place);
    switch (finding.state) {
      case 'absent':
      case 'foreign':
        return false;
      case 'live':
        return this.#io.unlink(place.path);
      case 'unknown':
        // Who may read it would else find a value that was deleted.
        await this.#io.unlink(place.path);
        return false;
      default:
        return (await this.#lookAgain(place, peekOf(place), until)) !== undefined
          ? this.#io.unlink(place.path)
          : false;
    }
  }

  /** What is in a key's place, synchronously: for work under its lock. */
  findNow(place: EntryPlace): Finding {
    return this.judge(files.read(place.path, peekOf(place), headOf(place)), place);
  }

  /** What a file's content is, at this moment. */
  judge(content: FileContent | undefined, place: EntryPlace): Finding {
    if (!content) return { state: 'absent' };
    const reading = readEntry(content.bytes, content.size, place.keyBytes);
    if (reading.state !== 'entry') return reading;
    const { header, value } = reading;
    return isExpired(header, this.#context.clock.now())
      ? { state: 'expired' }
      : { state: 'live', header, value };
  }

  /** Removes an entry, whoever's key it is, if it has expired or cannot be one, and was not replaced meanwhile. */
  async removeDead(path: string): Promise<void> {
    await this.#tidy(path, performance.now() + MOST_WAIT_MS, (lock) => {
      const content = files.read(path, 0, HEADER_BYTES);
      const header = content ? readHeader(content.bytes) : 'foreign';
      if (header === 'foreign' || header === 'unknown') return;
      const isOver = header === 'corrupt' || isExpired(header, this.#context.clock.now());
      if (isOver && lock.isHeld()) files.unlink(path);
    });
  }

  // An entry may look dead only because it was read while `touch` changed it, or because `add` has replaced it since. Both
  // hold its lock; so it is judged again under the lock, and removed only then.
  async #lookAgain(
    place: EntryPlace,
    whole: number,
    until: number,
  ): Promise<LiveEntry | undefined> {
    const { path } = place;
    const limit = Math.min(until, performance.now() + MOST_WAIT_MS);
    const finding = await this.#tidy(path, limit, (lock) => {
      const again = this.judge(files.read(path, whole, headOf(place)), place);
      if (isDead(again) && lock.isHeld()) files.unlink(path);
      return again;
    });
    if (finding?.state === 'corrupt') this.#report(place);
    return finding?.state === 'live' ? finding : undefined;
  }

  async #tidy<T>(path: string, until: number, work: (lock: HeldLock) => T): Promise<T | undefined> {
    try {
      return await withLock(path, this.#layout.lock(path), until, work);
    } catch {
      // On a disk that can only be read, or at a lock that is not free, it stays: a miss it is all the same.
      return undefined;
    }
  }

  #report({ key, path }: EntryPlace): void {
    const message = `The file "${path}" is damaged.`;
    const error = new CacheCorruptError('CACHE_CORRUPT', message, { backend: 'file', key });
    this.#context.report({ kind: 'corrupt', key, error });
  }
}

/** How much of a file must be read to know whether it is the entry of that key. */
export function headOf({ keyBytes }: EntryPlace): number {
  return HEADER_BYTES + keyBytes.length;
}

/** Files up to this size are read and checked whole even where only their header is asked for. */
export function peekOf(place: EntryPlace): number {
  return headOf(place) + PEEK_BYTES;
}

function isDead({ state }: Finding): boolean {
  return state === 'expired' || state === 'corrupt';
}
