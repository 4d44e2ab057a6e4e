import type { Lease, Payload, Ttl } from './cache-backend.interface.js';
import { CacheError } from './cache.errors.js';
import { keepRenewed } from './keep-renewed.js';

/** A lease that lasts as long as the load does, because it is renewed. */
export class KeptLease {
  readonly #lease: Lease;

  /** Leaves the lease to its end: somebody else has ended it, or its time will. */
  readonly drop: () => void;

  /** @param finalKey What it is a lease on. */
  constructor(
    readonly finalKey: string,
    lease: Lease,
  ) {
    this.#lease = lease;
    // If it ends all the same, fill() says so.
    this.drop = keepRenewed(() => lease.renew());
  }

  /** Stores the entry and ends the lease. False if it had ended; then nothing was stored. */
  fill(payload: Payload, ttl: Ttl): Promise<boolean> {
    this.drop();
    return this.#lease.fill(payload, ttl);
  }

  /** Gives the lease back, so that the next who asks is to load. False if the backend fails: then it ends with its time. */
  async release(): Promise<boolean> {
    this.drop();
    try {
      await this.#lease.release();
      return true;
    } catch (error) {
      // The guard has told of it.
      if (error instanceof CacheError) return false;
      throw error;
    }
  }
}
