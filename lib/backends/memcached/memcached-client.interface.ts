import type { Payload, Ttl } from '../../core/cache-backend.interface.js';

/** A stored item as a client hands it out. */
export interface MemcachedItem {
  readonly payload: Payload;
  /** Changes with every change of the item; 0 if the server runs without CAS. */
  readonly cas: bigint;
}

/**
 * One server, spoken to through one library: the port behind which clients are exchanged.
 *
 * Everything above it (placement, `clear()` numbers, health, remembered deletes) is shared by all clients. A client knows
 * the wire and nothing else. It connects when it is first asked, and again after a connection broke.
 *
 * Every method settles: within the connect timeout plus the deadline for each round trip it makes, or at once when the
 * connection breaks. It rejects with an error of `memcached.errors.ts`, whose code says whether the server is to blame;
 * after a timeout, a lost connection or an unreadable answer the connection is dropped, so that a late answer reaches nobody.
 *
 * Keys are checked by the caller: 1 to 250 bytes, no blank, no control character. Calls of one tick should go out together.
 */
export interface MemcachedClient {
  /** The server's address without secrets, for messages. */
  readonly server: string;
  /** Loads the library. Connects nothing. @throws {CacheConfigError} if it is not installed. */
  load(): Promise<void>;
  /** The item, or undefined. */
  get(key: string): Promise<MemcachedItem | undefined>;
  /**
   * Stores; `add` only if the key is absent, `cas` only if the item is still the one with this number.
   *
   * @param expiry As memcached has it; see `expiryOf`.
   * @returns false if the server did not store it: the condition does not hold, too large, or no room.
   */
  store(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas?: bigint,
  ): Promise<boolean>;
  /** False if there is no item. */
  touch(key: string, expiry: number): Promise<boolean>;
  /** False if there was no item. */
  delete(key: string): Promise<boolean>;
  /**
   * The backend contract's `incr`: atomic across processes, ttl and flags stay, undefined if there is no item.
   *
   * @param shownKey The key in messages.
   * @throws {CacheTypeError} if the item is not an integer. @throws {RangeError} if the result would not be a safe integer.
   * @throws {CacheUnsupportedError} if the library cannot do it without losing the ttl.
   */
  incr(key: string, delta: number, shownKey: string): Promise<number | undefined>;
  /** The payload alone, where that is cheaper than `get`. */
  getPayload?(key: string): Promise<Payload | undefined>;
  /** The payloads of several keys in one batch, in their order. */
  getPayloads?(keys: readonly string[]): Promise<(Payload | undefined)[]>;
  /** True if there is an item. Its value is not sent. */
  has?(key: string): Promise<boolean>;
  /** Seconds left; null = for ever; undefined = no item. */
  ttl?(key: string): Promise<Ttl | undefined>;
  /** What the server says about itself, or about its settings. */
  stats(group?: 'settings'): Promise<Record<string, string>>;
  /** Empties the server. */
  flush(): Promise<void>;
  /** Resolves if the server answers. */
  ping(): Promise<void>;
  /** Ends the connection. What is in flight is rejected. Idempotent. */
  close(): void;
}
