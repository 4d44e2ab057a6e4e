import type { Observable } from 'rxjs';
import { decideRequest } from './http-cache.policy.js';
import { isGone, isIdentified, originalMethodOf, urlsOf } from './http-exchange.js';
import { PageCall, type KeyedPlace, type PageCallParts } from './page-call.interceptor.js';
import { UnkeptPage, type Landing, type PageFlight, type Waited } from './page-flights.js';
import { pageKey } from './page-key.js';
import { makePage } from './page-making.interceptor.js';
import { refreshPage, takeTicket, type RefreshTicket } from './page-refresh.js';
import type { FoundPage } from './page-store.js';
import { flightOnTurn, type PageTurn } from './page-turns.js';
import type { RouteCache } from './route-cache.accessor.js';
import type { StoredPage } from './stored-page.js';

/** One request for a page: answered from the cache, by another request that makes the page, or by the handler. */
export class PageRequest {
  readonly #call: PageCall;
  /** A page past its time that is better than an error. */
  #fallback: StoredPage | undefined;

  constructor(parts: PageCallParts) {
    this.#call = new PageCall(parts);
  }

  /** Answers it. What comes back is for the interceptors outside. */
  async answer(): Promise<Observable<unknown>> {
    const call = this.#call;
    const { tools, exchange, route, head } = call;
    const { page, rules } = route;
    const decision = decideRequest({
      head,
      originalMethod: originalMethodOf(exchange),
      identified: isIdentified(exchange),
      neverLives: tools.rules.neverLives(route),
      rules,
    });
    if (!decision.lookup) return call.bypass(decision.reason!);
    const passed = page.unless && (await this.#unless(page.unless));
    if (passed) return passed;
    const finding = tools.addresses.of(call.context, exchange, head, route);
    // Most are there at once, and a hit costs few promises so.
    const found = finding instanceof Promise ? await finding : finding;
    if ('reason' in found) return call.bypass(found.reason, found.error);
    const place = { key: pageKey(found.address, head), tags: found.tags, address: found.address };
    if (page.early) tools.pages.early.remember(exchange, head, place, route);
    const ticket = takeTicket(exchange.request);
    if (ticket?.key === place.key) return this.#make(place, ticket.found, ticket.flight);
    if (ticket) return this.#cancelRefresh(ticket);
    const looked = performance.now();
    const asked = await call.find(place);
    const served = this.#serve(place, asked);
    if (served) return served;
    if (decision.reason !== undefined) return call.bypass(decision.reason);
    if (!decision.store) {
      call.responder.mark({ state: 'MISS', stored: false });
      if (this.#fallback) call.responder.shield(this.#fallback);
      return call.next.handle();
    }
    return this.#makeOrAwait(place, asked.key, looked);
  }

  /** The answer from a stored page; undefined if there is none that may be sent. */
  #serve(place: KeyedPlace, { page, key, names }: FoundPage): Observable<unknown> | undefined {
    const call = this.#call;
    if (!page || call.exchange.response.headersSent) return undefined;
    const left = call.responder.secondsLeft(page);
    if (left === null || left > 0) return call.replay(page, 'HIT');
    if (left > -page.stale.whileRevalidate && this.#refresh(place, key, names)) {
      return call.replay(page, 'STALE');
    }
    if (left > -page.stale.ifError) this.#fallback = page;
    return undefined;
  }

  /** Sees to it that the page is made anew in the background. False if that cannot be done. */
  #refresh(place: KeyedPlace, found: string, names: readonly string[] = []): boolean {
    const { tools, exchange, route, store } = this.#call;
    const server = tools.server();
    const { flights, turns } = store;
    // Without the user's credentials their page cannot be made.
    if (!server || route.vary.users.length > 0 || !flights.isReached(found)) return false;
    const flight = flights.beginAnew(found);
    if (flight) {
      let turn: PageTurn | undefined;
      const land = (landing: Landing): void => {
        flight.land(landing);
        turn?.end(landing === 'kept' ? 'kept' : 'failed');
      };
      refreshPage(server, {
        visitor: exchange.request,
        url: urlsOf(exchange)[0],
        headers: [...this.#call.keyedHeaders(place), ...names],
        cookies: route.vary.cookies,
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
    const call = this.#call;
    const { flights, turns } = call.store;
    const { response } = call.exchange;
    const end = looked + call.tools.pages.options.coalesceMs;
    for (let missing = missingKey, since = looked; ;) {
      // Who has left already is not told of leaving any more, and others would wait in vain.
      if (isGone(response)) return call.leave();
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
        if (waited === 'gone') return call.leave();
        if (waited === 'failed' && this.#fallback) return call.replay(this.#fallback, 'STALE');
        if (waited !== 'kept' && waited !== 'lost') return this.#make(place, missing, undefined);
      }
      since = performance.now();
      const again = await call.find(place);
      // A timeout of the framework may have answered meanwhile.
      if (response.headersSent) return call.next.handle();
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
    const turn = await this.#call.store.turns.wait(missing, {
      response: this.#call.exchange.response,
      until,
      isMade: () => this.#isMade(place, missing),
    });
    if (typeof turn === 'object') return flightOnTurn(flight, turn);
    flight.land(turn === 'gone' || turn === 'late' ? 'lost' : turn);
    return turn;
  }

  /** Answers with what another request has made and the cache could not keep, if that is the answer to this one. */
  async #take(made: UnkeptPage, place: KeyedPlace, missing: string): Promise<Observable<unknown>> {
    const { head, exchange, next } = this.#call;
    if (!made.isFor(head)) return this.#make(place, missing, undefined);
    // A timeout of the framework may have answered meanwhile.
    return exchange.response.headersSent ? next.handle() : this.#call.replay(made.page, 'HIT');
  }

  /** True if nothing is missing under this key any more. */
  async #isMade(place: KeyedPlace, missing: string): Promise<boolean> {
    const { key, page } = await this.#call.find(place);
    return key !== missing || (page !== undefined && this.#call.responder.isFresh(page));
  }

  /** Runs the handler and keeps what comes of it. */
  #make(
    place: KeyedPlace,
    missing: string,
    flight: PageFlight | undefined,
  ): Promise<Observable<unknown>> {
    return makePage(this.#call, { place, missing, flight, fallback: this.#fallback });
  }

  /** A background request that came to another page than it was made for is of no use, so its handler does not run. */
  #cancelRefresh({ found, flight }: RefreshTicket): Observable<unknown> {
    const { store, tools, route, exchange } = this.#call;
    store.flights.wasNotReached(found);
    tools.sayUnreached(route);
    flight.land('failed');
    exchange.response.destroy();
    return this.#call.leave();
  }

  async #unless(
    unless: NonNullable<RouteCache['page']['unless']>,
  ): Promise<Observable<unknown> | undefined> {
    try {
      return (await unless(this.#call.context)) ? this.#call.bypass('unless') : undefined;
    } catch (error) {
      return this.#call.bypass('unless-failed', error);
    }
  }
}
