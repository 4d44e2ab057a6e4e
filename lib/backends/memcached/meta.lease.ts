import { performance } from 'node:perf_hooks';
import type { Payload } from '../../core/cache-backend.interface.js';
import { Turns } from '../../core/key-turns.js';
import { FLAG_RENEWED_LEASE } from '../../core/payload-flags.js';
import { NEVER, expiryOf } from './expiry.js';
import type { ItemLease } from './memcached-client.interface.js';
import type { MetaCommands } from './meta.commands.js';

/** The value that is to be replaced under a lease. */
export interface OldValue {
  readonly payload: Payload;
  /** Seconds left when the lease was won; -1 = for ever. */
  readonly ttl: number;
  /** True if the server had it marked stale. */
  readonly isMarked: boolean;
}

const RENEWED: Payload = { flags: FLAG_RENEWED_LEASE, data: '' };
const SHORTEST_SECONDS = 2;

/**
 * A lease that was won: the item's CAS number is the right to it. The server refuses the number as soon as anybody else has
 * changed the item, so a late owner overwrites nothing.
 */
export class WonLease implements ItemLease {
  readonly #commands: MetaCommands;
  readonly #key: string;
  readonly #old: OldValue | undefined;
  readonly #wonAt = performance.now();
  #cas: bigint;
  #isOver = false;
  // Renewing changes the number, so whatever comes after has to wait for it.
  readonly #turns = new Turns();

  /** @param old Undefined if there is no value. */
  constructor(commands: MetaCommands, key: string, cas: bigint, old?: OldValue) {
    this.#commands = commands;
    this.#key = key;
    this.#cas = cas;
    this.#old = old;
  }

  fill(payload: Payload, expiry: number): Promise<boolean> {
    return this.#turns.run(async () => {
      if (this.#isOver) return false;
      this.#isOver = true;
      const outcome = await this.#commands.put('set', this.#key, payload, expiry, this.#cas);
      return outcome.is === 'done';
    });
  }

  renew(seconds: number): Promise<boolean> {
    return this.#turns.run(async () => {
      if (this.#isOver || this.#old) return !this.#isOver;
      const expiry = Math.max(SHORTEST_SECONDS, seconds);
      const outcome = await this.#commands.put('set', this.#key, RENEWED, expiry, this.#cas);
      this.#cas = outcome.cas;
      this.#isOver = outcome.is !== 'done';
      return !this.#isOver;
    });
  }

  release(): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#isOver) return;
      this.#isOver = true;
      const old = this.#old;
      if (!old) await this.#commands.delete(this.#key, this.#cas);
      else if (old.isMarked) await this.#commands.markStale(this.#key, this.#cas);
      else await this.#commands.put('set', this.#key, old.payload, this.#left(old.ttl), this.#cas);
    });
  }

  #left(ttl: number): number {
    if (ttl === -1) return NEVER;
    const seconds = ttl - Math.floor((performance.now() - this.#wonAt) / 1000);
    return expiryOf(Math.max(1, seconds), Date.now());
  }
}
