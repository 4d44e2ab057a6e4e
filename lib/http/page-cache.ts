import { InvalidCacheKeyError } from '../core/cache.errors.js';
import { describe } from '../core/option-checks.js';
import { keyTag, pathTag, routeTag } from './page-tags.js';
import type { Pages } from './pages.js';

/**
 * The cached pages of the application, as a provider: removes them by URL, by key, by route or by tag, at once and for all
 * processes that share the cache. A page that is being made meanwhile is answered and not kept.
 *
 * Every method rejects with `CacheBackendError` if the cache fails, whatever `onError` says: a page that should be gone and
 * is not must be known.
 *
 * @example constructor(private readonly pages: PageCache) {}
 */
export class PageCache {
  readonly #pages: Pages;

  /** Made by `CacheModule`. */
  constructor(pages: Pages) {
    this.#pages = pages;
  }

  /**
   * Removes the pages of a path: of every host, query, language and user.
   *
   * @param url A path such as `/news/7`, or an absolute URL, whose host and query do not count.
   * @throws {TypeError} for anything else.
   */
  async invalidate(url: string): Promise<void> {
    if (typeof url !== 'string' || !/^(\/|[a-z][a-z\d+.-]*:\/\/)/i.test(url)) {
      throw new TypeError(
        `invalidate() needs a path that begins with "/", or an absolute URL, but got ${describe(url)}.`,
      );
    }
    await this.#drop([pathTag(url)]);
  }

  /**
   * Removes the pages that a key of `@CacheKey()` names, whether it is a string there or what its function returned.
   *
   * @throws {InvalidCacheKeyError} if it is empty.
   */
  async invalidateKey(key: string): Promise<void> {
    if (typeof key !== 'string' || key === '') {
      throw new InvalidCacheKeyError(
        'CACHE_INVALID_KEY',
        `invalidateKey() needs the key of a @CacheKey(), but got ${describe(key)}.`,
      );
    }
    await this.#drop([keyTag(key)]);
  }

  /**
   * Removes all pages of a handler.
   *
   * @param method Its name.
   * @throws {TypeError} if the class has no such method.
   * @example await pages.invalidateRoute(NewsController, 'latest');
   */
  async invalidateRoute<T extends object>(
    controller: abstract new (...args: never[]) => T,
    method: keyof T & string,
  ): Promise<void> {
    const handler = (controller?.prototype as Record<string, unknown> | undefined)?.[method];
    if (typeof handler !== 'function') {
      throw new TypeError(
        `invalidateRoute() needs a controller and the name of one of its methods, but ${describe(method)} is none of ${controller?.name ?? 'what was given'}.`,
      );
    }
    // Under the name that the function has, which a decorator may have put in the place of the method.
    await this.#drop([routeTag(`${controller.name}.${handler.name}`)]);
  }

  /** Removes what bears one of these tags: pages, and values of the cache `default`. */
  async invalidateTags(...tags: readonly string[]): Promise<void> {
    await this.#pages.invalidateTags(tags);
  }

  async #drop(tags: readonly string[]): Promise<void> {
    await Promise.all(this.#pages.all().map((store) => store.invalidateTags(tags)));
  }
}
