import type { ExecutionContext } from '@nestjs/common';
import type { Ttl } from '../core/cache-backend.interface.js';
import { isDate, settleTimeout, type Timeout } from '../core/timeout.js';
import type { PageRules } from './page-recording.js';
import type { Pages } from './pages.js';
import type { RouteCache } from './route-cache.accessor.js';

/** Settles what a route and the options say about a page that is about to be made. */
export class PageRulesAccessor {
  readonly #pages: Pages;
  /** What was found of routes: each request asks, and a timeout may be a text that has to be read. */
  readonly #never = new WeakMap<RouteCache, boolean>();

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  /** True if the route says beforehand that nothing of it lives. */
  neverLives(route: RouteCache): boolean {
    const { timeout } = route;
    if (typeof timeout === 'function' || timeout === undefined) return false;
    // A date may pass between two requests.
    if (isDate(timeout)) return this.#settled(timeout) === 0;
    let isNever = this.#never.get(route);
    if (isNever === undefined) this.#never.set(route, (isNever = this.#settled(timeout) === 0));
    return isNever;
  }

  /** @throws what the function of `@CacheTTL()` throws, and `TypeError` if it gives no timeout. */
  async of(route: RouteCache, context: ExecutionContext): Promise<PageRules> {
    const { options } = this.#pages;
    const { timeout, vary, page } = route;
    return {
      routeTtl:
        typeof timeout === 'function'
          ? this.#given(await timeout(context))
          : this.#settled(timeout),
      defaultTtl: this.#defaultTtl(route),
      statuses: options.statuses,
      covered: [
        ...vary.headers,
        ...(vary.cookies.length > 0 || route.rules.isCovered ? ['cookie'] : []),
        ...(route.rules.isCovered ? ['authorization'] : []),
      ],
      stale: {
        whileRevalidate: this.#seconds(page.staleWhileRevalidate),
        ifError: this.#seconds(page.staleIfError),
      },
      maxBodyBytes: options.maxBodyBytes,
      browserMaxAge: options.browserMaxAge,
      sMaxAge: options.sMaxAge,
      isPersonal: vary.users.length > 0,
    };
  }

  #defaultTtl({ page }: RouteCache): Ttl {
    const { options } = this.#pages;
    // Null is a timeout: for ever.
    const { timeout = this.#pages.store(page.cache).timeout } = options;
    return this.#settled(timeout) ?? null;
  }

  #seconds(window: Timeout | undefined): number | undefined {
    return this.#settled(window) ?? undefined;
  }

  #settled(timeout: Timeout | undefined): Ttl | undefined {
    return timeout === undefined ? undefined : this.#given(timeout);
  }

  /** @throws {TypeError} for what is no timeout; undefined is none either. */
  #given(timeout: Timeout): Ttl {
    const { clock } = this.#pages;
    return settleTimeout(timeout, () => clock.now());
  }
}
