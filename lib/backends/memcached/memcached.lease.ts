import type { Lease, Payload, Ttl } from '../../core/cache-backend.interface.js';
import { LEASE_SECONDS } from '../../core/lease-time.js';
import type { ItemLease } from './memcached-client.interface.js';
import type { MemcachedServer } from './memcached.server.js';

/** What a lease needs of the backend that gave it out. */
export interface LeaseHome {
  /** The server that gave the lease. It alone knows it, also when another has become the key's. */
  readonly server: MemcachedServer;
  /** False once `clear()` has left the key behind. */
  isCurrent(): boolean;
  expiryOf(ttl: Ttl): number;
  /** Runs a call among those that closing waits for. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

/** A lease that the backend gave out, with the health of its server and the `clear()` of its cache seen to. */
export class MemcachedLease implements Lease {
  readonly #lease: ItemLease;
  readonly #home: LeaseHome;

  constructor(lease: ItemLease, home: LeaseHome) {
    this.#lease = lease;
    this.#home = home;
  }

  async fill(payload: Payload, ttl: Ttl): Promise<boolean> {
    const isCurrent = this.#home.isCurrent();
    // What was loaded before clear() is not kept, but who asks next need not wait for the lease to run out.
    if (!isCurrent) await this.release();
    return isCurrent && this.#run(() => this.#lease.fill(payload, this.#home.expiryOf(ttl)));
  }

  renew(): Promise<boolean> {
    return this.#run(() => this.#lease.renew(LEASE_SECONDS));
  }

  release(): Promise<void> {
    return this.#run(() => this.#lease.release());
  }

  #run<T>(call: () => Promise<T>): Promise<T> {
    return this.#home.run(() => this.#home.server.run(call));
  }
}
