import type { CacheService } from '../core/cache.service.js';
import type { Ttl } from '../core/cache-backend.interface.js';
import { PageBytes } from '../core/page-bytes.js';
import type { Timeout } from '../core/timeout.js';
import type { RequestHead } from './http-head.js';
import { PageFlights } from './page-flights.js';
import { variantKey } from './page-key.js';
import {
  decodeEntry,
  encodeIndex,
  encodePage,
  isVaryIndex,
  type StoredPage,
  type VaryIndex,
} from './stored-page.js';

/** Most variants of one URL. A flood of header values fills no more than these. */
export const MOST_VARIANTS = 32;

/** How a page is to be kept. */
export interface Keeping {
  /** The request headers it depends on. What earlier answers of its URL depended on is added. */
  readonly vary: readonly string[];
  readonly ttl: Ttl;
}

/** What a look for a page brought. */
export interface FoundPage {
  /** Undefined if there is none. */
  readonly page?: StoredPage;
  /** The key under which it is or was not: the page's own, or that of the variant this request asks for. */
  readonly key: string;
}

/** What became of a page that was to be kept. `'crowded'`: enough others of its URL wait to be kept. */
export type Kept = 'stored' | 'crowded' | 'variants' | 'cache-failed';

/** The writes of one page that are under way or wait. */
interface Writes {
  last: Promise<unknown>;
  count: number;
}

/**
 * Keeps pages in a cache. A page whose answer depends on request headers is kept once for each set of their values, and
 * its own key holds an index of these variants.
 *
 * Reads and writes reject as the cache does, which is the caller's to answer.
 */
export class PageStore {
  /** The pages that are being made. */
  readonly flights = new PageFlights();
  readonly #cache: CacheService;
  /**
   * Indexes are read, changed and written, so the writes of one page wait for each other. Not more than there may be
   * variants, or a cache that hangs would gather the pages of all who ask meanwhile.
   */
  readonly #writes = new Map<string, Writes>();

  constructor(cache: CacheService) {
    this.#cache = cache;
  }

  /** The page that answers this request. One read, two if the page varies. */
  async find(key: string, head: RequestHead): Promise<FoundPage> {
    const entry = await this.#read(key);
    if (!entry) return { key };
    if (!isVaryIndex(entry)) return { key, page: entry };
    const own = variantKey(key, entry.names, head);
    const variant = await this.#read(own);
    return variant && !isVaryIndex(variant) ? { key: own, page: variant } : { key: own };
  }

  /** Keeps a page, from the moment at which it was finished. */
  async keep(key: string, head: RequestHead, page: StoredPage, how: Keeping): Promise<Kept> {
    const writes = this.#writes.get(key) ?? { last: Promise.resolve(), count: 0 };
    if (writes.count >= MOST_VARIANTS) return 'crowded';
    const write = writes.last.catch(() => {}).then(() => this.#keep(key, head, page, how));
    writes.last = write;
    writes.count += 1;
    this.#writes.set(key, writes);
    try {
      return await write;
    } finally {
      writes.count -= 1;
      if (writes.count === 0) this.#writes.delete(key);
    }
  }

  async #keep(key: string, head: RequestHead, page: StoredPage, how: Keeping): Promise<Kept> {
    const { vary, ttl } = how;
    const now = page.storedAt;
    const entry = await this.#read(key);
    const known = entry && isVaryIndex(entry) ? entry : undefined;
    const names = [...new Set([...(known?.names ?? []), ...vary])].toSorted();
    if (names.length === 0) return this.#write(key, encodePage(key, page), ttl);
    const grown = known !== undefined && names.length > known.names.length;
    const variant = variantKey(key, names, head);
    const index = withVariant(known && !grown ? known : { names, variants: [] }, variant, ttl, now);
    if (index.variants.length > MOST_VARIANTS) return 'variants';
    // Nobody can find them any more.
    if (known && grown) await this.#cache.deleteMany(known.variants.map(([old]) => old));
    const kept = await this.#write(variant, encodePage(variant, page), ttl);
    if (kept !== 'stored') return kept;
    return this.#write(key, encodeIndex(key, index), lifeOf(index, now));
  }

  async #read(key: string): Promise<StoredPage | VaryIndex | undefined> {
    const value = await this.#cache.get(key);
    return value instanceof PageBytes ? decodeEntry(key, value.bytes) : undefined;
  }

  async #write(key: string, bytes: Buffer, ttl: Ttl): Promise<Kept> {
    const stored = await this.#cache.set(key, new PageBytes(bytes), timeoutOf(ttl));
    return stored ? 'stored' : 'cache-failed';
  }
}

/** A response may grant any number of seconds; with its unit none of them is suspected of being milliseconds. */
function timeoutOf(ttl: Ttl): Timeout {
  return ttl === null ? null : (`${Math.max(ttl, 0.001).toFixed(3)}s` as Timeout);
}

/** The index with one variant put in, or its expiry renewed, and without those that have expired. */
function withVariant(index: VaryIndex, key: string, ttl: Ttl, now: number): VaryIndex {
  const others = index.variants.filter(
    ([other, expires]) => other !== key && (expires === null || expires > now),
  );
  const expires = ttl === null ? null : now + ttl * 1000;
  return { names: index.names, variants: [...others, [key, expires]] };
}

/** An index lives as long as the last of its variants. */
function lifeOf(index: VaryIndex, now: number): Ttl {
  let latest = 0;
  for (const [, expires] of index.variants) {
    if (expires === null) return null;
    latest = Math.max(latest, expires);
  }
  return (latest - now) / 1000;
}
