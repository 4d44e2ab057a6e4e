import type { ValueType } from './payload-codec.js';
import type { HeldTags, TagsOf } from './tags.js';
import type { Duration, Timeout } from './timeout.js';

/** What any call may say beside its key. */
export interface CallOptions {
  /** A version other than the cache's: a non-negative integer. */
  readonly version?: number;
  /**
   * The class of the value, or of the items of a list. Its instances are stored as plain data, and come back with its
   * prototype; the constructor is not called. The stored bytes bear no class name.
   */
  readonly type?: ValueType;
}

/** What a call that reads may say. */
export interface ReadOptions extends CallOptions {
  /**
   * Tags that the value is known to bear: their stamps come in the same round trip. Without it they do so where this process
   * has read or written the value before, and cost a second one otherwise. What is read is the same.
   */
  readonly tags?: readonly string[] | undefined;
}

/** What a call that gives an entry another timeout may say. */
export interface TouchOptions extends ReadOptions {
  /** How long the value lives from now on: **seconds**, or a string with its unit. `null`: never expires. */
  readonly timeout?: Timeout | undefined;
}

/** What a call that stores may say. */
export interface WriteOptions extends CallOptions {
  /** How long the value lives: **seconds**, or a string with its unit. `null`: never expires. Default: the cache's `timeout`. */
  readonly timeout?: Timeout | undefined;
  /** What the value can be invalidated by, or the tags that `holdTags()` held before it was made. Default: none. */
  readonly tags?: readonly string[] | HeldTags | undefined;
}

/** A timeout that is known only when the value is; 0 or less = the value is not stored. */
export type TimeoutOf<T> = (value: T) => Timeout | undefined;

/** What a loader is handed. */
export interface LoadContext {
  /**
   * Aborted when what the loader brings is of no use any more: at the hard timeout, or when all who wait have left. Hand it
   * to `fetch()` or the database.
   */
  readonly signal: AbortSignal;
}

/** Loads a value. */
export type Loader<T> = (context: LoadContext) => T | Promise<T>;

/** What `getOrSet()` may be told. */
export interface LoadOptions<T> extends CallOptions {
  /** As in `WriteOptions`, or a function of the loaded value. */
  readonly timeout?: Timeout | TimeoutOf<T> | undefined;
  /** As in `WriteOptions`, or a function of the loaded value. */
  readonly tags?: readonly string[] | HeldTags | TagsOf<T> | undefined;
  /**
   * True: of all processes that find nothing one loads, and the others wait for its value. Default: true if the backend gives
   * out leases to other processes, as `file` and `memcached` do; where it does not, one load per process.
   */
  readonly lock?: boolean | undefined;
  /**
   * How long a load may take, waiting for another process included: **seconds**, or a string with its unit. After that all
   * who wait get a `CacheLoadTimeoutError`, and the load stores nothing. `null`: no limit. Default: 30.
   */
  readonly hardTimeout?: number | Duration | null | undefined;
  /** Lets this caller go: it gets the signal's reason. The load goes on for the others, and is stopped if there are none. */
  readonly signal?: AbortSignal | undefined;
  /**
   * For how long after its timeout the value may still be given out while it is loaded again in the background, by one of all
   * processes: **seconds**, or a string with its unit. Only `getOrSet()` with this option gives it out; for all other methods
   * it is over with its timeout. What is deleted, or bears an invalidated tag, never is. Default: not at all.
   *
   * @see RFC 5861, section 3
   */
  readonly staleWhileRevalidate?: number | Duration | undefined;
  /**
   * For how long after its timeout the value may still be given out if it cannot be loaded again: **seconds**, or a string
   * with its unit. After a failure it is tried again when the value's timeout has passed once more, but not before a second
   * and not after ten; till then the value is given out at once. Default: not at all.
   *
   * @see RFC 5861, section 4
   */
  readonly staleIfError?: number | Duration | undefined;
  /**
   * Shortens the timeout by chance, so that what was stored together is not over together: by up to this part of it if it is a
   * number from 0 to 1, or by up to so long if it is a string with its unit. Default: 0.
   */
  readonly jitter?: number | Duration | undefined;
  /** The timeout of a loaded `null`, if it is another. An `undefined` is never stored. Default: as of other values. */
  readonly negativeTimeout?: Timeout | undefined;
}

/** What a loader of several values brings: a `Map`, pairs, or an object. What it leaves out is not there. */
export type LoadedMany<T> =
  Iterable<readonly [string, T | undefined]> | Readonly<Record<string, T | undefined>>;

/** Loads the values of several keys. */
export type ManyLoader<T> = (
  keys: string[],
  context: LoadContext,
) => LoadedMany<T> | Promise<LoadedMany<T>>;

/** What `getOrSetMany()` may be told. What is a function of a value is asked for each. */
export type LoadManyOptions<T> = Omit<
  LoadOptions<T>,
  'lock' | 'staleWhileRevalidate' | 'staleIfError'
>;

/** What `incr()` and `decr()` may be told. A counter bears no tags. */
export interface CounterOptions {
  /** A version other than the cache's: a non-negative integer. */
  readonly version?: number;
  /** Where a counter that does not exist begins. Default: it is an error that it does not exist. */
  readonly initial?: number;
  /** How long a counter that is begun lives. **Seconds**, or a string with its unit. Default: the cache's `timeout`. */
  readonly timeout?: Timeout | undefined;
}
