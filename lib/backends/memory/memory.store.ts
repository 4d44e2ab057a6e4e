import { LRUCache } from 'lru-cache';
import type { Payload, Ttl } from '../../core/cache-backend.interface.js';
import { type Clock, steadyClock } from '../../core/clock.js';
import { entrySize } from './entry-size.js';
import { MemoryLeases } from './memory.leases.js';
import { MemoryLocks } from './memory.locks.js';
import type { MemoryLimits } from './memory.options.js';

/** What is kept under a key. The expiry stands here, so that a touch leaves the order of use alone. */
export interface MemoryEntry {
  readonly key: string;
  readonly payload: Payload;
  /** Milliseconds since the epoch; `Infinity` = until evicted. */
  expiresAt: number;
}

// Before a live entry goes, this many at the cold end are known to be live too.
const KNOWN_LIVE = 8;
// One look at more of them serves several evictions, as walking lru-cache's list is dear.
const LOOK_AT = 2 * KNOWN_LIVE;

/** The entries that caches with the same location and scope share. lru-cache keeps their order of use and their size. */
export class MemoryStore {
  /** How many backends use it. */
  users = 0;
  /** Who is loading what. */
  readonly leases: MemoryLeases;
  /** Who has which lock. No other method here sees to them. */
  readonly locks: MemoryLocks;
  hits = 0;
  misses = 0;
  evictions = 0;
  /** No entry expires before this. */
  #nothingExpiresBefore = Infinity;
  /** No entry of the last look, and none written since, expires before this. */
  #lookHoldsUntil = Infinity;
  /** How many evictions the last look still serves. */
  #lookServes = 0;
  readonly #entries: LRUCache<string, MemoryEntry>;

  /** By which the expiries of this store are measured. */
  readonly clock: Clock;

  /** @param clock The clock of the cache that made the store. */
  constructor(
    readonly limits: MemoryLimits,
    clock: Clock,
  ) {
    this.clock = steadyClock(clock);
    this.#entries = new LRUCache({ max: limits.maxEntries, maxSize: limits.maxBytes });
    this.leases = new MemoryLeases(this.clock);
    this.locks = new MemoryLocks(this.clock);
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** When an entry with this ttl expires, from now on. */
  expiryOf(ttl: Ttl): number {
    return ttl === null ? Infinity : this.clock.now() + ttl * 1000;
  }

  /** The live entry, which becomes the most recently used and counts as a hit; undefined counts as a miss. */
  use(key: string): MemoryEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      if (entry.expiresAt === Infinity || entry.expiresAt > this.clock.now()) {
        this.hits += 1;
        return entry;
      }
      this.#entries.delete(key);
    }
    this.misses += 1;
    return undefined;
  }

  /** The live entry, without any effect on the order of use. An expired one is removed. */
  peek(key: string): MemoryEntry | undefined {
    const entry = this.#entries.peek(key);
    if (entry === undefined || entry.expiresAt === Infinity) return entry;
    if (entry.expiresAt > this.clock.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /**
   * Stores and replaces, as the most recently used, and ends a lease of the key. False if it is too large; then nothing is
   * left under the key.
   */
  put(key: string, payload: Payload, expiresAt: number): boolean {
    this.leases.end(key);
    const { maxEntries, maxBytes, maxEntryBytes } = this.limits;
    const entries = this.#entries;
    const size = entrySize(key, payload);
    if (size > maxEntryBytes) {
      entries.delete(key);
      return false;
    }
    if (entries.size >= maxEntries || entries.calculatedSize + size > maxBytes) {
      this.#makeRoom(key, size);
    }
    if (expiresAt < this.#lookHoldsUntil) this.#expiryIsNear(expiresAt);
    entries.set(key, { key, payload, expiresAt }, { size });
    return true;
  }

  /** Gives an entry another expiry. */
  postpone(entry: MemoryEntry, expiresAt: number): void {
    if (expiresAt < this.#lookHoldsUntil) this.#expiryIsNear(expiresAt);
    entry.expiresAt = expiresAt;
  }

  /** Removes an entry, and ends a lease of the key. True if the entry was live. */
  remove(key: string): boolean {
    this.leases.end(key);
    return this.peek(key) !== undefined && this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.leases.clear();
    this.#nothingExpiresBefore = Infinity;
    this.#lookHoldsUntil = Infinity;
    this.#lookServes = 0;
  }

  #expiryIsNear(expiresAt: number): void {
    this.#lookHoldsUntil = expiresAt;
    if (expiresAt < this.#nothingExpiresBefore) this.#nothingExpiresBefore = expiresAt;
  }

  #makeRoom(key: string, size: number): void {
    const { maxEntries, maxBytes, cullFrequency } = this.limits;
    const entries = this.#entries;
    // What is replaced makes its own room, so an overwrite costs no other entry its place.
    entries.delete(key);
    const now = this.clock.now();
    if (entries.size >= maxEntries && !this.#dropExpired(now)) {
      this.#evict(shareOf(entries.size, cullFrequency), now);
    }
    while (entries.calculatedSize + size > maxBytes) {
      if (!this.#dropExpired(now)) this.#evict(1, now);
    }
  }

  /** Removes the expired ones among the least recently used. True if there was one. */
  #dropExpired(now: number): boolean {
    if (now < this.#nothingExpiresBefore) return false;
    if (this.#lookServes > 0 && now < this.#lookHoldsUntil) {
      this.#lookServes -= 1;
      return false;
    }
    const expired: string[] = [];
    let live = 0;
    this.#lookHoldsUntil = Infinity;
    for (const entry of this.#entries.rvalues()) {
      if (entry === undefined) continue;
      if (entry.expiresAt <= now) {
        expired.push(entry.key);
      } else {
        live += 1;
        if (entry.expiresAt < this.#lookHoldsUntil) this.#lookHoldsUntil = entry.expiresAt;
      }
      if (live + expired.length === LOOK_AT) break;
    }
    this.#lookServes = Math.max(0, live - KNOWN_LIVE);
    for (const key of expired) this.#entries.delete(key);
    return expired.length > 0;
  }

  #evict(count: number, now: number): void {
    for (let left = count; left > 0; left -= 1) {
      const entry = this.#entries.pop();
      if (entry !== undefined && entry.expiresAt > now) this.evictions += 1;
    }
  }
}

function shareOf(count: number, cullFrequency: number | undefined): number {
  if (cullFrequency === undefined) return 1;
  return cullFrequency === 0 ? count : Math.max(1, Math.floor(count / cullFrequency));
}
