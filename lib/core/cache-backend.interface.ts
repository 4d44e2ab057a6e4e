import type { Clock } from './clock.js';

/**
 * Seconds to live; `null` = until evicted.
 *
 * Never 0, negative or undefined: `CacheService` has settled those. Fractions are allowed and round **up** to what the
 * backend can keep, so that a short life never becomes "for ever".
 */
export type Ttl = number | null;

/**
 * What a backend keeps. The type travels in `flags` (see `payload-flags.ts`), never inside the bytes, so that a stored
 * user string can never be mistaken for a typed value.
 *
 * A string is UTF-8 text that nobody has had to encode yet. A payload is never changed after it was made.
 */
export interface Payload {
  readonly flags: number;
  readonly data: Buffer | string;
}

/** What a final key may look like on a backend. A key outside is replaced by the key layer before the backend sees it. */
export interface KeyLimits {
  /** Most bytes of UTF-8, not characters. */
  readonly maxBytes: number;
  /** True: no control character, space or DEL. */
  readonly printableOnly: boolean;
}

/** Where a counter begins if it is missing. */
export interface CounterStart {
  /** What is added to. */
  readonly value: number;
  readonly ttl: Ttl;
}

/** What a caller of `lease()` would take besides a fresh entry. */
export interface LeaseOptions {
  /**
   * An entry that has less than so many seconds left is stale: it is handed out to everybody, and the right to load it
   * again to one. `Infinity`: any entry that expires. Undefined: an entry is good until it expires.
   */
  readonly stale?: number | undefined;
}

/** The answer to one who would load an entry that is missing or stale. */
export interface Leased {
  /** What is stored; undefined if there is nothing. */
  readonly payload?: Payload;
  /** True if the payload should be loaded again. */
  readonly stale: boolean;
  /**
   * This caller is the one to load. Absent with a payload: take that. Absent without: another loads, so ask again in a
   * moment.
   */
  readonly lease?: Lease;
}

/**
 * The right of one caller, across processes, to load and store an entry. It lasts for some seconds, unless it is renewed, so
 * that an owner who died is replaced; and it ends when anybody deletes the entry or stores another, so that a late owner
 * undoes nothing.
 */
export interface Lease {
  /** Stores the entry and ends the lease. False if it had ended; then nothing was stored. */
  fill(payload: Payload, ttl: Ttl): Promise<boolean>;
  /** Lets the lease last as long again from now on. False if it has ended. To be called every third of its time. */
  renew(): Promise<boolean>;
  /** Gives the lease back without an entry: the next who asks is to load. What is stale stays. */
  release(): Promise<void>;
}

/**
 * The lock of a key, for the one who has it. Whatever it answers is decided where all who want the lock meet: nobody can end
 * or prolong one that is another's by now.
 */
export interface BackendLock {
  /** Lets it last for so many seconds from now on, never less. False if it has ended. */
  extend(seconds: number): Promise<boolean>;
  /** Ends it. False if it had ended. */
  release(): Promise<boolean>;
}

/** What one server of a backend says about itself. Figures a server does not tell are undefined. */
export interface ServerStats {
  /** The server's address, without secrets; for backends in this process what they are, such as `memory`. */
  readonly server: string;
  readonly state: 'up' | 'down';
  /** Entries held, expired ones that were not yet removed included. */
  readonly items?: number;
  /** Bytes held. */
  readonly bytes?: number;
  readonly hits?: number;
  readonly misses?: number;
  /** Live entries that were removed to make room. */
  readonly evictions?: number;
  /** Anything more that the server says, under its own names. */
  readonly details?: Readonly<Record<string, string>>;
}

/** What a backend has to tell besides its answers. Each becomes one log line and one event. */
export type BackendReport =
  | {
      readonly kind: 'server';
      /** Address without secrets. */
      readonly server: string;
      readonly state: 'up' | 'down';
      readonly error?: unknown;
    }
  | {
      /** An entry that cannot be what was stored. The backend answers a miss for it. */
      readonly kind: 'corrupt';
      readonly key: string;
      readonly error: unknown;
    }
  | { readonly kind: 'warning'; readonly message: string; readonly error?: unknown };

/** What a backend is given when it is made. */
export interface BackendContext {
  /** The name of the cache it serves, for messages. */
  readonly alias: string;
  /** What `clear()` is limited to: the cache's `keyPrefix`. Final keys of this cache are this scope's. */
  readonly scope: string;
  readonly clock: Clock;
  /** Takes what the backend has to tell besides its answers. Never throws. */
  report(report: BackendReport): void;
  /**
   * A place that all caches of one registry share, keyed by what is shared. The memory backend keeps its stores here:
   * two aliases with the same location are one store, as in Django, and two applications in one process are two.
   */
  readonly shared: Map<string, unknown>;
}

/** Makes a backend for one cache. May be async; connects nothing (that is `open()`). */
export type CacheBackendFactory = (context: BackendContext) => CacheBackend | Promise<CacheBackend>;

/**
 * A place that keeps payloads under final keys. It knows nothing of prefixes, versions, default timeouts, serializers
 * or Nest.
 *
 * Six methods are required. What a backend does better natively it declares by having the method; where it is absent,
 * `CacheService` derives it if it can, and throws `CacheUnsupportedError` if it cannot.
 *
 * Every method answers by a promise and never throws synchronously. A missing or expired entry is an answer, not an
 * error; whatever else goes wrong rejects, and the guard in front turns it into a typed error or a miss.
 */
export interface CacheBackend {
  /** The backend's name in messages and events, such as `memcached`. */
  readonly name: string;
  /** What this cache's log line at start says it is, such as `memcached 10.0.0.1:11211, 10.0.0.2:11211`. No secrets. Default: `name`. */
  readonly description?: string;
  /** Absent: any well-formed key will do. */
  readonly keyLimits?: KeyLimits;
  /**
   * How long the guard waits for one call before it gives up, in milliseconds. `Infinity`: the backend has deadlines of its
   * own and settles every call. `null`: it works in this process, cannot hang and is not guarded. Default: 1,000.
   */
  readonly deadlineMs?: number | null;
  /**
   * True: it watches its servers itself and reports when one goes down or comes back, so the guard does not. Default: false,
   * the guard takes the backend as one server.
   */
  readonly reportsServers?: boolean;

  /** The payload stored under the key; undefined if there is none or it has expired (`expiry <= now`). */
  get(key: string): Promise<Payload | undefined>;
  /** Stores and replaces. False if it was not stored; then no older value is left either. */
  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean>;
  /** Stores only if the key is absent or expired, atomically. True if this call stored it. */
  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean>;
  /** Gives a live entry a new ttl. False if there is none; never revives an expired one. */
  touch(key: string, ttl: Ttl): Promise<boolean>;
  /** True if a live entry was removed. */
  delete(key: string): Promise<boolean>;
  /** Removes the entries of this cache's scope, all versions, and nothing else. */
  clear(): Promise<void>;

  /** `get` at once, for a backend that keeps its payloads in this process: it saves the caller a turn. Derived: `get`. */
  getSync?(key: string): Payload | undefined;
  /** `getSync` that does not count as a use of the entry. Derived: `getSync`. */
  peekSync?(key: string): Payload | undefined;
  /** `set` at once, for such a backend. Derived: `set`. */
  setSync?(key: string, payload: Payload, ttl: Ttl): boolean;
  /** Found entries only. Derived: concurrent `get`s. */
  getMany?(keys: readonly string[]): Promise<Map<string, Payload>>;
  /** The keys that were not stored. Derived: concurrent `set`s. */
  setMany?(entries: ReadonlyMap<string, Payload>, ttl: Ttl): Promise<string[]>;
  /** How many live entries were removed. Derived: concurrent `delete`s. */
  deleteMany?(keys: readonly string[]): Promise<number>;
  /** The flags of a live entry, without its bytes; undefined if there is none. Derived: `get`. */
  flags?(key: string): Promise<number | undefined>;
  /**
   * Adds to an integer atomically and answers the new value; undefined if there is no live entry. The ttl and the flags
   * stay. An integer is any payload of the form `-?digits`, trailing blanks ignored.
   * Derived, atomic in this process only, if the backend has `ttl`.
   *
   * @param start Where a counter that is missing begins, with what ttl, for a backend that can do both at once. One that
   * cannot answers undefined, and the counter is begun by `add`.
   * @throws {CacheTypeError} if the entry is not an integer. @throws {RangeError} if the result would leave the safe
   * integers; nothing is changed then.
   */
  incr?(key: string, delta: number, start?: CounterStart): Promise<number | undefined>;
  /**
   * The entry, or the right to load it, of which there is one at a time across all processes. Until it is filled, the other
   * methods see no entry. Never derived.
   */
  lease?(key: string, options: LeaseOptions): Promise<Leased>;
  /**
   * The lock of a key, if nobody has it: across all processes there is one at a time. It is no entry: it takes no entry's
   * place, the other methods neither see nor end it, and neither does `clear()`. Never derived.
   *
   * @param seconds More than 0. After that it ends by itself, and never sooner.
   */
  lock?(key: string, seconds: number): Promise<BackendLock | undefined>;
  /** Seconds left; `null` = until evicted; undefined = no live entry. Never derived. */
  ttl?(key: string): Promise<Ttl | undefined>;
  /** Loads what the backend needs and checks what can be checked at once. Does not wait for a server. */
  open?(): Promise<void>;
  /** Lets what is in flight end, then releases sockets, timers and files. Idempotent. */
  close?(): Promise<void>;
  /** Resolves if every server answers. Derived: a read. */
  ping?(): Promise<void>;
  /** One entry for each server. */
  stats?(): Promise<ServerStats[]>;
  /** Empties the servers, whoever the entries belong to. */
  flushServer?(): Promise<void>;
}
