import type { CacheRegistry } from '../core/cache.registry.js';
import { DEFAULT_ALIAS, PAGES_ALIAS } from '../cache.constants.js';
import type { CacheService } from '../core/cache.service.js';
import { systemClock, type Clock } from '../core/clock.js';
import { EarlyPages } from './early-pages.js';
import type { ResolvedHttpOptions } from './http.options.js';
import { PageStore } from './page-store.js';
import { pagesAliases } from './pages-aliases.js';

/** The pages of one application: what its interceptors and `PageCache` share. */
export class Pages {
  readonly options: ResolvedHttpOptions;
  readonly clock: Clock;
  /** Those that are sent in front of the router. */
  readonly early = new EarlyPages(this);
  readonly #registry: CacheRegistry;
  readonly #alias: string;
  /** By alias. Writes of one page must wait for each other, so each cache has one store. */
  readonly #stores = new Map<string, PageStore>();

  /** @throws {CacheConfigError} if the options or a route name a cache that is not configured. */
  constructor(registry: CacheRegistry, options: ResolvedHttpOptions, clock: Clock = systemClock) {
    this.options = options;
    this.clock = clock;
    this.#registry = registry;
    this.#alias = options.cache ?? (registry.has(PAGES_ALIAS) ? PAGES_ALIAS : DEFAULT_ALIAS);
    // Who names a cache that is not there learns it at the start.
    this.cache();
  }

  /** The store of an alias. @param alias Default: the one for all pages whose route names none. */
  store(alias: string = this.#alias): PageStore {
    let store = this.#stores.get(alias);
    if (!store) {
      store = new PageStore(this.cache(alias));
      this.#stores.set(alias, store);
    }
    return store;
  }

  /** The cache of an alias. @param alias Default: the one that keeps all pages whose route names none. */
  cache(alias: string = this.#alias): CacheService {
    return this.#registry.get(alias);
  }

  /** Every store that keeps pages in any process of the application. */
  all(): PageStore[] {
    const named = pagesAliases().filter((alias) => this.#registry.has(alias));
    return [...new Set([this.store(), ...named.map((alias) => this.store(alias))])];
  }

  /**
   * Removes what bears one of these tags: values of the cache `default`, with which the pages of the application fall, and the
   * pages of routes that name a cache of their own.
   *
   * @throws {CacheBackendError} if a cache fails.
   */
  async invalidateTags(tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return;
    const aliases = new Set([DEFAULT_ALIAS, ...pagesAliases()]);
    // Those of the application fall with `default` already.
    if (this.#alias !== DEFAULT_ALIAS) aliases.delete(this.#alias);
    const caches = [...aliases].filter((alias) => this.#registry.has(alias));
    await Promise.all(caches.map((alias) => this.cache(alias).invalidateTags(...tags)));
  }
}
