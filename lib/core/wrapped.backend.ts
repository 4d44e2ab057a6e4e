import type {
  BackendLock,
  CacheBackend,
  CounterStart,
  KeyLimits,
  Lease,
  LeaseOptions,
  Leased,
  Payload,
  ServerStats,
  Ttl,
} from './cache-backend.interface.js';

/** A method of a backend that a wrapper stands around. */
export type BackendOperation =
  | 'get'
  | 'set'
  | 'add'
  | 'touch'
  | 'delete'
  | 'clear'
  | 'getMany'
  | 'setMany'
  | 'deleteMany'
  | 'flags'
  | 'incr'
  | 'lease'
  | 'fill'
  | 'renew'
  | 'lock'
  | 'extend'
  | 'release'
  | 'ttl'
  | 'ping'
  | 'stats'
  | 'flushServer';

/**
 * A backend in front of another one: it has the native methods that the inner one has, and each call goes through
 * `around()`. Not the two that answer at once, `getSync` and `setSync`: nothing could be done around them that takes time.
 */
export abstract class WrappedBackend implements CacheBackend {
  readonly name: string;
  readonly description: string;
  readonly keyLimits?: KeyLimits;
  readonly deadlineMs?: number | null;
  readonly reportsServers?: boolean;

  readonly getMany?: (keys: readonly string[]) => Promise<Map<string, Payload>>;
  readonly setMany?: (entries: ReadonlyMap<string, Payload>, ttl: Ttl) => Promise<string[]>;
  readonly deleteMany?: (keys: readonly string[]) => Promise<number>;
  readonly flags?: (key: string) => Promise<number | undefined>;
  readonly incr?: (key: string, delta: number, start?: CounterStart) => Promise<number | undefined>;
  readonly lease?: (key: string, options: LeaseOptions) => Promise<Leased>;
  readonly lock?: (key: string, seconds: number) => Promise<BackendLock | undefined>;
  readonly ttl?: (key: string) => Promise<Ttl | undefined>;
  readonly ping?: () => Promise<void>;
  readonly stats?: () => Promise<ServerStats[]>;
  readonly flushServer?: () => Promise<void>;

  protected readonly inner: CacheBackend;

  constructor(inner: CacheBackend) {
    this.inner = inner;
    this.name = inner.name;
    this.description = inner.description ?? inner.name;
    if (inner.keyLimits) this.keyLimits = inner.keyLimits;
    if (inner.deadlineMs !== undefined) this.deadlineMs = inner.deadlineMs;
    if (inner.reportsServers !== undefined) this.reportsServers = inner.reportsServers;
    if (inner.getMany) {
      this.getMany = (keys) => this.around('getMany', keys, () => inner.getMany!(keys));
    }
    if (inner.setMany) {
      this.setMany = (entries, ttl) =>
        this.around('setMany', [...entries.keys()], () => inner.setMany!(entries, ttl));
    }
    if (inner.deleteMany) {
      this.deleteMany = (keys) => this.around('deleteMany', keys, () => inner.deleteMany!(keys));
    }
    if (inner.flags) this.flags = (key) => this.around('flags', [key], () => inner.flags!(key));
    if (inner.incr) {
      this.incr = (key, delta, start) =>
        this.around('incr', [key], () => inner.incr!(key, delta, start));
    }
    if (inner.lease) {
      this.lease = async (key, options) => {
        const leased = await this.around('lease', [key], () => inner.lease!(key, options));
        return leased.lease ? { ...leased, lease: this.#aroundLease(key, leased.lease) } : leased;
      };
    }
    if (inner.lock) {
      this.lock = async (key, seconds) => {
        const held = await this.around('lock', [key], () => inner.lock!(key, seconds));
        return held && this.#aroundLock(key, held);
      };
    }
    if (inner.ttl) this.ttl = (key) => this.around('ttl', [key], () => inner.ttl!(key));
    if (inner.ping) this.ping = () => this.around('ping', [], () => inner.ping!());
    if (inner.stats) this.stats = () => this.around('stats', [], () => inner.stats!());
    if (inner.flushServer) {
      this.flushServer = () => this.around('flushServer', [], () => inner.flushServer!());
    }
  }

  get(key: string): Promise<Payload | undefined> {
    return this.around('get', [key], () => this.inner.get(key));
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.around('set', [key], () => this.inner.set(key, payload, ttl));
  }

  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.around('add', [key], () => this.inner.add(key, payload, ttl));
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.around('touch', [key], () => this.inner.touch(key, ttl));
  }

  delete(key: string): Promise<boolean> {
    return this.around('delete', [key], () => this.inner.delete(key));
  }

  clear(): Promise<void> {
    return this.around('clear', [], () => this.inner.clear());
  }

  async open(): Promise<void> {
    await this.inner.open?.();
  }

  async close(): Promise<void> {
    await this.inner.close?.();
  }

  /**
   * Makes the call, or answers for it.
   *
   * @param keys The keys that the call is about; none for a call about the whole backend.
   */
  protected abstract around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T>;

  #aroundLease(key: string, lease: Lease): Lease {
    return {
      fill: (payload, ttl) => this.around('fill', [key], () => lease.fill(payload, ttl)),
      renew: () => this.around('renew', [key], () => lease.renew()),
      release: () => this.around('release', [key], () => lease.release()),
    };
  }

  #aroundLock(key: string, lock: BackendLock): BackendLock {
    return {
      extend: (seconds) => this.around('extend', [key], () => lock.extend(seconds)),
      release: () => this.around('release', [key], () => lock.release()),
    };
  }
}
