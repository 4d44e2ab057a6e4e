import { BoundedMap } from '../core/bounded-map.js';
import type { CacheService } from '../core/cache.service.js';
import type { HeldTags } from '../core/tags.js';
import type { Ttl } from '../core/cache-backend.interface.js';
import { PageBytes } from '../core/page-bytes.js';
import type { Timeout } from '../core/timeout.js';
import type { RequestHead } from './http-head.js';
import { PageFlights } from './page-flights.js';
import { variantKey } from './page-key.js';
import { PageTurns } from './page-turns.js';
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

/** Most pages of which it is remembered that they vary. */
const MOST_LEARNED = 10_000;

/** Where a page is looked for. */
export interface PagePlace {
  readonly key: string;
  /** By which it may be removed. */
  readonly tags: readonly string[];
}

/** How a page is to be kept. */
export interface Keeping {
  /** The request headers it depends on. What earlier answers of its URL depended on is added. */
  readonly vary: readonly string[];
  /** The stamps of its tags from before it was made. */
  readonly held: HeldTags;
}

/** What a look for a page brought. */
export interface FoundPage {
  /** Undefined if there is none. */
  readonly page?: StoredPage;
  /** The key under which it is or was not: the page's own, or that of the variant this request asks for. */
  readonly key: string;
  /** The request headers that the variants of the page depend on; undefined: there are none. */
  readonly names?: readonly string[];
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
  /** The pages that are being made in this process. */
  readonly flights = new PageFlights();
  /** Whose turn it is, of all processes. */
  readonly turns: PageTurns;
  readonly #cache: CacheService;
  /**
   * The request headers on which pages were found to depend: a page's variant is then asked for together with its index.
   * They may be out of date.
   */
  readonly #learned = new BoundedMap<string, readonly string[]>(MOST_LEARNED);
  /**
   * Indexes are read, changed and written, so the writes of one page wait for each other. Not more than there may be
   * variants, or a cache that hangs would gather the pages of all who ask meanwhile.
   */
  readonly #writes = new Map<string, Writes>();

  constructor(cache: CacheService) {
    this.#cache = cache;
    this.turns = new PageTurns(cache);
  }

  /** How long pages live if nobody says. */
  get timeout(): Timeout {
    return this.#cache.timeout;
  }

  /** The page that answers this request: in one read, or two if this process does not know yet that it varies. */
  async find({ key, tags }: PagePlace, head: RequestHead): Promise<FoundPage> {
    const names = this.#learned.get(key);
    if (names) {
      const own = variantKey(key, names, head);
      const both = await this.#cache.getMany([key, own], { tags });
      const index = entryOf(key, both.get(key));
      if (!index) return { key };
      if (isVaryIndex(index) && sameNames(index.names, names)) {
        return foundUnder(own, entryOf(own, both.get(own)), names);
      }
      return this.#follow(key, index, head, tags);
    }
    const entry = entryOf(key, await this.#cache.get(key, undefined, { tags }));
    return entry ? this.#follow(key, entry, head, tags) : { key };
  }

  /** The stamps of a page's tags, for one that is about to be made. */
  holdTags(tags: readonly string[]): Promise<HeldTags> {
    return this.#cache.holdTags(tags);
  }

  /** Removes the pages that bear one of these tags. */
  async invalidateTags(tags: readonly string[]): Promise<void> {
    await this.#cache.invalidateTags(...tags);
  }

  /** Keeps a page, from the moment at which its head was sent. */
  async keep(place: PagePlace, head: RequestHead, page: StoredPage, how: Keeping): Promise<Kept> {
    const { key } = place;
    const writes = this.#writes.get(key) ?? { last: Promise.resolve(), count: 0 };
    if (writes.count >= MOST_VARIANTS) return 'crowded';
    const write = writes.last.catch(() => {}).then(() => this.#keep(place, head, page, how));
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

  async #follow(
    key: string,
    entry: StoredPage | VaryIndex,
    head: RequestHead,
    tags: readonly string[],
  ): Promise<FoundPage> {
    if (!isVaryIndex(entry)) return { key, page: entry };
    this.#learned.set(key, entry.names);
    const own = variantKey(key, entry.names, head);
    const variant = entryOf(own, await this.#cache.get(own, undefined, { tags }));
    return foundUnder(own, variant, entry.names);
  }

  async #keep(
    { key, tags }: PagePlace,
    head: RequestHead,
    page: StoredPage,
    { vary, held }: Keeping,
  ): Promise<Kept> {
    const now = page.storedAt;
    const ttl = lifeOfPage(page);
    const entry = entryOf(key, await this.#cache.get(key, undefined, { tags }));
    const known = entry && isVaryIndex(entry) ? entry : undefined;
    const names = [...new Set([...(known?.names ?? []), ...vary])].toSorted();
    if (names.length === 0) return this.#write(key, encodePage(key, page), ttl, held);
    const grown = known !== undefined && names.length > known.names.length;
    const variant = variantKey(key, names, head);
    const index = withVariant(known && !grown ? known : { names, variants: [] }, variant, ttl, now);
    if (index.variants.length > MOST_VARIANTS) return 'variants';
    // Nobody can find them any more.
    if (known && grown) await this.#cache.deleteMany(known.variants.map(([old]) => old));
    const kept = await this.#write(variant, encodePage(variant, page), ttl, held);
    if (kept !== 'stored') return kept;
    this.#learned.set(key, names);
    return this.#write(key, encodeIndex(key, index), lifeOf(index, now), held);
  }

  async #write(key: string, bytes: Buffer, ttl: Ttl, held: HeldTags): Promise<Kept> {
    const timeout = timeoutOf(ttl);
    const stored = await this.#cache.set(key, new PageBytes(bytes), { timeout, tags: held });
    return stored ? 'stored' : 'cache-failed';
  }
}

function entryOf(key: string, value: unknown): StoredPage | VaryIndex | undefined {
  return value instanceof PageBytes ? decodeEntry(key, value.bytes) : undefined;
}

function foundUnder(
  key: string,
  entry: StoredPage | VaryIndex | undefined,
  names: readonly string[],
): FoundPage {
  return entry && !isVaryIndex(entry) ? { key, names, page: entry } : { key, names };
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

/** A page is kept as long as it may be sent: past its time too, where that is allowed. */
function lifeOfPage({ storedAt, freshUntil, stale }: StoredPage): Ttl {
  if (freshUntil === null) return null;
  return (freshUntil - storedAt) / 1000 + Math.max(stale.whileRevalidate, stale.ifError);
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
