import type { BackendLock } from '../../core/cache-backend.interface.js';
import { CacheBackendError } from '../../core/cache.errors.js';
import type { Clock } from '../../core/clock.js';

const MOST_LOCKS = 100_000;
const FIRST_SWEEP = 1_000;

/**
 * Who has which lock of a store. Locks are no entries: nothing that is stored ends one, and none is given up to make room for
 * another, because its owner would not be alone then.
 */
export class MemoryLocks {
  readonly #held = new Map<string, MemoryLock>();
  readonly #clock: Clock;
  readonly #most: number;
  #sweepAt = FIRST_SWEEP;

  /** @param most How many are held at a time. Default: 100,000. */
  constructor(clock: Clock, most = MOST_LOCKS) {
    this.#clock = clock;
    this.#most = most;
  }

  /** How many are remembered, those that are over included. */
  get size(): number {
    return this.#held.size;
  }

  /** The lock of a key; undefined if another has it. @throws {CacheBackendError} if too many are held. */
  take(key: string, seconds: number): BackendLock | undefined {
    const now = this.#clock.now();
    if (this.#held.get(key)?.isRunning(now)) return undefined;
    this.#held.delete(key);
    if (this.#held.size >= Math.min(this.#sweepAt, this.#most)) this.#sweep(now);
    if (this.#held.size >= this.#most) throw tooMany(this.#most, key);
    const lock = new MemoryLock(key, this.#held, this.#clock, seconds);
    this.#held.set(key, lock);
    return lock;
  }

  /** Forgets those whose time is over. Rare enough to cost each lock that is taken next to nothing. */
  #sweep(now: number): void {
    for (const [key, lock] of this.#held) if (!lock.isRunning(now)) this.#held.delete(key);
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#held.size);
  }
}

class MemoryLock implements BackendLock {
  readonly #key: string;
  readonly #held: Map<string, MemoryLock>;
  readonly #clock: Clock;
  #endsAt: number;

  constructor(key: string, held: Map<string, MemoryLock>, clock: Clock, seconds: number) {
    this.#key = key;
    this.#held = held;
    this.#clock = clock;
    this.#endsAt = clock.now() + seconds * 1000;
  }

  isRunning(now: number): boolean {
    return this.#endsAt > now;
  }

  extend(seconds: number): Promise<boolean> {
    const isOwn = this.#isOwn;
    if (isOwn) this.#endsAt = this.#clock.now() + seconds * 1000;
    return Promise.resolve(isOwn);
  }

  release(): Promise<boolean> {
    return Promise.resolve(this.#isOwn && this.#held.delete(this.#key));
  }

  get #isOwn(): boolean {
    return this.#held.get(this.#key) === this && this.isRunning(this.#clock.now());
  }
}

function tooMany(most: number, key: string): CacheBackendError {
  return new CacheBackendError(
    'CACHE_BACKEND',
    `The memory backend holds ${most} locks and gives out no more, because it could not keep their promise. Release locks, or give them shorter timeouts.`,
    { backend: 'memory', operation: 'lock', key },
  );
}
