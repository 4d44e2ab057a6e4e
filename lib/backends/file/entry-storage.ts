import type { BackendContext, Payload } from '../../core/cache-backend.interface.js';
import type { Culler } from './culler.js';
import { encodeEntry, type EntryLife } from './entry-format.js';
import type { EntryLeases, HeldLease } from './entry-leases.js';
import { type EntryLookup, peekOf } from './entry-lookup.js';
import type { EntryWriter } from './entry-writer.js';
import type { EntryPlace } from './file-layout.js';
import type { ResolvedFileOptions } from './file.options.js';
import type { Turn } from './in-flight.js';
import { isAbsent, isFull } from './io-errors.js';
import type { LockedChanges } from './locked-changes.js';

/** What storing works with. */
export interface EntryStorageParts {
  readonly lookup: EntryLookup;
  readonly writer: EntryWriter;
  readonly changes: LockedChanges;
  readonly leases: EntryLeases;
  readonly culler: Culler;
  readonly context: Pick<BackendContext, 'report'>;
  readonly options: Pick<ResolvedFileOptions, 'location' | 'maxEntryBytes'>;
}

/** Brings values to the disk, and says what becomes of those that cannot be stored: too large, no room, no directory. */
export class EntryStorage {
  readonly #parts: EntryStorageParts;
  readonly #troubles = new Set<string>();

  constructor(parts: EntryStorageParts) {
    this.#parts = parts;
  }

  /** Stores and replaces. False if it was not stored; then no older value is left either. */
  async set(place: EntryPlace, payload: Payload, life: EntryLife, turn: Turn): Promise<boolean> {
    const { writer, leases, changes } = this.#parts;
    const isLeased = await leases.end(place);
    if (!this.#fits(payload)) {
      await (isLeased ? changes.remove(place, turn.until) : writer.removeOld(place.path));
      return false;
    }
    try {
      const bytes = encodeEntry(place.keyBytes, payload, life);
      if (isLeased) {
        await writer.place(place, bytes, turn, (temporary) =>
          changes.replace(place, temporary, turn.until),
        );
      } else {
        await writer.replace(place, bytes, turn);
      }
      // Brought there too late, it may have replaced what was stored since.
      turn.check();
    } catch (error) {
      await writer.removeOld(place.path);
      return this.#notStored(error);
    }
    await this.#stored(place);
    return true;
  }

  /** Stores if there is no live entry. @throws if the disk has no room: false would say that somebody else was first. */
  async add(place: EntryPlace, payload: Payload, life: EntryLife, turn: Turn): Promise<boolean> {
    const { lookup, changes, writer, leases } = this.#parts;
    if (!this.#fits(payload)) return false;
    if (await lookup.find(place, peekOf(place), turn.until)) return false;
    const bytes = encodeEntry(place.keyBytes, payload, life);
    const isStored = await writer.place(place, bytes, turn, async (temporary) => {
      const isFirst = await changes.add(place, temporary, turn.until);
      await writer.removeOld(temporary);
      return isFirst;
    });
    if (!isStored) return false;
    await leases.end(place);
    await this.#stored(place);
    return true;
  }

  /** Stores under a lease. False if it had ended; also if the value cannot be stored, and then no older one is left. */
  async fill(
    place: EntryPlace,
    held: HeldLease,
    payload: Payload,
    life: EntryLife,
    turn: Turn,
  ): Promise<boolean> {
    const { writer, leases } = this.#parts;
    if (!this.#fits(payload)) {
      await leases.discard(place, held, turn.until);
      return false;
    }
    try {
      const bytes = encodeEntry(place.keyBytes, payload, life);
      const isStored = await writer.place(place, bytes, turn, async (temporary) => {
        const isPut = await leases.fill(place, held, temporary, turn.until);
        await writer.removeOld(temporary);
        return isPut;
      });
      if (isStored) await this.#stored(place);
      return isStored;
    } catch (error) {
      await this.#discard(place, held, turn.until);
      return this.#notStored(error);
    }
  }

  #fits({ data }: Payload): boolean {
    const size = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    return size <= this.#parts.options.maxEntryBytes;
  }

  async #discard(place: EntryPlace, held: HeldLease, until: number): Promise<void> {
    try {
      await this.#parts.leases.discard(place, held, until);
    } catch {
      // What the disk said first is what counts, and the lease ends by itself.
    }
  }

  async #stored(place: EntryPlace): Promise<void> {
    this.#troubles.delete('store');
    const culling = this.#parts.culler.wrote(place.leaf, place.path);
    if (!culling) return;
    try {
      await culling;
      this.#troubles.delete('cull');
    } catch (error) {
      // The entry is stored all the same.
      this.#warnOnce(
        'cull',
        `old entries cannot be removed from "${this.#parts.options.location}"`,
        error,
      );
    }
  }

  #notStored(error: unknown): false {
    // The directory was removed as often as it was made: what was there has gone with it.
    if (isAbsent(error)) return false;
    if (!isFull(error)) throw error;
    this.#warnOnce('store', `there is no room left in "${this.#parts.options.location}"`, error);
    return false;
  }

  // Once until it works again.
  #warnOnce(trouble: string, what: string, error: unknown): void {
    if (this.#troubles.has(trouble)) return;
    this.#troubles.add(trouble);
    this.#parts.context.report({ kind: 'warning', message: what, error });
  }
}
