import type { Server } from 'node:http';
import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { from, type Observable } from 'rxjs';
import type { BypassReason } from './bypass-reasons.js';
import type { HttpExchange } from './http-exchange.js';
import { requestHead, type RequestHead } from './http-head.js';
import { INERT_VALUE } from './inert-value.js';
import type { PageAddressAccessor } from './page-address.accessor.js';
import { forwardingNames, type PageAddress } from './page-key.js';
import { PageResponder } from './page-responder.js';
import type { PageRulesAccessor } from './page-rules.accessor.js';
import type { FoundPage, PagePlace, PageStore } from './page-store.js';
import type { Pages } from './pages.js';
import type { RouteCache } from './route-cache.accessor.js';
import type { StoredPage } from './stored-page.js';

/** What the requests of one application share. */
export interface PageRequestTools {
  readonly pages: Pages;
  readonly addresses: PageAddressAccessor;
  readonly rules: PageRulesAccessor;
  /** The server that background refreshes go to; undefined where the application has none. */
  readonly server: () => Server | undefined;
  /** Says once for a route why it is not cached. */
  readonly say: (route: RouteCache, reason: BypassReason, error?: unknown) => void;
  /** Says once for a route that its pages cannot be made anew in the background. */
  readonly sayUnreached: (route: RouteCache) => void;
  /** Says once for a route that its handler reads a header that its key does not cover; undefined: nobody watches. */
  readonly sayUnkeyed: ((route: RouteCache, name: string) => void) | undefined;
}

/** Where the page of a request is looked for, and how that came about. */
export interface KeyedPlace extends PagePlace {
  readonly address: PageAddress;
}

/** What came to an interceptor. */
export interface PageCallParts {
  readonly tools: PageRequestTools;
  readonly context: ExecutionContext;
  readonly exchange: HttpExchange;
  readonly route: RouteCache;
  readonly next: CallHandler;
}

/** For the interceptors outside, of an answer that is on its way. */
const ANSWERED: Observable<unknown> = from([INERT_VALUE]);

/** One request for a page with all that is at hand for it, and the ways in which it may be answered without making the page. */
export class PageCall implements PageCallParts {
  readonly tools: PageRequestTools;
  readonly context: ExecutionContext;
  readonly exchange: HttpExchange;
  readonly route: RouteCache;
  readonly next: CallHandler;
  readonly head: RequestHead;
  readonly store: PageStore;
  readonly responder: PageResponder;

  constructor({ tools, context, exchange, route, next }: PageCallParts) {
    this.tools = tools;
    this.context = context;
    this.exchange = exchange;
    this.route = route;
    this.next = next;
    this.head = requestHead(exchange.request);
    this.store = tools.pages.store(route.page.cache);
    this.responder = new PageResponder(tools.pages, exchange, this.head);
  }

  /** Looks for the page. Never rejects: a cache that fails has none. */
  async find(place: PagePlace): Promise<FoundPage> {
    try {
      return await this.store.find(place, this.head);
    } catch (error) {
      this.say('cache-failed', error);
      return { key: place.key };
    }
  }

  /** Answers with a stored page. */
  replay(page: StoredPage, state: 'HIT' | 'STALE'): Observable<unknown> {
    this.responder.replay(page, state);
    return ANSWERED;
  }

  /** Gives no answer: nobody waits for one any more, or somebody else has given it in full. */
  leave(): Observable<unknown> {
    this.responder.leave();
    return ANSWERED;
  }

  /** Leaves the answer to the handler. */
  bypass(reason: BypassReason, error?: unknown): Observable<unknown> {
    this.say(reason, error);
    this.responder.mark({ state: 'BYPASS', detail: reason });
    if (reason === 'ttl') this.responder.passOver();
    return this.next.handle();
  }

  /** Says once for the route why it is not cached. */
  say(reason: BypassReason, error?: unknown): void {
    this.tools.say(this.route, reason, error);
  }

  /** Lower-case names of the request headers that the page's key covers. */
  keyedHeaders({ address }: KeyedPlace): string[] {
    return [...address.routedBy, ...forwardingNames(this.head)];
  }
}
