import type { Server } from 'node:http';
import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { finalize, from, tap, type Observable } from 'rxjs';
import type { HeldTags } from '../core/tags.js';
import type { BypassReason } from './bypass-reasons.js';
import { decideRequest } from './http-cache.policy.js';
import {
  isGone,
  isIdentified,
  originalMethodOf,
  urlsOf,
  type HttpExchange,
} from './http-exchange.js';
import { requestHead, type RequestHead } from './http-head.js';
import type { PageAddressAccessor } from './page-address.accessor.js';
import { UnkeptPage, type Landing, type PageFlight, type Waited } from './page-flights.js';
import { forwardingNames, isForwarding, pageKey, type PageAddress } from './page-key.js';
import { PageRecording, type PageRecordingOptions, type PageRules } from './page-recording.js';
import { refreshPage, takeTicket, type RefreshTicket } from './page-refresh.js';
import { INERT_VALUE } from './inert-value.js';
import { PageResponder } from './page-responder.js';
import type { PageRulesAccessor } from './page-rules.accessor.js';
import { flightOnTurn, type PageTurn } from './page-turns.js';
import type { FoundPage, PagePlace, PageStore } from './page-store.js';
import type { Pages } from './pages.js';
import { narrowQuery } from './query-filter.js';
import type { RouteCache } from './route-cache.accessor.js';
import type { StoredPage } from './stored-page.js';
import { watchHeaders } from './unkeyed-headers.js';

/** What the requests of one application share. */
export interface PageRequestTools {
  readonly pages: Pages;
  readonly addresses: PageAddressAccessor;
  readonly rules: PageRulesAccessor;
  /** The server that background refreshes go to; undefined where the application has none. */
  readonly server: () => Server | undefined;
  /** Says once for a route why it is not cached. */
  readonly say: (route: RouteCache, reason: BypassReason, error?: unknown) => void;
  /** Says once for a route that its handler reads a header that its key does not cover; undefined: nobody watches. */
  readonly sayUnkeyed: ((route: RouteCache, name: string) => void) | undefined;
}

interface KeyedPlace extends PagePlace {
  readonly address: PageAddress;
}

/** For the interceptors outside, of an answer that is on its way. */
const ANSWERED: Observable<unknown> = from([INERT_VALUE]);

/** One request for a page: answered from the cache, by another request that makes the page, or by the handler. */
export class PageRequest {
  readonly #tools: PageRequestTools;
  readonly #context: ExecutionContext;
  readonly #exchange: HttpExchange;
  readonly #route: RouteCache;
  readonly #next: CallHandler;
  readonly #head: RequestHead;
  readonly #store: PageStore;
  readonly #responder: PageResponder;
  /** A page past its time that is better than an error. */
  #fallback: StoredPage | undefined;

  constructor(
    tools: PageRequestTools,
    context: ExecutionContext,
    exchange: HttpExchange,
    route: RouteCache,
    next: CallHandler,
  ) {
    this.#tools = tools;
    this.#context = context;
    this.#exchange = exchange;
    this.#route = route;
    this.#next = next;
    this.#head = requestHead(exchange.request);
    this.#store = tools.pages.store(route.page.cache);
    this.#responder = new PageResponder(tools.pages, exchange, this.#head);
  }

  /** Answers it. What comes back is for the interceptors outside. */
  async answer(): Promise<Observable<unknown>> {
    const { page, rules } = this.#route;
    const decision = decideRequest({
      head: this.#head,
      originalMethod: originalMethodOf(this.#exchange),
      identified: isIdentified(this.#exchange),
      neverLives: this.#tools.rules.neverLives(this.#route),
      rules,
    });
    if (!decision.lookup) return this.#bypass(decision.reason!);
    const passed = page.unless && (await this.#unless(page.unless));
    if (passed) return passed;
    const finding = this.#tools.addresses.of(
      this.#context,
      this.#exchange,
      this.#head,
      this.#route,
    );
    // Most are there at once, and a hit costs few promises so.
    const found = finding instanceof Promise ? await finding : finding;
    if ('reason' in found) return this.#bypass(found.reason, found.error);
    const place = {
      key: pageKey(found.address, this.#head),
      tags: found.tags,
      address: found.address,
    };
    if (page.early) {
      this.#tools.pages.early.remember(this.#exchange, this.#head, found, this.#route);
    }
    const ticket = takeTicket(this.#exchange.request);
    if (ticket?.key === place.key) return this.#make(place, ticket.found, ticket.flight);
    if (ticket) return this.#cancelRefresh(ticket);
    const looked = performance.now();
    const asked = await this.#find(place);
    const served = this.#serve(place, asked);
    if (served) return served;
    if (decision.reason !== undefined) return this.#bypass(decision.reason);
    if (!decision.store) {
      this.#responder.mark({ state: 'MISS', stored: false });
      if (this.#fallback) this.#responder.shield(this.#fallback);
      return this.#next.handle();
    }
    return this.#makeOrAwait(place, asked.key, looked);
  }

  /** The answer from a stored page; undefined if there is none that may be sent. */
  #serve(place: KeyedPlace, { page, key, names }: FoundPage): Observable<unknown> | undefined {
    if (!page || this.#exchange.response.headersSent) return undefined;
    const left = this.#responder.secondsLeft(page);
    if (left === null || left > 0) return this.#replay(page, 'HIT');
    if (left > -page.stale.whileRevalidate && this.#refresh(place, key, names)) {
      return this.#replay(page, 'STALE');
    }
    if (left > -page.stale.ifError) this.#fallback = page;
    return undefined;
  }

  /** Sees to it that the page is made anew in the background. False if that cannot be done. */
  #refresh(place: KeyedPlace, found: string, names: readonly string[] = []): boolean {
    const server = this.#tools.server();
    // Without the user's credentials their page cannot be made.
    if (!server || this.#route.vary.users.length > 0) return false;
    const { flights, turns } = this.#store;
    const flight = flights.beginAnew(found);
    if (flight) {
      let turn: PageTurn | undefined;
      const land = (landing: Landing): void => {
        flight.land(landing);
        turn?.end(landing === 'kept' ? 'kept' : 'failed');
      };
      refreshPage(server, {
        visitor: this.#exchange.request,
        url: urlsOf(this.#exchange)[0]!,
        headers: [...this.#keyedHeaders(place), ...names],
        cookies: this.#route.vary.cookies,
        ticket: { key: place.key, found, flight: { land } },
        isDue: async () => {
          turn = await turns.take(found);
          // Another process may have been done just before.
          return turn !== undefined && !(turns.hasOthers && (await this.#isMade(place, found)));
        },
      });
    }
    return true;
  }

  /**
   * Makes the page, or takes it from the request that is making it.
   *
   * @param looked When it was looked for. If it was kept while the cache was answering, it is looked for once more.
   */
  async #makeOrAwait(
    place: KeyedPlace,
    missingKey: string,
    looked: number,
  ): Promise<Observable<unknown>> {
    const { flights, turns } = this.#store;
    const { response } = this.#exchange;
    const end = looked + this.#tools.pages.options.coalesceMs;
    for (let missing = missingKey, since = looked; ;) {
      // Who has left already is not told of leaving any more, and others would wait in vain.
      if (isGone(response)) return this.#leave();
      if (!flights.wasKeptSince(missing, since)) {
        const flight = flights.begin(missing);
        if (flight ? !turns.hasOthers : flights.isAlone(missing)) {
          return this.#make(place, missing, flight);
        }
        const waited = flight
          ? await this.#turnToMake(place, missing, flight, end)
          : await flights.wait(missing, response, end - performance.now());
        if (waited instanceof UnkeptPage) return this.#take(waited, place, missing);
        if (typeof waited === 'object') return this.#make(place, missing, waited);
        if (waited === 'gone') return this.#leave();
        if (waited === 'failed' && this.#fallback) return this.#replay(this.#fallback, 'STALE');
        if (waited !== 'kept' && waited !== 'lost') return this.#make(place, missing, undefined);
      }
      since = performance.now();
      const again = await this.#find(place);
      // A timeout of the framework may have answered meanwhile.
      if (response.headersSent) return this.#next.handle();
      const served = this.#serve(place, again);
      if (served) return served;
      missing = again.key;
    }
  }

  /** The flight, when it is the turn of this process. Otherwise how the waiting ended, and the flight with it. */
  async #turnToMake(
    place: KeyedPlace,
    missing: string,
    flight: PageFlight,
    until: number,
  ): Promise<PageFlight | Waited> {
    const turn = await this.#store.turns.wait(missing, {
      response: this.#exchange.response,
      until,
      isMade: () => this.#isMade(place, missing),
    });
    if (typeof turn === 'object') return flightOnTurn(flight, turn);
    flight.land(turn === 'gone' || turn === 'late' ? 'lost' : turn);
    return turn;
  }

  /** Answers with what another request has made and the cache could not keep, if that is the answer to this one. */
  async #take(made: UnkeptPage, place: KeyedPlace, missing: string): Promise<Observable<unknown>> {
    if (!made.isFor(this.#head)) return this.#make(place, missing, undefined);
    // A timeout of the framework may have answered meanwhile.
    return this.#exchange.response.headersSent
      ? this.#next.handle()
      : this.#replay(made.page, 'HIT');
  }

  /** True if nothing is missing under this key any more. */
  async #isMade(place: KeyedPlace, missing: string): Promise<boolean> {
    const { key, page } = await this.#find(place);
    return key !== missing || (page !== undefined && this.#responder.isFresh(page));
  }

  /** Runs the handler and keeps what comes of it. */
  async #make(
    place: KeyedPlace,
    missing: string,
    flight: PageFlight | undefined,
  ): Promise<Observable<unknown>> {
    let rules: PageRules;
    try {
      rules = await this.#tools.rules.of(this.#route, this.#context);
    } catch (error) {
      flight?.land('failed');
      return this.#bypass('ttl-failed', error);
    }
    if (rules.routeTtl === 0) {
      flight?.land('unshareable');
      return this.#bypass('ttl');
    }
    const held = await this.#hold(place);
    if (isGone(this.#exchange.response)) {
      flight?.land('lost');
      return this.#leave();
    }
    if (this.#exchange.response.headersSent) {
      flight?.land('failed');
      return this.#next.handle();
    }
    return this.#record(place, missing, flight, rules, held);
  }

  #record(
    place: KeyedPlace,
    missing: string,
    flight: PageFlight | undefined,
    rules: PageRules,
    held: HeldTags | undefined,
  ): Observable<unknown> {
    const { query } = this.#route.vary;
    const { isCovered, anonymousOnly } = this.#route.rules;
    if (query) narrowQuery(this.#exchange, query);
    const recording = new PageRecording({
      exchange: this.#exchange,
      head: this.#head,
      place,
      store: this.#store,
      held,
      flight: flight ?? {
        land: (landing) => {
          if (landing === 'kept') this.#store.flights.isShared(missing);
        },
      },
      rules,
      clock: this.#tools.pages.clock,
      isSomebodys: () => !isCovered && anonymousOnly && isIdentified(this.#exchange),
      mark: (mark) => {
        this.#responder.mark(mark);
      },
      fallback: this.#fallbackOf(),
      report: (reason, error) => {
        this.#say(reason, error);
      },
      ...this.#watch(place),
    });
    let isOver = false;
    return this.#next.handle().pipe(
      tap({
        next: () => {
          isOver = true;
          recording.answered();
        },
        error: () => {
          isOver = true;
          recording.fail();
        },
      }),
      // An interceptor outside lost patience, or the client left.
      finalize(() => {
        if (!isOver) recording.lose();
      }),
    );
  }

  /** A background request that came to another page than it was made for is of no use, so its handler does not run. */
  #cancelRefresh({ flight }: RefreshTicket): Observable<unknown> {
    flight.land('failed');
    this.#exchange.response.destroy();
    return this.#leave();
  }

  /** The stamps of the page's tags; undefined if the cache does not tell. */
  async #hold({ tags }: PagePlace): Promise<HeldTags | undefined> {
    try {
      const held = await this.#store.holdTags(tags);
      return held.stamps && held;
    } catch (error) {
      this.#say('cache-failed', error);
      return undefined;
    }
  }

  async #find(place: PagePlace): Promise<FoundPage> {
    try {
      return await this.#store.find(place, this.#head);
    } catch (error) {
      this.#say('cache-failed', error);
      return { key: place.key };
    }
  }

  async #unless(
    unless: NonNullable<RouteCache['page']['unless']>,
  ): Promise<Observable<unknown> | undefined> {
    try {
      return (await unless(this.#context)) ? this.#bypass('unless') : undefined;
    } catch (error) {
      return this.#bypass('unless-failed', error);
    }
  }

  /** Finds out whether the handler reads what the key does not cover. */
  #watch(place: KeyedPlace): Pick<PageRecordingOptions, 'headersRead' | 'kept'> {
    const { sayUnkeyed } = this.#tools;
    if (!sayUnkeyed) return {};
    const { isCovered, anonymousOnly, identityHeaders } = this.#route.rules;
    // Who bears one of these is never answered with a page.
    const refused = isCovered || !anonymousOnly ? [] : identityHeaders;
    return {
      headersRead: watchHeaders(this.#exchange.request),
      kept: (vary, read) => {
        const covered = new Set([...this.#keyedHeaders(place), ...vary, ...refused]);
        const unkeyed = read.filter((name) => !covered.has(name) && !isForwarding(name));
        for (const name of unkeyed) sayUnkeyed(this.#route, name);
      },
    };
  }

  /** Lower-case names of the request headers that the key covers. */
  #keyedHeaders({ address }: KeyedPlace): string[] {
    return [...address.routedBy, ...forwardingNames(this.#head)];
  }

  #replay(page: StoredPage, state: 'HIT' | 'STALE'): Observable<unknown> {
    this.#responder.replay(page, state);
    return ANSWERED;
  }

  #leave(): Observable<unknown> {
    this.#responder.leave();
    return ANSWERED;
  }

  #fallbackOf(): PageRecordingOptions['fallback'] {
    const page = this.#fallback;
    return page && ((preset) => this.#responder.substitute(page, preset));
  }

  #bypass(reason: BypassReason, error?: unknown): Observable<unknown> {
    this.#say(reason, error);
    this.#responder.mark({ state: 'BYPASS', detail: reason });
    if (reason === 'ttl') this.#responder.passOver();
    return this.#next.handle();
  }

  #say(reason: BypassReason, error?: unknown): void {
    this.#tools.say(this.#route, reason, error);
  }
}
