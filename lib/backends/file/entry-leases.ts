import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { Clock } from '../../core/clock.js';
import { LEASE_SECONDS } from '../../core/lease-time.js';
import type { EntryHeader } from './entry-format.js';
import { type EntryLookup, headOf, type LiveEntry, peekOf } from './entry-lookup.js';
import type { EntryWriter } from './entry-writer.js';
import type { Answer, FileIo } from './file-io.interface.js';
import type { EntryPlace, FileLayout } from './file-layout.js';
import { inParallel } from './in-parallel.js';
import { type HeldLock, withLock } from './key-lock.js';
import type { OwnedFiles } from './owned-files.js';
import type { SyncFileIo } from './sync-file-io.js';

/** What leases work with. */
export interface EntryLeasesParts {
  readonly io: FileIo;
  readonly files: SyncFileIo;
  readonly layout: FileLayout;
  readonly lookup: EntryLookup;
  readonly writer: EntryWriter;
  readonly owned: OwnedFiles;
  readonly clock: Clock;
}

/** A lease as its owner knows it. */
export interface HeldLease {
  readonly token: string;
  /** The entry's file when the lease was taken; undefined if there was none. */
  readonly seen: Stats | undefined;
}

/** What is said to one who would load an entry. */
export interface AskedEntry {
  readonly entry?: LiveEntry | undefined;
  readonly isStale: boolean;
  /** This caller is the one to load. */
  readonly held?: HeldLease;
}

/** What one who would load an entry takes for one that is there. */
export interface AskedFor {
  /** An entry that has less than so many seconds left is stale. */
  readonly stale: number;
  /** Most bytes of an entry's file. */
  readonly whole: number;
}

/** `taken`: by another. `filled`: the entry is there by now. */
type Taken = HeldLease | 'taken' | 'filled';

/**
 * The right to load an entry, kept in a file beside it that bears the owner's token.
 *
 * A lease is taken and an entry is filled under the key's lock. `set` and `delete` end a lease by removing its file, before they
 * change the entry, and need no lock for that: only if there was a lease do they change the entry under the lock, because its
 * owner may be about to fill it. Filling removes the lease last; so who finds none may be sure that no fill is under way.
 */
export class EntryLeases {
  readonly #parts: EntryLeasesParts;
  readonly #taking = new Map<string, Promise<Taken>>();

  constructor(parts: EntryLeasesParts) {
    this.#parts = parts;
  }

  /** The entry, or the right to load it. */
  async ask(place: EntryPlace, asked: AskedFor, until: number): Promise<AskedEntry> {
    const { layout, lookup } = this.#parts;
    const entry = await this.#find(place, asked.whole, until);
    const isStale = entry !== undefined && this.#isStale(entry.header, asked);
    if (entry && !isStale) return { entry, isStale };
    const lease = layout.lease(place);
    if (await lookup.find(lease, peekOf(lease), until)) return { entry, isStale };
    const taken = await this.#takeOnce(place, lease, asked, until);
    if (taken === 'filled') {
      return { entry: await this.#find(place, asked.whole, until), isStale: false };
    }
    return taken === 'taken' ? { entry, isStale } : { entry, isStale, held: taken };
  }

  /**
   * Ends the lease of an entry that is about to be changed, whoever has it. If there was one, the entry is to be changed under
   * the key's lock.
   */
  end(place: EntryPlace): Answer<boolean> {
    return this.#parts.io.unlink(this.#parts.layout.lease(place).path);
  }

  /** Ends leases whose entries are to go, and removes these. */
  async endAll(leasePaths: readonly string[], until: number): Promise<void> {
    const { io, files, layout } = this.#parts;
    await inParallel(leasePaths, async (path) => {
      if (!(await io.unlink(path))) return;
      const entry = layout.entryOf(path);
      await withLock(entry, layout.lock(path), until, () => files.unlink(entry));
    });
  }

  /** Puts a written file in the entry's place and ends the lease. False if it had ended. */
  fill(place: EntryPlace, held: HeldLease, temporary: string, until: number): Promise<boolean> {
    const { layout, files, owned } = this.#parts;
    const lease = layout.lease(place);
    return this.#locked(lease, until, (lock) => {
      if (!owned.isOwn(lease, held.token) || !lock.isHeld()) return false;
      const isPut = this.#put(place, temporary, held.seen);
      files.unlink(lease.path);
      return isPut;
    });
  }

  /** Ends the lease of one whose value cannot be stored; the entry that it was to replace goes. */
  async discard(place: EntryPlace, held: HeldLease, until: number): Promise<void> {
    const { layout, files, owned } = this.#parts;
    const lease = layout.lease(place);
    await this.#locked(lease, until, (lock) => {
      if (!owned.isOwn(lease, held.token) || !lock.isHeld()) return;
      files.unlink(place.path);
      files.unlink(lease.path);
    });
  }

  /** Lets the lease last as long again. False if it has ended. */
  renew(place: EntryPlace, { token }: HeldLease, until: number): Promise<boolean> {
    const lease = this.#parts.layout.lease(place);
    return this.#locked(lease, until, () => this.#parts.owned.renew(lease, token, LEASE_SECONDS));
  }

  /** Gives the lease back. */
  async release(place: EntryPlace, { token }: HeldLease, until: number): Promise<void> {
    const lease = this.#parts.layout.lease(place);
    await this.#locked(lease, until, (lock) => this.#parts.owned.remove(lease, token, lock));
  }

  // Of thousands in this process who find nothing at the same moment one goes for the lock, and the others hear what came of it.
  async #takeOnce(
    place: EntryPlace,
    lease: EntryPlace,
    asked: AskedFor,
    until: number,
  ): Promise<Taken> {
    const underWay = this.#taking.get(lease.path);
    if (underWay) {
      const taken = await underWay;
      return taken === 'filled' ? taken : 'taken';
    }
    const taking = this.#parts.writer.inLeaf(place, () =>
      this.#locked(place, until, (lock) => this.#take(place, lease, asked, lock)),
    );
    this.#taking.set(lease.path, taking);
    try {
      return await taking;
    } finally {
      this.#taking.delete(lease.path);
    }
  }

  // Another may have filled the entry and ended its lease between our look and now, so it is looked at again.
  #take(place: EntryPlace, lease: EntryPlace, asked: AskedFor, lock: HeldLock): Taken {
    const { lookup, files, owned } = this.#parts;
    const found = lookup.findNow(place);
    if (found.state === 'live' && !this.#isStale(found.header, asked)) {
      if (headOf(place) + found.header.valueLength <= asked.whole) return 'filled';
    }
    const token = randomUUID();
    if (!owned.take(lease, token, LEASE_SECONDS, lock)) return 'taken';
    return { token, seen: files.stat(place.path) };
  }

  // A set() that began before the lease was taken may bring its file at any moment. It is not overwritten: where nothing was,
  // a link takes the place only if nothing is; where something was, it must be the same still.
  #put(place: EntryPlace, temporary: string, seen: Stats | undefined): boolean {
    const { files } = this.#parts;
    const there = files.stat(place.path);
    if (there && !isSame(there, seen)) return false;
    if (!there) {
      if (files.link(temporary, place.path)) return true;
      // It came just now; or there are no links here, and the lock alone has to do.
      if (files.stat(place.path)) return false;
    }
    files.rename(temporary, place.path);
    return true;
  }

  /** An entry that is larger than this cache keeps is none. */
  async #find(place: EntryPlace, whole: number, until: number): Promise<LiveEntry | undefined> {
    const entry = await this.#parts.lookup.find(place, whole, until);
    return entry?.value ? entry : undefined;
  }

  #isStale({ expiresAt }: EntryHeader, { stale }: AskedFor): boolean {
    return expiresAt - this.#parts.clock.now() < stale * 1000;
  }

  #locked<T>({ path }: EntryPlace, until: number, work: (lock: HeldLock) => T): Promise<T> {
    return withLock(path, this.#parts.layout.lock(path), until, work);
  }
}

// A number of an inode is used again; the time of its birth tells. touch() changes neither.
function isSame(there: Stats, seen: Stats | undefined): boolean {
  return there.ino === seen?.ino && there.birthtimeMs === seen.birthtimeMs;
}
