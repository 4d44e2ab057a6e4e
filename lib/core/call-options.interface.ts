import type { ValueType } from './payload-codec.js';
import type { Timeout } from './timeout.js';

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

/** What a call that stores may say. */
export interface WriteOptions extends CallOptions {
  /** How long the value lives: **seconds**, or a string with its unit. `null`: never expires. Default: the cache's `timeout`. */
  readonly timeout?: Timeout | undefined;
}

/** A timeout that is known only when the value is; 0 or less = the value is not stored. */
export type TimeoutOf<T> = (value: T) => Timeout | undefined;

/** What `getOrSet()` may be told. */
export interface LoadOptions<T> extends CallOptions {
  /** As in `WriteOptions`, or a function of the loaded value. */
  readonly timeout?: Timeout | TimeoutOf<T> | undefined;
}

/** What `incr()` and `decr()` may be told. */
export interface CounterOptions {
  /** A version other than the cache's: a non-negative integer. */
  readonly version?: number;
  /** Where a counter that does not exist begins. Default: it is an error that it does not exist. */
  readonly initial?: number;
  /** How long a counter that is begun lives. **Seconds**, or a string with its unit. Default: the cache's `timeout`. */
  readonly timeout?: Timeout | undefined;
}
