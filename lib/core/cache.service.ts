import type {
  CallOptions,
  CounterOptions,
  Loader,
  LoadManyOptions,
  LoadOptions,
  ManyLoader,
  ReadOptions,
  TimeoutOf,
  TouchOptions,
  WriteOptions,
} from './call-options.interface.js';
import type { CacheBackend, ServerStats, Ttl } from './cache-backend.interface.js';
import { isWatched } from './cache-events.js';
import type { CacheParts } from './cache-parts.interface.js';
import { CacheView, foundResult, MISS, readResult, type ViewOptions } from './cache-view.js';
import { addToCounter, moveVersion } from './counters.js';
import * as derived from './derived-operations.js';
import { add, clear, has, pull, remove, touch, ttlOf } from './entry-operations.js';
import { holdTags, invalidateTags } from './entry-writes.js';
import { fragmentKey, type FragmentPart } from './fragment-key.js';
import { getOrSet } from './get-or-set.js';
import { getOrSetMany } from './get-or-set-many.js';
import { get, set } from './hot-operations.js';
import { deleteMany, type Entries, getMany, setMany } from './many-operations.js';
import { namespaceParts } from './namespace.js';
import { type CacheLock, type LockOptions, type LockTimeout, takeLock, withLock } from './lock.js';
import type { HeldTags } from './tags.js';
import { givenOf } from './option-checks.js';
import { optionsOf } from './options-of.js';
import type { Timeout } from './timeout.js';

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
  get<T>(key: string, defaultValue: T, options?: ReadOptions): Promise<T>;
  get<T = unknown>(
    key: string,
    defaultValue: undefined,
    options?: ReadOptions,
  ): Promise<T | undefined>;
  get(key: string, defaultValue?: unknown, options?: ReadOptions): Promise<unknown> {
    const view = this.#view;
    if (!isWatched()) return get(this.#view, key, options, defaultValue);
    return view
      .run('get', () => get(this.#view, key, options, MISS), foundResult)
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
    if (!isWatched()) return set(this.#view, key, value, optionsOf(timeout));
    return this.#view.run('set', () => set(this.#view, key, value, optionsOf(timeout)));
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
    return view.run('add', () => add(view, key, value, optionsOf(timeout)));
  }

  /**
   * Gives a live entry a new timeout.
   *
   * @param timeout Seconds or `TouchOptions`; default: the cache's `timeout`; 0 or less removes the entry.
   * @returns true if there was a live entry. An expired one is never revived.
   * @see Django, BaseCache.touch()
   */
  touch(key: string, timeout?: Timeout | TouchOptions): Promise<boolean> {
    const view = this.#view;
    return view.run('touch', () => touch(view, key, optionsOf(timeout)));
  }

  /**
   * Removes an entry. What is being loaded for it by `getOrSet()` is not stored: by this process never, by others where the
   * backend gives out leases.
   *
   * @returns true if one was removed. One whose tags were invalidated, or that is being loaded, may count.
   * @see Django, BaseCache.delete()
   */
  delete(key: string, options?: CallOptions): Promise<boolean> {
    const view = this.#view;
    return view.run('delete', () => remove(view, key, options?.version));
  }

  /** True if there is a live entry, `null` included. @see Django, BaseCache.has_key() */
  has(key: string, options?: ReadOptions): Promise<boolean> {
    const view = this.#view;
    return view.run('has', () => has(view, key, options), readResult);
  }

  /**
   * The values that were found, under the caller's keys, in the order they were asked for.
   *
   * @see Django, BaseCache.get_many()
   */
  getMany<T = unknown>(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, T>> {
    const view = this.#view;
    return view.run('getMany', () => getMany(view, keys, options) as Promise<Map<string, T>>);
  }

  /**
   * Stores several values with one timeout. All are serialised before any is sent.
   *
   * @param entries A `Map`, pairs, or an object.
   * @returns the caller's keys that could not be stored; empty if all were.
   * @throws {CacheSerializationError} if one of the values could not be given back equal; then nothing has changed.
   * @see Django, BaseCache.set_many()
   */
  setMany(entries: Entries, timeout?: Timeout | WriteOptions): Promise<string[]> {
    const view = this.#view;
    return view.run('setMany', () => setMany(view, entries, optionsOf(timeout)));
  }

  /** Removes several entries. @returns how many live ones were removed. @see Django, BaseCache.delete_many() */
  deleteMany(keys: Iterable<string>, options?: CallOptions): Promise<number> {
    const view = this.#view;
    return view.run('deleteMany', () => deleteMany(view, keys, options?.version));
  }

  /**
   * The stored value, or the given one, or what the function loads; the latter two are then stored.
   *
   * A key is loaded once at a time, in this process always and in all processes where the backend gives out leases (`lock`):
   * who asks while a load runs waits for it and gets a copy of its own. The value is stored only if nobody else stored one
   * meanwhile, nobody deleted the entry, and nobody invalidated a tag of it; who waited gets it all the same, and who asks
   * afterwards begins another load. A failing backend never fails the call in the default mode: the loaded value is returned.
   *
   * Nobody waits for longer than `hardTimeout`, 30 seconds by default. With `staleWhileRevalidate` and `staleIfError` a value
   * is given out after its timeout, while it is loaded again or if it cannot be.
   *
   * @param timeout Seconds, a function of the loaded value, or `LoadOptions`; 0 or less: the value is not stored. Tags that
   * are a function of the value are looked at after the load: if one of them may have been invalidated while it ran, going by
   * the clocks of both processes, the value is not stored.
   * @returns A loaded `undefined` is returned and not stored. A value that cannot be serialised is returned as it is, not
   * stored, and logged once.
   * @throws what the function throws, the same error to everybody who waits; nothing is stored then.
   * @throws {CacheLoadTimeoutError} if the load does not end in its time. @throws the signal's reason, if that is aborted.
   * @throws {CacheUnsupportedError} for `lock: true` on a backend that gives out no leases.
   * @throws {CacheDeadlockError} if the function asks for the key that it is loading.
   * @see Django, BaseCache.get_or_set()
   */
  async getOrSet<T>(
    key: string,
    valueOrLoad: Loader<T> | T,
    timeout?: Timeout | TimeoutOf<T> | LoadOptions<T>,
  ): Promise<T> {
    const options: LoadOptions<T> =
      typeof timeout === 'function' ? { timeout } : optionsOf<LoadOptions<T>>(timeout);
    const loaded = await this.#view.runLong(
      'getOrSet',
      () => getOrSet(this.#view, key, valueOrLoad, options),
      ({ isHit }) => (isHit ? 'hit' : 'miss'),
    );
    return loaded.value;
  }

  /**
   * The values of several keys: those that are stored, and what the function loads for all others in one call, which is then
   * stored. What another call of this process is loading is waited for; other processes are not asked.
   *
   * @param load Is handed the keys that are missing, and a signal. What it leaves out, or brings as undefined, is not stored.
   * @param timeout As of `getOrSet()`.
   * @returns the values under the callers' keys, in the order they were asked for; without those that nobody has.
   * @throws what the function throws. @throws {CacheLoadTimeoutError} if it does not end in its time.
   */
  async getOrSetMany<T>(
    keys: Iterable<string>,
    load: ManyLoader<T>,
    timeout?: Timeout | TimeoutOf<T> | LoadManyOptions<T>,
  ): Promise<Map<string, T>> {
    const view = this.#view;
    const options: LoadManyOptions<T> =
      typeof timeout === 'function' ? { timeout } : optionsOf<LoadManyOptions<T>>(timeout);
    const loaded = await view.runLong(
      'getOrSetMany',
      () => getOrSetMany(view, keys, load, options),
      ({ isHit }) => (isHit ? 'hit' : 'miss'),
    );
    return loaded.values as Map<string, T>;
  }

  /**
   * A rendered part of a page, or what the function renders, which is then stored: `getOrSet()` under `fragmentKey()`.
   *
   * @param varyOn Everything that the fragment depends on, in order: texts, finite numbers, bigints, booleans, null.
   * @param timeout As of `getOrSet()`.
   * @throws {TypeError} for a name or a value of another type. Otherwise as `getOrSet()`.
   * @see Django, the template tag `{% cache %}`
   */
  async fragment<T>(
    name: string,
    varyOn: Iterable<FragmentPart>,
    render: Loader<T>,
    timeout?: Timeout | TimeoutOf<T> | LoadOptions<T>,
  ): Promise<T> {
    return this.getOrSet(fragmentKey(name, varyOn), render, timeout);
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
  incrVersion(key: string, delta = 1, options: TouchOptions = {}): Promise<number> {
    return this.#view.run('incrVersion', () => moveVersion(this.#view, key, delta, options));
  }

  /** Moves an entry to a lower version. Otherwise as `incrVersion()`. @see Django, BaseCache.decr_version() */
  decrVersion(key: string, delta = 1, options: TouchOptions = {}): Promise<number> {
    return this.#view.run('decrVersion', () => moveVersion(this.#view, key, -delta, options));
  }

  /** Seconds that the entry has left; `null`: it never expires; undefined: there is none. @throws {CacheUnsupportedError} */
  ttl(key: string, options?: ReadOptions): Promise<Ttl | undefined> {
    const view = this.#view;
    return view.run('ttl', () => ttlOf(view, key, options), readResult);
  }

  /**
   * The value, which is removed: of all who try, one gets it. For codes and tokens that hold once.
   *
   * @returns undefined if there is none, or if another caller got it.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   */
  async pull<T = unknown>(key: string, options?: ReadOptions): Promise<T | undefined> {
    const view = this.#view;
    const pulled = await view.run('pull', () => pull(view, key, options), foundResult);
    return pulled === MISS ? undefined : (pulled as T);
  }

  /**
   * Makes sure that no value which bears one of the tags is served again, by any process: one write a tag, however many
   * values there are. What is being loaded or stored meanwhile is not served either.
   *
   * @throws {TypeError} if a tag is not a non-empty text.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   */
  invalidateTags(...tags: string[]): Promise<void> {
    const view = this.#view;
    return view.run('invalidateTags', () => invalidateTags(view, tags));
  }

  /**
   * The tags as they are now, for a value that is about to be made: `set(key, value, { tags: held })`. If one of them is
   * invalidated before the value is stored, the value is never served. `getOrSet()` does this by itself.
   *
   * In `onError: 'miss'` it answers also if the backend fails; `set()` with what it answered then stores nothing.
   *
   * @throws {TypeError} if a tag is not a non-empty text.
   */
  holdTags(tags: readonly string[]): Promise<HeldTags> {
    return this.#view.run('holdTags', () => holdTags(this.#view, tags));
  }

  /**
   * Removes all entries of this cache's `keyPrefix`, or of this namespace, all versions, and nothing else.
   *
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   */
  clear(): Promise<void> {
    const view = this.#view;
    return view.run('clear', () => clear(view));
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
    const view = this.#view;
    return view.run('flushServer', async () => {
      const flush = derived.required(view.strict, 'flushServer');
      await view.parts.fences.voidAll('');
      await flush();
    });
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
   * @throws {TypeError} if the version is not a non-negative integer, or `onError` none of the two.
   */
  with(view: ViewOptions): CacheService {
    const { parts, version, onError } = this.#view;
    return new CacheService(parts, { version, onError, ...givenOf(view) });
  }

  /**
   * A part of this cache with keys and tags of its own, which meet neither those of the cache nor those of other namespaces,
   * and with a `clear()` that removes what is in it by one write, whatever there is. Namespaces may lie in one another; to
   * clear one clears those in it.
   *
   * Everything else is as in this cache: every method works, counters included. A read costs no further round trip, as long as
   * nobody clears the namespace; what was cleared stays in the backend until it expires or is evicted, and is not found.
   * `close()`, `stats()`, `ping()` and `flushServer()` are about the whole cache.
   *
   * @throws {TypeError} if the name is not a non-empty text.
   */
  namespace(name: string): CacheService {
    const { version, onError } = this.#view;
    return new CacheService(namespaceParts(this.#view, name), { version, onError });
  }

  /** Lets what is in flight end, then releases sockets and timers. Closes all views too. Idempotent. */
  close(): Promise<void> {
    const { life, fences, backend } = this.#view.parts;
    return life.close(async () => {
      // Other processes need not wait for loads that will store nothing.
      await fences.releaseAll();
      await backend.close?.();
    });
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
}
