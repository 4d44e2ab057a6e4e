import type {
  BackendContext,
  BackendLock,
  CacheBackend,
  CacheBackendFactory,
  LeaseOptions,
  Leased,
  Payload,
  ServerStats,
  Ttl,
} from '../../core/cache-backend.interface.js';
import { addToPayload } from '../../core/integer-payload.js';
import { MemoryLease } from './memory.lease.js';
import { type MemoryLimits, type MemoryOptions, resolveMemoryOptions } from './memory.options.js';
import type { MemoryStore } from './memory.store.js';
import { acquireStore, releaseStore } from './shared-stores.js';

/**
 * Keeps entries in this process, bounded by number and by bytes; when it is full, expired entries go first, then the
 * least recently used. Nothing is shared with other processes.
 *
 * @throws {CacheConfigError} for an unknown option or a value that is not allowed.
 * @see Django, LocMemCache
 */
export function memory(options: MemoryOptions = {}): CacheBackendFactory {
  resolveMemoryOptions(options);
  return (context) => new MemoryBackend(context, options);
}

/** The backend made by `memory()`. Payloads are kept as the objects they are. */
export class MemoryBackend implements CacheBackend {
  readonly name = 'memory';
  readonly description: string;
  readonly deadlineMs = null;
  readonly #context: BackendContext;
  readonly #location: string;
  readonly #store: MemoryStore;
  #closed = false;

  /**
   * @throws {CacheConfigError} for options that are not allowed, and `CACHE_STORE_LIMITS` if another cache uses the store
   * with other limits.
   */
  constructor(context: BackendContext, options: MemoryOptions = {}) {
    const { location, limits } = resolveMemoryOptions(options);
    this.#context = context;
    this.#location = location;
    this.#store = acquireStore(context, location, limits);
    this.description = describe(location, limits);
  }

  get(key: string): Promise<Payload | undefined> {
    return Promise.resolve(this.#store.use(key)?.payload);
  }

  getSync(key: string): Payload | undefined {
    return this.#store.use(key)?.payload;
  }

  peekSync(key: string): Payload | undefined {
    return this.#store.peek(key)?.payload;
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return Promise.resolve(this.#store.put(key, payload, this.#store.expiryOf(ttl)));
  }

  setSync(key: string, payload: Payload, ttl: Ttl): boolean {
    return this.#store.put(key, payload, this.#store.expiryOf(ttl));
  }

  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    const store = this.#store;
    return Promise.resolve(
      store.peek(key) === undefined && store.put(key, payload, this.#store.expiryOf(ttl)),
    );
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    const entry = this.#store.peek(key);
    if (entry === undefined) return Promise.resolve(false);
    this.#store.postpone(entry, this.#store.expiryOf(ttl));
    return Promise.resolve(true);
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.#store.remove(key));
  }

  clear(): Promise<void> {
    this.#store.clear();
    return Promise.resolve();
  }

  getMany(keys: readonly string[]): Promise<Map<string, Payload>> {
    const found = new Map<string, Payload>();
    for (const key of keys) {
      const entry = this.#store.use(key);
      if (entry !== undefined) found.set(key, entry.payload);
    }
    return Promise.resolve(found);
  }

  setMany(entries: ReadonlyMap<string, Payload>, ttl: Ttl): Promise<string[]> {
    const expiresAt = this.#store.expiryOf(ttl);
    const failed: string[] = [];
    for (const [key, payload] of entries) {
      if (!this.#store.put(key, payload, expiresAt)) failed.push(key);
    }
    return Promise.resolve(failed);
  }

  deleteMany(keys: readonly string[]): Promise<number> {
    let removed = 0;
    for (const key of keys) if (this.#store.remove(key)) removed += 1;
    return Promise.resolve(removed);
  }

  flags(key: string): Promise<number | undefined> {
    return Promise.resolve(this.#store.peek(key)?.payload.flags);
  }

  incr(key: string, delta: number): Promise<number | undefined> {
    const entry = this.#store.peek(key);
    if (entry === undefined) return Promise.resolve(undefined);
    try {
      const { payload, value } = addToPayload(entry.payload, delta, key);
      this.#store.put(key, payload, entry.expiresAt);
      return Promise.resolve(value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  lease(key: string, { stale = 0 }: LeaseOptions): Promise<Leased> {
    const store = this.#store;
    const entry = store.use(key);
    const isStale = entry !== undefined && entry.expiresAt - store.clock.now() < stale * 1000;
    const found = { ...(entry && { payload: entry.payload }), stale: isStale };
    if (entry && !isStale) return Promise.resolve(found);
    const held = store.leases.take(key);
    return Promise.resolve(held ? { ...found, lease: new MemoryLease(store, held) } : found);
  }

  /** @throws {CacheBackendError} if a hundred thousand locks are held. */
  async lock(key: string, seconds: number): Promise<BackendLock | undefined> {
    return this.#store.locks.take(key, seconds);
  }

  ttl(key: string): Promise<Ttl | undefined> {
    const entry = this.#store.peek(key);
    if (entry === undefined) return Promise.resolve(undefined);
    const { expiresAt } = entry;
    return Promise.resolve(
      expiresAt === Infinity ? null : (expiresAt - this.#store.clock.now()) / 1000,
    );
  }

  stats(): Promise<ServerStats[]> {
    const { size: items, bytes, hits, misses, evictions } = this.#store;
    return Promise.resolve([
      { server: this.name, state: 'up', items, bytes, hits, misses, evictions },
    ]);
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      releaseStore(this.#context, this.#location, this.#store);
    }
    return Promise.resolve();
  }
}

function describe(location: string, limits: MemoryLimits): string {
  const name = location === '' ? 'memory' : `memory "${location}"`;
  const mebibytes = limits.maxBytes / (1024 * 1024);
  const bytes = Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${limits.maxBytes} bytes`;
  return `${name}, at most ${limits.maxEntries} entries and ${bytes}`;
}
