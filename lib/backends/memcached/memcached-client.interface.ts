import type { Payload, Ttl } from '../../core/cache-backend.interface.js';

/** A stored item as a client hands it out. */
export interface MemcachedItem {
  readonly payload: Payload;
  /** Changes with every change of the item; 0 if the server runs without CAS. */
  readonly cas: bigint;
}

/** What a counter begins as if it is missing. */
export interface CounterItem {
  /** What is added to. */
  readonly value: number;
  /** As memcached has it; see `expiryOf`. */
  readonly expiry: number;
}

/** What a caller asks for who would load the item if it is missing. */
export interface ItemLeaseOptions {
  /** How long the lease lasts unless it is renewed, in seconds; at least 2. */
  readonly seconds: number;
  /**
   * An item that has less than this left is to be loaded again by one caller, in whole seconds; `Infinity`: any item that
   * expires. A winner of this kind who dies is
   * not replaced before the item has expired. Undefined: an item is good until it expires.
   */
  readonly refreshBelow?: number | undefined;
}

/** What the server answered to one who would load the item. */
export interface LeasedItem {
  /** The value; undefined if there is none. */
  readonly payload?: Payload;
  /** True: the item was marked stale, or has less than `refreshBelow` left. */
  readonly isStale: boolean;
  /** This caller is the one to load. Absent without a payload: another is loading, so ask again in a moment. */
  readonly lease?: ItemLease;
}

/** The right of one caller to load and store an item. It ends with a `set`, `add`, `delete` or `incr` by anybody. */
export interface ItemLease {
  /** Stores the value. False if the right has ended: then nothing of it stays, and nothing that is there was changed. */
  fill(payload: Payload, expiry: number): Promise<boolean>;
  /** Makes the lease last for so many seconds from now. False if the right has ended. A stale item needs none of this. */
  renew(seconds: number): Promise<boolean>;
  /** Gives the right back: the next who asks is to load. A stale item stays as it is, with the time it has left. */
  release(): Promise<void>;
}

/**
 * One server, spoken to through one library: the port behind which clients are exchanged.
 *
 * Everything above it (placement, `clear()` numbers, health, remembered deletes) is shared by all clients. A client knows
 * the wire and nothing else. It connects when it is first asked, and again after a connection broke.
 *
 * Every method settles: within the connect timeout plus the deadline for each round trip it makes, or at once when the
 * connection breaks. It rejects with an error of `memcached.errors.ts`, whose code says whether the server is to blame;
 * after a timeout, a lost connection or an unreadable answer the connection is used no more, so that a late answer reaches nobody.
 *
 * A key that memcached cannot take is never sent: the call rejects with `InvalidCacheKeyError`. Calls of one tick should go
 * out together. What a client cannot do it leaves out.
 */
export interface MemcachedClient {
  /** The server's address without secrets, for messages. */
  readonly server: string;
  /** Loads the library. Connects nothing. @throws {CacheConfigError} if it is not installed. */
  load(): Promise<void>;
  /** The payload stored under the key, or undefined. */
  getPayload(key: string): Promise<Payload | undefined>;
  /** `getPayload` for who would put a promise of its own around that: one of the two is called, once. @throws {InvalidCacheKeyError} */
  readPayload?(
    key: string,
    onPayload: (payload: Payload | undefined) => void,
    onError: (error: unknown) => void,
  ): void;
  /** The payloads of several keys in one batch, in their order. */
  getPayloads(keys: readonly string[]): Promise<(Payload | undefined)[]>;
  /** The item with its CAS number, or undefined. */
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
  /**
   * `store`, for keys under which no lease lies.
   *
   * @returns the CAS number of what was stored; undefined if the server did not store it.
   */
  storeItem(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas?: bigint,
  ): Promise<bigint | undefined>;
  /** False if there is no item. */
  touch(key: string, expiry: number): Promise<boolean>;
  /** False if there was no item; with a CAS number also if it is another one. */
  delete(key: string, cas?: bigint): Promise<boolean>;
  /**
   * The backend contract's `incr`: atomic across processes, ttl and flags stay, undefined if there is no item.
   *
   * @param shownKey The key in messages. Default: the key.
   * @param start Begins the counter if there is none, in the same trip. A client that cannot answers undefined.
   * @throws {CacheTypeError} if the item is not an integer. @throws {RangeError} if the result would not be a safe integer.
   * @throws {CacheUnsupportedError} if the library cannot do it without losing the ttl.
   */
  incr(
    key: string,
    delta: number,
    shownKey?: string,
    start?: CounterItem,
  ): Promise<number | undefined>;
  /** The flags of an item; undefined = no item. Its value is not sent. */
  flags?(key: string): Promise<number | undefined>;
  /** Seconds left; null = for ever; undefined = no item. */
  ttl?(key: string): Promise<Ttl | undefined>;
  /**
   * The item, or the right to load it, which is kept in the place of the item: only where no foreign client reads the key.
   * All other methods take an item that is only a lease for none; `add` takes its place.
   *
   * @throws {CacheUnsupportedError} if the server cannot do it.
   */
  lease?(key: string, options: ItemLeaseOptions): Promise<LeasedItem>;
  /** What the server says about itself, or about its settings. */
  stats(group?: 'settings'): Promise<Record<string, string>>;
  /** Empties the server. */
  flush(): Promise<void>;
  /** Resolves if the server answers. */
  ping(): Promise<void>;
  /**
   * Resolves when nothing that was given up at a deadline can still change something on the server: its answers have come, or
   * its connection has ended. At once if there is nothing; after 5 seconds in any case.
   */
  settled(): Promise<void>;
  /** Ends the connection. What is in flight is rejected. Idempotent. */
  close(): void;
}
