import type {
  CacheBackend,
  CacheBackendFactory,
  Payload,
  Ttl,
} from '../../lib/core/cache-backend.interface.js';
import type { Clock } from '../../lib/core/clock.js';

interface Entry {
  readonly payload: Payload;
  readonly expiresAt: number;
}

/** A backend as somebody else would write it first: the six methods that are required, and no more. */
export class ShelfBackend implements CacheBackend {
  readonly name: string = 'shelf';

  constructor(
    protected readonly scope: string,
    protected readonly clock: Clock,
    protected readonly entries: Map<string, Entry>,
  ) {}

  async get(key: string): Promise<Payload | undefined> {
    return this.live(key)?.payload;
  }

  async set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    this.entries.set(this.scope + key, { payload, expiresAt: this.expiry(ttl) });
    return true;
  }

  async add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.live(key) ? false : this.set(key, payload, ttl);
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    const entry = this.live(key);
    return entry ? this.set(key, entry.payload, ttl) : false;
  }

  async delete(key: string): Promise<boolean> {
    return this.live(key) ? this.entries.delete(this.scope + key) : false;
  }

  async clear(): Promise<void> {
    for (const key of this.entries.keys()) if (key.startsWith(this.scope)) this.entries.delete(key);
  }

  protected live(key: string): Entry | undefined {
    const entry = this.entries.get(this.scope + key);
    return entry && entry.expiresAt > this.clock.now() ? entry : undefined;
  }

  protected expiry(ttl: Ttl): number {
    return ttl === null ? Infinity : this.clock.now() + ttl * 1000;
  }
}

/** The same with `ttl()`, from which `incr()` is derived. */
export class TimedShelfBackend extends ShelfBackend {
  override readonly name = 'timed shelf';

  async ttl(key: string): Promise<Ttl | undefined> {
    const entry = this.live(key);
    if (!entry) return undefined;
    return entry.expiresAt === Infinity ? null : (entry.expiresAt - this.clock.now()) / 1000;
  }
}

/** A factory of such backends over one map. */
export function shelf(
  Backend: typeof ShelfBackend,
  entries = new Map<string, Entry>(),
): CacheBackendFactory {
  return ({ scope, clock }) => new Backend(`${scope}\u0000`, clock, entries);
}
