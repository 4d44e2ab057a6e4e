import { randomUUID } from 'node:crypto';
import type { BackendLock } from '../../core/cache-backend.interface.js';
import { type EntryLookup, peekOf } from './entry-lookup.js';
import type { EntryWriter } from './entry-writer.js';
import type { EntryPlace, FileLayout } from './file-layout.js';
import type { Turn } from './in-flight.js';
import { type HeldLock, withLock } from './key-lock.js';
import type { OwnedFiles } from './owned-files.js';

/** What locks need of the backend that gives them out. */
export interface FileLockHome {
  readonly layout: FileLayout;
  readonly lookup: EntryLookup;
  readonly writer: EntryWriter;
  readonly owned: OwnedFiles;
  /** Runs an operation among those that closing waits for; answers the second if the directory is not there. */
  readonly run: <T>(operation: (turn: Turn) => Promise<T>, ifAbsent: T) => Promise<T>;
}

/** The lock of a key, in a file beside its entry; undefined if somebody has it. */
export async function takeFileLock(
  home: FileLockHome,
  entry: EntryPlace,
  seconds: number,
  until: number,
): Promise<FileLock | undefined> {
  const { layout, lookup, writer, owned } = home;
  const place = layout.held(entry);
  if (await lookup.find(place, peekOf(place), until)) return undefined;
  const token = randomUUID();
  const isTaken = await writer.inLeaf(place, () =>
    withLock(place.path, layout.lock(place.path), until, (lock) =>
      owned.take(place, token, seconds, lock),
    ),
  );
  return isTaken ? new FileLock(home, place, token) : undefined;
}

/** A lock that the file backend gave out: whoever finds the own token in its file has it. */
class FileLock implements BackendLock {
  readonly #home: FileLockHome;
  readonly #place: EntryPlace;
  readonly #token: string;

  constructor(home: FileLockHome, place: EntryPlace, token: string) {
    this.#home = home;
    this.#place = place;
    this.#token = token;
  }

  extend(seconds: number): Promise<boolean> {
    return this.#locked(() => this.#home.owned.renew(this.#place, this.#token, seconds));
  }

  release(): Promise<boolean> {
    return this.#locked((lock) => this.#home.owned.remove(this.#place, this.#token, lock));
  }

  #locked(work: (lock: HeldLock) => boolean): Promise<boolean> {
    const { path } = this.#place;
    const { layout, run } = this.#home;
    return run(({ until }) => withLock(path, layout.lock(path), until, work), false);
  }
}
