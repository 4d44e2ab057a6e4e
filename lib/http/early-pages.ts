import { BoundedMap } from '../core/bounded-map.js';
import { decideRequest } from './http-cache.policy.js';
import { isIdentified, originalMethodOf, urlsOf, type HttpExchange } from './http-exchange.js';
import { requestHead, type RequestHead } from './http-head.js';
import { keyedForwardingNames, pageKey, type PageAddress } from './page-key.js';
import type { FoundAddress } from './page-address.accessor.js';
import type { PagePlace } from './page-store.js';
import { cookieVariants } from './request-cookies.js';
import { replayPage } from './response-replay.js';
import type { RouteCache } from './route-cache.accessor.js';
import type { Pages } from './pages.js';

/** Most URLs that are known. */
const MOST = 10_000;

/** What is known of a URL whose pages are sent in front of the router. */
interface EarlyUrl extends FoundAddress {
  readonly route: RouteCache;
  /** The key of its page; undefined if that depends on headers of the request. */
  readonly key: string | undefined;
}

/**
 * Sends pages in front of the router: guards, interceptors, pipes and the router itself are not asked.
 *
 * It knows the URLs of routes that opted in by `early` once the interceptor has served them, and looks for no others. All that
 * keeps a request from a page holds here too, but for what guards would have said.
 *
 * @see Django, FetchFromCacheMiddleware
 */
export class EarlyPages {
  readonly #pages: Pages;
  readonly #urls = new BoundedMap<string, EarlyUrl>(MOST);

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  /** True if no URL is known, so that there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#urls.size === 0;
  }

  /** Takes note of a URL that the interceptor serves, and where its page is. */
  remember(
    exchange: HttpExchange,
    head: RequestHead,
    place: FoundAddress & PagePlace,
    route: RouteCache,
  ): void {
    // What an extractor of the application took from the request cannot be told without it.
    if (place.address.version.length > 0) return;
    const { trustProxy } = this.#pages.options;
    const isOfUrl =
      place.address.routedBy.length === 0 &&
      route.vary.cookies.length === 0 &&
      keyedForwardingNames(head, trustProxy).length === 0;
    const known = { ...place, route, key: isOfUrl ? place.key : undefined };
    this.#urls.set(nameOf(exchange, head, trustProxy), known);
  }

  /** True if the request was answered. Never rejects: what the cache cannot tell is left to the router. */
  async answer(exchange: HttpExchange): Promise<boolean> {
    const { clock, options } = this.#pages;
    const head = requestHead(exchange.request);
    const known = this.#urls.get(nameOf(exchange, head, options.trustProxy));
    if (!known) return false;
    const { route, tags } = known;
    const { lookup } = decideRequest({
      head,
      originalMethod: originalMethodOf(exchange),
      identified: isIdentified(exchange),
      neverLives: false,
      rules: route.rules,
    });
    if (!lookup) return false;
    const key = known.key ?? pageKey(withCookies(known, head), head);
    const store = this.#pages.store(route.page.cache);
    const { page } = await store.find({ key, tags }, head).catch(() => ({ page: undefined }));
    const now = clock.now();
    if (!page || (page.freshUntil !== null && page.freshUntil <= now)) return false;
    if (exchange.response.headersSent) return true;
    const ttl = page.freshUntil === null ? null : (page.freshUntil - now) / 1000;
    const mark = { state: 'HIT', ttl } as const;
    replayPage({ exchange, head, page, mark, name: options.cacheStatus, now });
    return true;
  }
}

function withCookies({ address, route }: EarlyUrl, head: RequestHead): PageAddress {
  return { ...address, variants: cookieVariants(head, route.vary.cookies) };
}

/** Scheme, host and target as the framework sees them, and all else from which a router may tell routes. */
function nameOf(exchange: HttpExchange, head: RequestHead, trustsProxy: boolean): string {
  const { protocol, hostname } = exchange.asked;
  const [asked, routed] = urlsOf(exchange);
  const forwarding = keyedForwardingNames(head, trustsProxy);
  const hosts = head.lines.get('host');
  if (forwarding.length === 0 && hosts?.length === 1 && !head.lines.has(':authority')) {
    // None of them can hold a line feed, so no two of these names are the same, nor one of the others.
    return `${protocol}\n${hostname}\n${hosts[0]}\n${asked}\n${routed}`;
  }
  const names = ['host', ':authority', ...forwarding];
  const lines = names.map((name) => head.lines.get(name) ?? null);
  return JSON.stringify([protocol, hostname, asked, routed, ...lines]);
}
