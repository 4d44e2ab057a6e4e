import type { Clock } from '../../core/clock.js';
import { LEASE_SECONDS } from '../../core/lease-time.js';

/** The right to load one key, as long as it is the one that stands under its key. */
export interface HeldLease {
  readonly key: string;
  /** Milliseconds since the epoch. */
  endsAt: number;
}

const LEASE_MS = LEASE_SECONDS * 1000;
const MOST_LEASES = 10_000;

/**
 * Who is loading which key of a store. Leases are no entries: they take none of the entries' room, and a flood of them costs
 * no entry its place. When there are too many of them, the oldest ends, so that its owner's value is not stored.
 */
export class MemoryLeases {
  // All last equally long and a renewed one goes to the end, so the first is the one that ends first.
  readonly #held = new Map<string, HeldLease>();
  readonly #clock: Clock;
  readonly #most: number;

  /** @param most How many there are at a time. Default: 10,000. */
  constructor(clock: Clock, most = MOST_LEASES) {
    this.#clock = clock;
    this.#most = most;
  }

  /** How many are remembered, those that are over included. */
  get size(): number {
    return this.#held.size;
  }

  /** A lease on the key; undefined while another has one. */
  take(key: string): HeldLease | undefined {
    const now = this.#clock.now();
    const found = this.#held.get(key);
    if (found && isRunning(found, now)) return undefined;
    this.#held.delete(key);
    for (const oldest of this.#held.values()) {
      if (isRunning(oldest, now) && this.#held.size < this.#most) break;
      this.#held.delete(oldest.key);
    }
    const lease = { key, endsAt: now + LEASE_MS };
    this.#held.set(key, lease);
    return lease;
  }

  /** False once the lease has ended, by its time or because the entry was changed. */
  isHeld(lease: HeldLease): boolean {
    return this.#held.get(lease.key) === lease && isRunning(lease, this.#clock.now());
  }

  /** Lets a lease that is held last as long again. */
  renew(lease: HeldLease): void {
    lease.endsAt = this.#clock.now() + LEASE_MS;
    this.#held.delete(lease.key);
    this.#held.set(lease.key, lease);
  }

  /** Ends the lease of a key, whoever has it. */
  end(key: string): void {
    if (this.#held.size > 0) this.#held.delete(key);
  }

  clear(): void {
    this.#held.clear();
  }
}

// One that has more left than a lease lasts was given before the clock was set back.
function isRunning({ endsAt }: HeldLease, now: number): boolean {
  return endsAt > now && endsAt - now <= LEASE_MS;
}
