import type { Payload, Ttl } from '../../core/cache-backend.interface.js';
import type { MemcachedClient } from './memcached-client.interface.js';
import type { MemcachedVersion } from './meta.handshake.js';

/** Where a counter begins if it is missing. */
export interface MetaInitial {
  /** What is added to. */
  readonly value: number;
  /** As memcached has it; see `expiryOf`. */
  readonly expiry: number;
}

/** What a caller asks for who would load the value if it is missing. */
export interface MetaLeaseOptions {
  /** How long the lease lasts unless it is renewed, in seconds; at least 2. */
  readonly seconds: number;
  /**
   * A value that has less than this left is to be loaded again by one caller, in seconds. A winner of this kind who dies is
   * not replaced before the value has expired. Undefined: a value is good until it expires.
   */
  readonly refreshBelow?: number | undefined;
}

/** What the server answered to one who would load the value. */
export interface MetaLeased {
  /** The value; undefined if there is none. */
  readonly payload?: Payload;
  /** True: the value was marked stale, or has less than `refreshBelow` left. */
  readonly isStale: boolean;
  /** This caller is the one to load. Absent without a value: another is loading, so ask again in a moment. */
  readonly lease?: MetaLease;
}

/** The right of one caller to load and store a value. It ends with a `set`, `add`, `delete` or `incr` by anybody. */
export interface MetaLease {
  /** Stores the value. False if the right has ended: then nothing was stored, and nothing that is there was changed. */
  fill(payload: Payload, expiry: number): Promise<boolean>;
  /** Makes the lease last for so many seconds from now. False if the right has ended. A stale value needs none of this. */
  renew(seconds: number): Promise<boolean>;
  /** Gives the right back: the next who asks is to load. A stale value stays as it is, with the time it has left. */
  release(): Promise<void>;
}

/**
 * What the meta protocol can do beyond what all clients can.
 *
 * A lease is kept in the place of the item, so items are leased only where no foreign client reads the same keys. All
 * methods take an item that is only a lease for none; `add` takes its place.
 */
export interface MetaMemcachedClient extends MemcachedClient {
  /** The payload alone, which is cheaper than `get`. */
  getPayload(key: string): Promise<Payload | undefined>;
  /** The payloads of several keys in one batch, in their order. */
  getPayloads(keys: readonly string[]): Promise<(Payload | undefined)[]>;
  /** True if there is an item. Its value is not sent. */
  has(key: string): Promise<boolean>;
  /** Seconds left; null = for ever; undefined = no item. */
  ttl(key: string): Promise<Ttl | undefined>;
  /**
   * @param initial Begins the counter if there is none, in the same trip. Undefined: a missing one is answered by undefined.
   */
  incr(
    key: string,
    delta: number,
    shownKey: string,
    initial?: MetaInitial,
  ): Promise<number | undefined>;
  /**
   * The value, or the right to load it.
   *
   * @throws {CacheUnsupportedError} if the server is older than 1.6.13, or runs without CAS.
   */
  lease(key: string, options: MetaLeaseOptions): Promise<MetaLeased>;
  /** What the server says its version is, such as `1.6.18`. */
  version(): Promise<MemcachedVersion>;
}
