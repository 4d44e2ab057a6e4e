import type { CacheBackend, CacheBackendFactory } from './cache-backend.interface.js';
import type { KeyFunction } from './key-builder.js';
import type { Serializer } from './serializer.interface.js';
import type { Timeout } from './timeout.js';

/** What a backend's failure becomes for the caller. */
export type OnError = 'miss' | 'throw';

/** How values in this process are kept from being changed by those who got them. */
export type Isolation = 'copy' | 'freeze';

/** The settings of one cache: one entry of Django's `CACHES`. */
export interface CacheOptions {
  /**
   * The whole configuration as one URL, such as `memcached://10.0.0.1:11211,10.0.0.2:11211?timeout=60&keyPrefix=shop`,
   * `memory://`, `file:///var/cache/shop` or `dummy://`. Other options given beside it win. Given but empty or undefined it
   * is an error, so that a missing environment variable never means memory in silence.
   */
  readonly url?: string | undefined;
  /** A backend's name, a factory, or a backend of your own. Default: `'memory'`. */
  readonly backend?: string | CacheBackendFactory | CacheBackend;
  /** Where it keeps things: servers (a list is one pool), a directory, a store's name. What is meant depends on the backend. */
  readonly location?: string | readonly string[];
  /** How long values live if a call does not say. **Seconds**, or a string with its unit. `null`: never expires. Default: 300. */
  readonly timeout?: Timeout;
  /** Put in front of every key, and what `clear()` is limited to. Default: none. */
  readonly keyPrefix?: string;
  /** The version of keys if a call does not say: a non-negative integer. Default: 1. */
  readonly version?: number;
  /** Makes the final key. Default: Django's `prefix:version:key`. */
  readonly keyFunction?: KeyFunction;
  /**
   * What happens to a key that the backend cannot take. `'hash'` replaces it by a legal and unique one; `'throw'` is
   * Django's `InvalidCacheKey`: memcached's limits hold on every backend, so that what passes in tests passes in
   * production. Default: `'hash'`.
   */
  readonly invalidKeys?: 'hash' | 'throw';
  /**
   * `'miss'`: when the backend fails, reads miss and writes answer false; what decides something (`add`, `incr`, `clear`, …)
   * throws. `'throw'`: everything throws. Default: `'miss'`.
   */
  readonly onError?: OnError;
  /**
   * `'copy'`: every caller gets a value of its own. `'freeze'`: plain objects and arrays are decoded once, deep-frozen and
   * handed out as they are, which is faster where the backend keeps them in this process. Default: `'copy'`.
   */
  readonly isolation?: Isolation;
  /** For values that are not text, integers or bytes. Default: `json()`. */
  readonly serializer?: Serializer;
  /** The backend's own options; which there are depends on its name. */
  readonly options?: object;
}
