import type {
  CacheBackend,
  KeyLimits,
  Payload,
  ServerStats,
  Ttl,
} from './cache-backend.interface.js';
import { CacheBackendError } from './cache.errors.js';

/**
 * The cache of an application that goes on without it: when the backend fails, reads miss, and `set`, `touch` and `delete`
 * answer false. What decides something (`add`, `incr`, `clear`) still throws, because an answer that decides is never
 * invented. The guard inside has published the failure.
 */
export class MissOnErrorBackend implements CacheBackend {
  readonly name: string;
  readonly description: string;
  readonly keyLimits?: KeyLimits;
  readonly deadlineMs = null;
  readonly reportsServers = true;

  readonly getMany?: (keys: readonly string[]) => Promise<Map<string, Payload>>;
  readonly setMany?: (entries: ReadonlyMap<string, Payload>, ttl: Ttl) => Promise<string[]>;
  readonly deleteMany?: (keys: readonly string[]) => Promise<number>;
  readonly has?: (key: string) => Promise<boolean>;
  readonly incr?: (key: string, delta: number) => Promise<number | undefined>;
  readonly ttl?: (key: string) => Promise<Ttl | undefined>;
  readonly ping?: () => Promise<void>;
  readonly stats?: () => Promise<ServerStats[]>;
  readonly flushServer?: () => Promise<void>;

  readonly #inner: CacheBackend;

  constructor(inner: CacheBackend) {
    this.#inner = inner;
    this.name = inner.name;
    this.description = inner.description ?? inner.name;
    if (inner.keyLimits) this.keyLimits = inner.keyLimits;
    if (inner.getMany) this.getMany = (keys) => or(inner.getMany!(keys), new Map());
    if (inner.setMany) {
      this.setMany = (entries, ttl) => or(inner.setMany!(entries, ttl), [...entries.keys()]);
    }
    if (inner.deleteMany) this.deleteMany = (keys) => or(inner.deleteMany!(keys), 0);
    if (inner.has) this.has = (key) => or(inner.has!(key), false);
    if (inner.ttl) this.ttl = (key) => or(inner.ttl!(key), undefined);
    if (inner.incr) this.incr = (key, delta) => inner.incr!(key, delta);
    if (inner.ping) this.ping = () => inner.ping!();
    if (inner.stats) this.stats = () => inner.stats!();
    if (inner.flushServer) this.flushServer = () => inner.flushServer!();
  }

  get(key: string): Promise<Payload | undefined> {
    return or(this.#inner.get(key), undefined);
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return or(this.#inner.set(key, payload, ttl), false);
  }

  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#inner.add(key, payload, ttl);
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    return or(this.#inner.touch(key, ttl), false);
  }

  delete(key: string): Promise<boolean> {
    return or(this.#inner.delete(key), false);
  }

  clear(): Promise<void> {
    return this.#inner.clear();
  }

  async close(): Promise<void> {
    await this.#inner.close?.();
  }
}

/** The answer, or the fallback if the backend failed. Other errors are the caller's. */
export async function or<T>(answer: Promise<T>, fallback: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CacheBackendError) return fallback;
    throw error;
  }
}
