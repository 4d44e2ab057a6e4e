import type {
  BackendLock,
  CacheBackend,
  CounterStart,
  KeyLimits,
  LeaseOptions,
  Leased,
  Payload,
  ServerStats,
  Ttl,
} from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import { CacheBackendError } from './cache.errors.js';
import * as derived from './derived-operations.js';
import { holdStamps, newStamp, renewStamps, stampOf, stampPayload } from './tag-stamps.js';

/** Makes the key under which an entry of the namespace lies: by the stamp of the namespace. */
type KeyOf = (finalKey: string) => string;

/**
 * A namespace of a cache as a backend of its own: every key has the namespace's name in front, and its stamp, which is a text
 * that `clear()` replaces by another. So whatever the namespace holds, counters and tags included, is gone in one write.
 *
 * What the stamp is now is read in the round trip of each call, which is made with the stamp that was seen last; only if that
 * has changed, the call is made again with the right one. What it has written under the old one nobody finds.
 */
export class NamespaceBackend implements CacheBackend {
  readonly name: string;
  readonly description: string;
  readonly keyLimits?: KeyLimits;
  readonly deadlineMs = null;
  readonly reportsServers = true;

  readonly getSync?: (key: string) => Payload | undefined;
  readonly peekSync?: (key: string) => Payload | undefined;
  readonly setSync?: (key: string, payload: Payload, ttl: Ttl) => boolean;
  readonly incr?: (key: string, delta: number, start?: CounterStart) => Promise<number | undefined>;
  readonly lease?: (key: string, options: LeaseOptions) => Promise<Leased>;
  readonly lock?: (key: string, seconds: number) => Promise<BackendLock | undefined>;
  readonly ttl?: (key: string) => Promise<Ttl | undefined>;
  readonly stats?: () => Promise<ServerStats[]>;
  readonly flushServer?: () => Promise<void>;

  readonly #outer: CacheView;
  readonly #inner: CacheBackend;
  readonly #name: string;
  readonly #stampKey: string;

  /** @param inner What the outer cache asks: its strict backend, or the one that forgives. */
  constructor(outer: CacheView, inner: CacheBackend, name: string) {
    this.#outer = outer;
    this.#inner = inner;
    this.#name = `${name.length}:${name}`;
    this.#stampKey = outer.parts.keys.namespaceKey(name);
    this.name = inner.name;
    this.description = inner.description ?? inner.name;
    if (inner.keyLimits) this.keyLimits = inner.keyLimits;
    if (inner.getSync) {
      this.getSync = (key) => {
        const own = this.#keySync(key);
        return own === undefined ? undefined : inner.getSync!(own);
      };
      this.peekSync = (key) => {
        const own = this.#keySync(key);
        if (own === undefined) return undefined;
        return inner.peekSync ? inner.peekSync(own) : inner.getSync!(own);
      };
    }
    if (inner.getSync && inner.setSync) {
      this.setSync = (key, payload, ttl) =>
        inner.setSync!(this.#keySync(key) ?? this.#key(this.#makeSync(), key), payload, ttl);
    }
    if (inner.incr || inner.ttl) {
      this.incr = (key, delta, start) =>
        this.#change(
          (keyOf) => derived.incr(inner, keyOf(key), delta, start),
          start === undefined ? { absent: undefined } : undefined,
        );
    }
    if (inner.lease) this.lease = (key, options) => this.#leased(key, options);
    // By no stamp, so that clear() ends no lock.
    if (inner.lock) this.lock = (key, seconds) => inner.lock!(this.#key('', key), seconds);
    if (inner.ttl) {
      this.ttl = (key) => this.#change((keyOf) => inner.ttl!(keyOf(key)), { absent: undefined });
    }
    if (inner.stats) this.stats = () => inner.stats!();
    if (inner.flushServer) this.flushServer = () => inner.flushServer!();
  }

  async get(key: string): Promise<Payload | undefined> {
    return (await this.getMany([key])).get(key);
  }

  async getMany(keys: readonly string[]): Promise<Map<string, Payload>> {
    const inner = this.#inner;
    const seen = this.#lastSeen();
    const asked = seen === undefined ? [] : keys.map((key) => this.#key(seen, key));
    const found = await derived.getMany(inner, [this.#stampKey, ...asked]);
    const stamp = this.#saw(found.get(this.#stampKey));
    const entries = new Map<string, Payload>();
    if (stamp === undefined) return entries;
    const own = stamp === seen ? asked : keys.map((key) => this.#key(stamp, key));
    const payloads = stamp === seen ? found : await derived.getMany(inner, own);
    keys.forEach((key, index) => {
      const payload = payloads.get(own[index]!);
      if (payload) entries.set(key, payload);
    });
    return entries;
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    const inner = this.#inner;
    return this.#forgiving(
      this.#change((keyOf) => inner.set(keyOf(key), payload, ttl)),
      false,
    );
  }

  setMany(entries: ReadonlyMap<string, Payload>, ttl: Ttl): Promise<string[]> {
    const change = this.#change(async (keyOf) => {
      const own = new Map<string, Payload>();
      const callers = new Map<string, string>();
      for (const [key, payload] of entries) {
        const ownKey = keyOf(key);
        own.set(ownKey, payload);
        callers.set(ownKey, key);
      }
      const failed = await derived.setMany(this.#inner, own, ttl);
      return failed.map((ownKey) => callers.get(ownKey)!);
    });
    return this.#forgiving(change, [...entries.keys()]);
  }

  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#change((keyOf) => this.#inner.add(keyOf(key), payload, ttl));
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.#change((keyOf) => this.#inner.touch(keyOf(key), ttl), { absent: false });
  }

  delete(key: string): Promise<boolean> {
    return this.#change((keyOf) => this.#inner.delete(keyOf(key)), { absent: false });
  }

  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#change((keyOf) => derived.deleteMany(this.#inner, keys.map(keyOf)), { absent: 0 });
  }

  clear(): Promise<void> {
    return renewStamps(this.#outer, [this.#stampKey]);
  }

  ping(): Promise<void> {
    return derived.ping(this.#inner);
  }

  /**
   * Makes a call with the stamp that was seen last while it is read again, and once more if that has changed.
   *
   * @param otherwise What the call comes to if there is no stamp, so that there are no entries. Without it one is made.
   */
  async #change<T>(
    call: (keyOf: KeyOf) => Promise<T>,
    otherwise?: { readonly absent: T },
    undo?: (outcome: T) => Promise<void>,
  ): Promise<T> {
    const seen = this.#lastSeen();
    const early = seen === undefined ? undefined : call((key) => this.#key(seen, key));
    const [read, outcome] = await Promise.allSettled([this.#inner.get(this.#stampKey), early]);
    if (read.status === 'rejected') throw read.reason;
    let stamp = this.#saw(read.value);
    if (stamp !== undefined && stamp === seen) {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value as T;
    }
    if (undo && early && outcome.status === 'fulfilled') await undo(outcome.value as T);
    if (stamp === undefined) {
      if (otherwise) return otherwise.absent;
      const [held] = await holdStamps(this.#outer, [this.#stampKey]);
      stamp = held!.text;
    }
    const now = stamp;
    return call((key) => this.#key(now, key));
  }

  #leased(key: string, options: LeaseOptions): Promise<Leased> {
    return this.#change(
      (keyOf) => this.#inner.lease!(keyOf(key), options),
      undefined,
      async ({ lease }) => lease?.release(),
    );
  }

  /** Without a stamp nothing can be stored. That is for a cache that forgives what a failure of the backend is. */
  async #forgiving<T>(change: Promise<T>, fallback: T): Promise<T> {
    try {
      return await change;
    } catch (error) {
      const isStrict = this.#inner === this.#outer.strict;
      if (isStrict || !(error instanceof CacheBackendError)) throw error;
      return fallback;
    }
  }

  #key(stamp: string, finalKey: string): string {
    return this.#outer.parts.keys.reserved('in', `${this.#name}:${stamp}:${finalKey}`);
  }

  #keySync(finalKey: string): string | undefined {
    const stamp = stampOf(this.#inner.getSync!(this.#stampKey));
    return stamp === undefined ? undefined : this.#key(stamp, finalKey);
  }

  #lastSeen(): string | undefined {
    return this.#outer.parts.tagMemory.stampSeen(this.#outer.place(this.#stampKey));
  }

  #saw(payload: Payload | undefined): string | undefined {
    const stamp = stampOf(payload);
    if (stamp !== undefined) {
      this.#outer.parts.tagMemory.sawStamp(this.#outer.place(this.#stampKey), stamp);
    }
    return stamp;
  }

  #makeSync(): string {
    const stamp = newStamp('a', this.#outer.parts.now());
    this.#inner.setSync!(this.#stampKey, stampPayload(stamp), null);
    return stamp;
  }
}
