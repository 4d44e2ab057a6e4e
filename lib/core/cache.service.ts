import type {
  CallOptions,
  CounterOptions,
  LoadOptions,
  TimeoutOf,
  WriteOptions,
} from './call-options.interface.js';
import type { CacheBackend, Payload, ServerStats, Ttl } from './cache-backend.interface.js';
import { isWatched } from './cache-events.js';
import type { CacheParts } from './cache-parts.interface.js';
import { CacheView, MISS, readResult, type ViewOptions } from './cache-view.js';
import { addToCounter, moveVersion } from './counters.js';
import * as derived from './derived-operations.js';
import { getOrSet } from './get-or-set.js';
import { type CacheLock, type LockOptions, type LockTimeout, takeLock, withLock } from './lock.js';
import { isDate, type Timeout } from './timeout.js';

/**
 * One cache: Django's methods in camelCase, all of them asynchronous. They reject and never throw synchronously.
 *
 * `undefined` is a miss and can never be stored; `null` is a value. A value that is given out is the caller's own (or
 * deep-frozen, under `isolation: 'freeze'`). Timeouts are **seconds**, or strings with their unit.
 *
 * Every method rejects with `TypeError` for a key that is no non-empty string, with `InvalidCacheKeyError` for one that
 * cannot be used, both before any I/O, and with `CacheClosedError` after `close()`. In the default `onError: 'miss'` a
 * failing backend makes reads miss and `set`, `touch` and `delete` answer false; the methods that decide something say so.
 *
 * @see Django, django.core.cache.backends.base.BaseCache
 */
export class CacheService {
  /** The name under which the cache is configured. */
  readonly alias: string;
  readonly #view: CacheView;

  /** Made by `CacheModule` and `createCache()`. */
  constructor(parts: CacheParts, view: ViewOptions = {}) {
    this.alias = parts.alias;
    this.#view = new CacheView(parts, view);
  }

  /** The backend itself, without the guard in front of it: the way down to what only it can do. */
  get backend(): CacheBackend {
    return this.#view.parts.backend;
  }

  /** How long values live if a call does not say. */
  get timeout(): Timeout {
    return this.#view.parts.timeout;
  }

  /**
   * The value stored under the key.
   *
   * @param defaultValue Answered on a miss. Default: undefined.
   * @see Django, BaseCache.get()
   */
  get<T = unknown>(key: string): Promise<T | undefined>;
  get<T>(key: string, defaultValue: T, options?: CallOptions): Promise<T>;
  get<T = unknown>(
    key: string,
    defaultValue: undefined,
    options?: CallOptions,
  ): Promise<T | undefined>;
  get(key: string, defaultValue?: unknown, options?: CallOptions): Promise<unknown> {
    const view = this.#view;
    if (!isWatched()) return this.#find(key, options, defaultValue);
    return view
      .run('get', () => this.#find(key, options, MISS), readResult)
      .then((found) => (found === MISS ? defaultValue : found));
  }

  /**
   * Stores a value, replacing what is there.
   *
   * @param timeout Seconds or `WriteOptions`; `null` = never expires; 0 or less stores nothing and removes what is there.
   * @returns false if it could not be stored; then no older value is left either.
   * @throws {CacheSerializationError} if the value could not be given back equal; then nothing has changed.
   * @see Django, BaseCache.set()
   */
  set(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean> {
    if (!isWatched()) return this.#set(key, value, timeout);
    return this.#view.run('set', () => this.#set(key, value, timeout));
  }

  /**
   * Stores a value only if the key is absent, atomically: of all who try, one gets true.
   *
   * @param timeout Seconds or `WriteOptions`; `null` = never expires; 0 or less stores nothing and answers whether the key
   * was free.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says: who won must not be invented.
   * @see Django, BaseCache.add()
   */
  add(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean> {
    const view = this.#view;
    return view.run('add', async () => {
      const { finalKey, payload, ttl } = this.#write(key, value, writeOptions(timeout));
      if (ttl !== 0) return view.strict.add(finalKey, payload, ttl);
      return !(await derived.has(view.strict, finalKey));
    });
  }

  /**
   * Gives a live entry a new timeout.
   *
   * @param timeout Seconds or `WriteOptions`; default: the cache's `timeout`; 0 or less removes the entry.
   * @returns true if there was a live entry. An expired one is never revived.
   * @see Django, BaseCache.touch()
   */
  touch(key: string, timeout?: Timeout | WriteOptions): Promise<boolean> {
    const view = this.#view;
    return view.run('touch', async () => {
      const options = writeOptions(timeout);
      const finalKey = view.key(key, options.version);
      const ttl = view.ttl(options.timeout);
      return ttl === 0 ? view.backend.delete(finalKey) : view.backend.touch(finalKey, ttl);
    });
  }

  /** Removes an entry. @returns true if a live one was removed. @see Django, BaseCache.delete() */
  delete(key: string, options?: CallOptions): Promise<boolean> {
    const view = this.#view;
    return view.run('delete', async () => view.backend.delete(view.key(key, options?.version)));
  }

  /** True if there is a live entry, `null` included. @see Django, BaseCache.has_key() */
  has(key: string, options?: CallOptions): Promise<boolean> {
    const view = this.#view;
    return view.run(
      'has',
      async () => derived.has(view.backend, view.key(key, options?.version)),
      readResult,
    );
  }

  /**
   * The values that were found, under the caller's keys, in the order they were asked for.
   *
   * @see Django, BaseCache.get_many()
   */
  getMany<T = unknown>(keys: Iterable<string>, options?: CallOptions): Promise<Map<string, T>> {
    const view = this.#view;
    return view.run('getMany', async () => {
      const asked = [...keys];
      const found = new Map<string, T>();
      if (asked.length === 0) return found;
      const finalKeys = asked.map((key) => view.key(key, options?.version));
      const payloads = await derived.getMany(view.backend, finalKeys);
      asked.forEach((key, index) => {
        const finalKey = finalKeys[index]!;
        const payload = payloads.get(finalKey);
        const value = payload ? view.decode(payload, finalKey, options?.type) : MISS;
        if (value !== MISS) found.set(key, value as T);
      });
      return found;
    });
  }

  /**
   * Stores several values with one timeout. All are serialised before any is sent.
   *
   * @param entries A `Map`, pairs, or an object.
   * @returns the caller's keys that could not be stored; empty if all were.
   * @throws {CacheSerializationError} if one of the values could not be given back equal; then nothing has changed.
   * @see Django, BaseCache.set_many()
   */
  setMany(
    entries: Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>,
    timeout?: Timeout | WriteOptions,
  ): Promise<string[]> {
    const view = this.#view;
    return view.run('setMany', async () => {
      const options = writeOptions(timeout);
      const payloads = new Map<string, Payload>();
      const callers = new Map<string, string>();
      for (const [key, value] of pairsOf(entries)) {
        const finalKey = view.key(key, options.version);
        payloads.set(finalKey, view.parts.codec.encode(value, options.type));
        callers.set(finalKey, key);
      }
      const ttl = view.ttl(options.timeout);
      if (payloads.size === 0) return [];
      if (ttl === 0) {
        const removal = derived.deleteMany(view.strict, [...payloads.keys()]).then(() => []);
        return await view.changed(removal, [...callers.values()]);
      }
      const failed = await derived.setMany(view.backend, payloads, ttl);
      return failed.map((finalKey) => callers.get(finalKey)!);
    });
  }

  /** Removes several entries. @returns how many live ones were removed. @see Django, BaseCache.delete_many() */
  deleteMany(keys: Iterable<string>, options?: CallOptions): Promise<number> {
    const view = this.#view;
    return view.run('deleteMany', async () => {
      const finalKeys = [...new Set(view.keys(keys, options?.version).values())];
      return finalKeys.length === 0 ? 0 : derived.deleteMany(view.backend, finalKeys);
    });
  }

  /**
   * The stored value, or the given one, or what the function loads; the latter two are then stored.
   *
   * A key is loaded once at a time in this process: who asks while a load runs waits for it and gets a copy of its own.
   * The value is stored only if nobody else stored one meanwhile. A failing backend never fails the call in the default
   * mode: the loaded value is returned, not stored.
   *
   * @param timeout Seconds, a function of the loaded value, or `LoadOptions`; 0 or less: the value is not stored.
   * @returns A loaded `undefined` is returned and not stored. A value that cannot be serialised is returned as it is, not
   * stored, and logged once.
   * @throws what the function throws, the same error to everybody who waits; nothing is stored then.
   * @throws {CacheDeadlockError} if the function asks for the key that it is loading.
   * @see Django, BaseCache.get_or_set()
   */
  async getOrSet<T>(
    key: string,
    valueOrLoad: (() => T | Promise<T>) | T,
    timeout?: Timeout | TimeoutOf<T> | LoadOptions<T>,
  ): Promise<T> {
    const options: LoadOptions<T> =
      typeof timeout === 'function' ? { timeout } : writeOptions(timeout as Timeout);
    const loaded = await this.#view.run(
      'getOrSet',
      () => getOrSet(this.#view, key, valueOrLoad, options),
      ({ isHit }) => (isHit ? 'hit' : 'miss'),
    );
    return loaded.value;
  }

  /**
   * Adds to an integer, atomically; its timeout stays.
   *
   * @param delta A whole number, negative ones included. Default: 1.
   * @param options `initial` begins a counter that does not exist; the answer is then `initial + delta`.
   * @returns the new value.
   * @throws {CacheKeyNotFoundError} if there is no live entry and no `initial`. @throws {CacheTypeError} if it is not an
   * integer. @throws {RangeError} if the result would not be a safe integer; nothing is changed then.
   * @throws {TypeError} for a fraction. @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   * @see Django, BaseCache.incr()
   */
  incr(key: string, delta = 1, options: CounterOptions = {}): Promise<number> {
    return this.#view.run('incr', () => addToCounter(this.#view, key, delta, options));
  }

  /** Subtracts from an integer; the result may be negative. Otherwise as `incr()`. @see Django, BaseCache.decr() */
  decr(key: string, delta = 1, options: CounterOptions = {}): Promise<number> {
    return this.#view.run('decr', () => addToCounter(this.#view, key, -delta, options));
  }

  /**
   * Moves an entry to another version; its remaining timeout stays.
   *
   * @param delta A whole number; 0 changes nothing. Default: 1.
   * @param options `version`: the one it is moved from. `timeout`: a new one, needed on a backend that has no `ttl()`.
   * @returns the new version.
   * @throws {CacheKeyNotFoundError} if there is no live entry. @throws {RangeError} if the version would be negative.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   * @see Django, BaseCache.incr_version()
   */
  incrVersion(key: string, delta = 1, options: WriteOptions = {}): Promise<number> {
    return this.#view.run('incrVersion', () => moveVersion(this.#view, key, delta, options));
  }

  /** Moves an entry to a lower version. Otherwise as `incrVersion()`. @see Django, BaseCache.decr_version() */
  decrVersion(key: string, delta = 1, options: WriteOptions = {}): Promise<number> {
    return this.#view.run('decrVersion', () => moveVersion(this.#view, key, -delta, options));
  }

  /** Seconds that the entry has left; `null`: it never expires; undefined: there is none. @throws {CacheUnsupportedError} */
  ttl(key: string, options?: CallOptions): Promise<Ttl | undefined> {
    const view = this.#view;
    return view.run(
      'ttl',
      async () => derived.required(view.backend, 'ttl')(view.key(key, options?.version)),
      readResult,
    );
  }

  /**
   * The value, which is removed: of all who try, one gets it. For codes and tokens that hold once.
   *
   * @returns undefined if there is none, or if another caller got it.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   */
  async pull<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined> {
    const view = this.#view;
    const pulled = await view.run(
      'pull',
      async () => {
        const finalKey = view.key(key, options?.version);
        const payload = await view.strict.get(finalKey);
        if (!payload || !(await view.strict.delete(finalKey))) return MISS;
        return view.decode(payload, finalKey, options?.type);
      },
      readResult,
    );
    return pulled === MISS ? undefined : (pulled as T);
  }

  /** Removes all entries of this cache's `keyPrefix`, all versions, and nothing else. @throws {CacheBackendError} */
  clear(): Promise<void> {
    return this.#view.run('clear', () => this.#view.strict.clear());
  }

  /** One entry for each server. @throws {CacheUnsupportedError} @throws {CacheBackendError} */
  stats(): Promise<ServerStats[]> {
    return this.#view.run('stats', async () => derived.required(this.#view.strict, 'stats')());
  }

  /** Resolves if every server answers. @throws {CacheBackendError} if one does not, whatever `onError` says. */
  ping(): Promise<void> {
    return this.#view.run('ping', () => derived.ping(this.#view.strict));
  }

  /**
   * Empties the servers, **whoever the entries belong to**: memcached's `flush_all`. For this cache alone there is `clear()`.
   *
   * @throws {CacheUnsupportedError} @throws {CacheBackendError}
   */
  flushServer(): Promise<void> {
    return this.#view.run('flushServer', async () =>
      derived.required(this.#view.strict, 'flushServer')(),
    );
  }

  /**
   * The final key under which the backend keeps an entry.
   *
   * @throws {TypeError} @throws {InvalidCacheKeyError}
   * @see Django, BaseCache.make_key()
   */
  makeKey(key: string, version?: number): string {
    return this.#view.key(key, version);
  }

  /**
   * A view of the same cache: `with({ version: 2 })`, or `with({ onError: 'throw' })`, which is the strict one.
   *
   * @throws {TypeError} if the version is not a non-negative integer.
   */
  with(view: ViewOptions): CacheService {
    const { parts, version, onError } = this.#view;
    return new CacheService(parts, { version, onError, ...view });
  }

  /** Lets what is in flight end, then releases sockets and timers. Closes all views too. Idempotent. */
  close(): Promise<void> {
    const { parts } = this.#view;
    parts.closing ??= parts.backend.close?.() ?? Promise.resolve();
    return parts.closing;
  }

  /**
   * The lock of a key, if nobody else has it: across all processes there is one at a time. It is no value: `get(key)` does not
   * see it and `clear()` does not end it.
   *
   * @param timeout Seconds, or a string with its unit: after that it ends by itself, so that an owner who died is replaced.
   * @param options `wait`: how long to try. Default: once.
   * @returns undefined if somebody else has it.
   * @throws {TypeError} for `null`, 0 and less. @throws the signal's reason, if `options.signal` is aborted while it waits.
   * @throws {CacheUnsupportedError} @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   */
  lock(
    key: string,
    timeout: LockTimeout,
    options: LockOptions = {},
  ): Promise<CacheLock | undefined> {
    return takeLock(this.#view, key, timeout, options);
  }

  /**
   * Runs work while it has the lock of a key, and gives the lock back after that, whatever came of the work. A lock that ended
   * before the work did is logged: others may have worked at the same time.
   *
   * @param work Is handed the lock, so that it can be extended.
   * @returns what the work returns. @throws what the work throws, and otherwise as `lock()`.
   * @throws {CacheLockedError} if the lock was not to be had in time; the work did not begin.
   */
  withLock<T>(
    key: string,
    timeout: LockTimeout,
    work: (lock: CacheLock) => T | Promise<T>,
    options: LockOptions = {},
  ): Promise<T> {
    return withLock(this.#view, key, timeout, work, options);
  }

  async #find(key: string, options: CallOptions | undefined, absent: unknown): Promise<unknown> {
    const view = this.#view;
    const closed = view.closedError('get');
    if (closed) throw closed;
    const finalKey = view.key(key, options?.version);
    const { backend } = view;
    const payload = backend.getSync ? backend.getSync(finalKey) : await backend.get(finalKey);
    if (payload === undefined) return absent;
    const value = view.decode(payload, finalKey, options?.type);
    return value === MISS ? absent : value;
  }

  async #set(key: string, value: unknown, timeout?: Timeout | WriteOptions): Promise<boolean> {
    const closed = this.#view.closedError('set');
    if (closed) throw closed;
    const { finalKey, payload, ttl } = this.#write(key, value, writeOptions(timeout));
    const { backend, strict } = this.#view;
    if (ttl === 0) {
      const removal = strict.delete(finalKey).then(() => true);
      return await this.#view.changed(removal, false);
    }
    return backend.setSync
      ? backend.setSync(finalKey, payload, ttl)
      : await backend.set(finalKey, payload, ttl);
  }

  /** Everything that can be wrong with a write is found here, before any I/O. */
  #write(
    key: string,
    value: unknown,
    options: WriteOptions,
  ): { readonly finalKey: string; readonly payload: Payload; readonly ttl: Ttl } {
    const finalKey = this.#view.key(key, options.version);
    const payload = this.#view.parts.codec.encode(value, options.type);
    return { finalKey, payload, ttl: this.#view.ttl(options.timeout) };
  }
}

function writeOptions(timeout: Timeout | WriteOptions | undefined): WriteOptions {
  return typeof timeout === 'object' && timeout !== null && !isDate(timeout)
    ? timeout
    : { timeout };
}

function pairsOf(
  entries: Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>,
): Iterable<readonly [string, unknown]> {
  return Symbol.iterator in entries ? entries : Object.entries(entries);
}
