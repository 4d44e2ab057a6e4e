import type { Ttl } from '../core/cache-backend.interface.js';
import type { Clock } from '../core/clock.js';
import type { BypassReason } from './bypass-reasons.js';
import { BODY_HEADERS, isNotModified, validatorsOf, weakETag } from './conditional-request.js';
import { ageOf, decideResponse, type ResponseDecision } from './http-cache.policy.js';
import { isIdentified, presetFields, type HttpExchange } from './http-exchange.js';
import {
  linesOfFields,
  type HeaderField,
  type HeaderLines,
  type RequestHead,
} from './http-head.js';
import type { Landing, PageFlight } from './page-flights.js';
import { pageHeaders } from './page-headers.js';
import type { PageStore } from './page-store.js';
import type { StoredPage } from './stored-page.js';
import {
  ResponseRecorder,
  type OutgoingHead,
  type Recording,
  type ResponseObserver,
} from './response-recorder.js';

/** What a miss is recorded with. */
export interface PageRecordingOptions {
  readonly exchange: HttpExchange;
  readonly head: RequestHead;
  readonly key: string;
  readonly store: PageStore;
  /** What the route says; undefined = it says nothing. */
  readonly routeTtl: Ttl | undefined;
  /** Holds where neither the route nor the response says anything. */
  readonly defaultTtl: Ttl;
  readonly clock: Clock;
  /** What others wait for; undefined if nobody waits for this one. */
  readonly flight?: PageFlight | undefined;
  /** Takes the reason why nothing was stored. Never throws. */
  readonly report: (reason: BypassReason, error?: unknown) => void;
}

/** Larger bodies are passed through and not stored. */
const MOST_BODY_BYTES = 1024 * 1024;

/** Hidden from framework and handler, so that they make the whole page; the 304 is sent from here. */
const VALIDATORS = ['if-none-match', 'if-modified-since'] as const;

/** Lets the handler's answer pass to the client, and keeps it if it is a page that everybody may get. */
export class PageRecording implements ResponseObserver {
  readonly #options: PageRecordingOptions;
  readonly #recorder: ResponseRecorder;
  /** The headers that were set before the handler ran. */
  readonly #preset: readonly HeaderField[];
  #isCancelled = false;
  #isKeeping = false;

  constructor(options: PageRecordingOptions) {
    const { exchange } = options;
    this.#options = options;
    this.#preset = presetFields(exchange);
    for (const name of VALIDATORS) delete exchange.request.headers[name];
    this.#recorder = new ResponseRecorder(exchange.response, this, MOST_BODY_BYTES);
  }

  /**
   * Whatever is sent is no page.
   *
   * @param landing `failed`: the handler did. `lost`: its answer is not waited for any more.
   */
  cancel(landing: 'failed' | 'lost'): void {
    this.#isCancelled = true;
    this.#recorder.cancel();
    this.#land(landing);
  }

  beforeHead({ status, fields }: OutgoingHead): number {
    const { exchange, head } = this.#options;
    const { response } = exchange;
    const lines = linesOfFields(fields);
    const isPage = !this.#isCancelled && this.#decide(status, lines).store;
    if (!isPage) {
      this.#recorder.cancel();
      this.#land('unshareable');
    }
    response.setHeader('X-Cache', isPage ? 'MISS' : 'BYPASS');
    if (status < 200 || status > 299 || !isNotModified(head.headers, validatorsOf(lines))) {
      return status;
    }
    for (const name of BODY_HEADERS) response.removeHeader(name);
    return 304;
  }

  finished({ status, fields, lines, body }: Recording): void {
    const decision = this.#decide(status, lines);
    if (!decision.store || isIdentified(this.#options.exchange)) {
      // Found out only within, by an interceptor or the handler itself.
      if (decision.store) this.#options.report('identity');
      this.#land('unshareable');
      return;
    }
    const page = pageHeaders(fields, this.#preset);
    const etag: HeaderField[] = lines.has('etag') ? [] : [['ETag', weakETag(body)]];
    void this.#keep(decision, {
      status,
      fields: [...page.fields, ...etag],
      removed: page.removed,
      storedAt: this.#options.clock.now(),
      age: ageOf(lines),
      body,
    });
  }

  tooLarge(): void {
    this.#options.report('size');
    this.#land('unshareable');
  }

  over(): void {
    const { exchange, head } = this.#options;
    for (const name of VALIDATORS) {
      const value = head.headers[name];
      if (value !== undefined) exchange.request.headers[name] = value;
    }
    if (!this.#isKeeping) this.#land('lost');
  }

  #land(landing: Landing): void {
    this.#options.flight?.land(landing);
  }

  #decide(status: number, lines: HeaderLines): ResponseDecision {
    const { routeTtl, defaultTtl, clock, report } = this.#options;
    const now = clock.now();
    const judged = withoutPresetOrigin(lines, this.#preset);
    const decision = decideResponse({ status, lines: judged, routeTtl, defaultTtl, now });
    if (decision.reason !== undefined) report(decision.reason);
    return decision;
  }

  async #keep(decision: ResponseDecision, page: StoredPage): Promise<void> {
    const { store, key, head, report } = this.#options;
    this.#isKeeping = true;
    try {
      const kept = await store.keep(key, head, page, decision);
      if (kept === 'variants' || kept === 'cache-failed') report(kept);
      this.#land(kept === 'stored' ? 'kept' : 'failed');
    } catch (error) {
      report('cache-failed', error);
      this.#land('failed');
    }
  }
}

/** An origin that was allowed before the handler ran is no part of the page: each request is told its own. */
function withoutPresetOrigin(lines: HeaderLines, preset: readonly HeaderField[]): HeaderLines {
  const name = 'access-control-allow-origin';
  const before = linesOfFields(preset).get(name);
  if (before === undefined || String(before) !== String(lines.get(name))) return lines;
  const others = new Map(lines);
  others.delete(name);
  return others;
}
