import type { Lease, Payload, Ttl } from '../../core/cache-backend.interface.js';
import type { HeldLease } from './memory.leases.js';
import type { MemoryStore } from './memory.store.js';

/** A lease that a store gave out. */
export class MemoryLease implements Lease {
  readonly #store: MemoryStore;
  readonly #held: HeldLease;

  constructor(store: MemoryStore, held: HeldLease) {
    this.#store = store;
    this.#held = held;
  }

  fill(payload: Payload, ttl: Ttl): Promise<boolean> {
    const { key } = this.#held;
    const store = this.#store;
    // Storing ends the lease.
    return Promise.resolve(this.#isHeld && store.put(key, payload, store.expiryOf(ttl)));
  }

  renew(): Promise<boolean> {
    const isHeld = this.#isHeld;
    if (isHeld) this.#store.leases.renew(this.#held);
    return Promise.resolve(isHeld);
  }

  release(): Promise<void> {
    if (this.#isHeld) this.#store.leases.end(this.#held.key);
    return Promise.resolve();
  }

  get #isHeld(): boolean {
    return this.#store.leases.isHeld(this.#held);
  }
}
