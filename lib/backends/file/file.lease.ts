import type { Lease, Payload, Ttl } from '../../core/cache-backend.interface.js';
import type { EntryLife } from './entry-format.js';
import type { EntryLeases, HeldLease } from './entry-leases.js';
import type { EntryStorage } from './entry-storage.js';
import type { EntryPlace } from './file-layout.js';
import type { Turn } from './in-flight.js';

/** What a lease needs of the backend that gave it out. */
export interface FileLeaseHome {
  readonly place: EntryPlace;
  readonly leases: EntryLeases;
  readonly storage: EntryStorage;
  readonly lifeOf: (ttl: Ttl) => EntryLife;
  /** Runs an operation among those that closing waits for; answers the second if the directory is not there. */
  readonly run: <T>(operation: (turn: Turn) => Promise<T>, ifAbsent: T) => Promise<T>;
}

/** A lease that the file backend gave out. */
export class FileLease implements Lease {
  readonly #held: HeldLease;
  readonly #home: FileLeaseHome;

  constructor(held: HeldLease, home: FileLeaseHome) {
    this.#held = held;
    this.#home = home;
  }

  fill(payload: Payload, ttl: Ttl): Promise<boolean> {
    const { place, storage, lifeOf, run } = this.#home;
    const life = lifeOf(ttl);
    return run((turn) => storage.fill(place, this.#held, payload, life, turn), false);
  }

  renew(): Promise<boolean> {
    const { place, leases, run } = this.#home;
    return run(({ until }) => leases.renew(place, this.#held, until), false);
  }

  release(): Promise<void> {
    const { place, leases, run } = this.#home;
    return run(({ until }) => leases.release(place, this.#held, until), undefined);
  }
}
