import type { Ttl } from '../core/cache-backend.interface.js';
import { addOverHeaders } from './browser-headers.js';
import { markResponse, type CacheMark } from './cache-status.js';
import { presetFields, type HttpExchange } from './http-exchange.js';
import { decideResponse } from './http-cache.policy.js';
import { linesOfFields, type HeaderField, type RequestHead } from './http-head.js';
import { makeInert } from './inert-writers.js';
import type { Pages } from './pages.js';
import { ResponseRecorder, type OutgoingHead, type Substitute } from './response-recorder.js';
import { replayPage, substitutePage, type Replay } from './response-replay.js';
import { isServerFailure } from './server-failure.js';
import type { StoredPage } from './stored-page.js';

/** Answers one request in place of its handler, and says on the response how. */
export class PageResponder {
  readonly #pages: Pages;
  readonly #exchange: HttpExchange;
  readonly #head: RequestHead;

  constructor(pages: Pages, exchange: HttpExchange, head: RequestHead) {
    this.#pages = pages;
    this.#exchange = exchange;
    this.#head = head;
  }

  /** Seconds of a page's life, below 0 past its time; `null` = no end. */
  secondsLeft({ freshUntil }: StoredPage): Ttl {
    return freshUntil === null ? null : (freshUntil - this.#pages.clock.now()) / 1000;
  }

  /** True while the page's time is not over. */
  isFresh(page: StoredPage): boolean {
    const left = this.secondsLeft(page);
    return left === null || left > 0;
  }

  /** Sends a stored page. */
  replay(page: StoredPage, state: 'HIT' | 'STALE'): void {
    replayPage(this.#replayOf(page, state));
  }

  /** A page past its time in the place of a failure. @param preset The headers that were set before the handler ran. */
  substitute(page: StoredPage, preset: readonly HeaderField[]): Substitute {
    return substitutePage(this.#replayOf(page, 'STALE'), preset);
  }

  /** Lets an answer that is not recorded pass, unless it is a failure, for which the page is better. */
  shield(page: StoredPage): void {
    const { statuses } = this.#pages.options;
    const preset = presetFields(this.#exchange);
    const substitute = (status: number): Substitute | undefined =>
      isServerFailure(status, statuses) ? this.substitute(page, preset) : undefined;
    // Only the head is observed.
    void new ResponseRecorder(
      this.#exchange.response,
      { beforeHead: ({ status }) => status, substitute },
      0,
    );
  }

  /** Lets the answer of a route pass of which nothing lives, and tells browsers so, if that is all that it is no page for. */
  passOver(): void {
    const { clock, options } = this.#pages;
    const { response } = this.#exchange;
    const beforeHead = ({ status, fields }: OutgoingHead): number => {
      const life = { routeTtl: 0, defaultTtl: 0, now: clock.now(), statuses: options.statuses };
      const { reason } = decideResponse({ ...life, status, lines: linesOfFields(fields) });
      if (reason === 'ttl') addOverHeaders(response, options, clock);
      return status;
    };
    void new ResponseRecorder(response, { beforeHead }, 0);
  }

  /** Sends nothing: nobody waits for an answer any more, or somebody else has given it in full. */
  leave(): void {
    const { response, framework } = this.#exchange;
    makeInert(response);
    if (framework !== response) {
      framework.hijack?.();
      makeInert(framework);
    }
  }

  /** Says on the response how it came about. */
  mark(mark: CacheMark): void {
    const { response } = this.#exchange;
    // A timeout of the framework may have answered while the cache or a function of the route was waited for.
    if (!response.headersSent) markResponse(response, mark, this.#pages.options.cacheStatus);
  }

  #replayOf(page: StoredPage, state: 'HIT' | 'STALE'): Replay {
    const { clock, options } = this.#pages;
    return {
      exchange: this.#exchange,
      head: this.#head,
      page,
      mark: { state, ttl: this.secondsLeft(page) },
      name: options.cacheStatus,
      now: clock.now(),
    };
  }
}
