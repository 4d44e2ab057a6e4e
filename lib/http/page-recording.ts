import type { Ttl } from '../core/cache-backend.interface.js';
import type { Clock } from '../core/clock.js';
import type { HeldTags } from '../core/tags.js';
import {
  addBrowserHeaders,
  addOverHeaders,
  type BrowserRules,
  type OwnLifetimes,
} from './browser-headers.js';
import type { BypassReason } from './bypass-reasons.js';
import type { CacheMark } from './cache-status.js';
import { BODY_HEADERS, isNotModified, validatorsOf, weakETag } from './conditional-request.js';
import { ageOf, decideResponse, type ResponseDecision } from './http-cache.policy.js';
import { presetFields, type HttpExchange } from './http-exchange.js';
import {
  linesOfFields,
  type HeaderField,
  type HeaderLines,
  type RequestHead,
} from './http-head.js';
import { UnkeptPage, type Landing, type PageFlight } from './page-flights.js';
import { pageHeaders } from './page-headers.js';
import type { PagePlace, PageStore } from './page-store.js';
import { isServerFailure } from './server-failure.js';
import type { StoredPage } from './stored-page.js';
import {
  ResponseRecorder,
  type OutgoingHead,
  type Recording,
  type ResponseObserver,
  type Substitute,
} from './response-recorder.js';

/** What is settled about a page before it is made. */
export interface PageRules extends BrowserRules {
  /** Holds where neither the route nor the response says anything. */
  readonly defaultTtl: Ttl;
  readonly statuses: ReadonlySet<number>;
  /** Lower-case names of request headers that the key covers in a way of its own. */
  readonly covered: readonly string[];
  /** Seconds; undefined: as the response says. */
  readonly stale: {
    readonly whileRevalidate: number | undefined;
    readonly ifError: number | undefined;
  };
  readonly maxBodyBytes: number;
}

/** What a miss is recorded with. */
export interface PageRecordingOptions {
  readonly exchange: HttpExchange;
  readonly head: RequestHead;
  readonly place: PagePlace;
  readonly store: PageStore;
  /** The stamps of the page's tags; undefined: the cache did not tell, so nothing is kept. */
  readonly held: HeldTags | undefined;
  readonly rules: PageRules;
  /** Lower-case names of headers that belong to the page although they were set before the handler ran. */
  readonly declared: readonly string[];
  readonly clock: Clock;
  /** What others wait for; undefined if nobody waits for this one. */
  readonly flight?: PageFlight | undefined;
  /** What is sent in place of a failure of the server; undefined: nothing is. It is given the headers that were set before. */
  readonly fallback?: ((preset: readonly HeaderField[]) => Substitute) | undefined;
  /** True if it turned out meanwhile that the request is somebody's. */
  readonly isSomebodys: () => boolean;
  /** Says on the response what became of it. */
  readonly mark: (mark: CacheMark) => void;
  /** Takes the reason why nothing was stored. Never throws. */
  readonly report: (reason: BypassReason, error?: unknown) => void;
  /** Ends the watch over what the handler reads, and answers the names of the headers that it has read. */
  readonly headersRead?: (() => readonly string[]) | undefined;
  /** Called when a page was kept, with the request headers that it varies on and those that were read for it. */
  readonly kept?: (vary: readonly string[], read: readonly string[]) => void;
}

/** Hidden from framework and handler, so that they make the whole page; the 304 is sent from here. */
const VALIDATORS = ['if-none-match', 'if-modified-since'] as const;

/** Headers that caches outside read, which are set here too. */
const FOR_BROWSERS = ['Cache-Control', 'Expires'];

/** Lets the handler's answer pass to the client, and keeps it if it is a page that everybody may get. */
export class PageRecording implements ResponseObserver {
  readonly #options: PageRecordingOptions;
  readonly #recorder: ResponseRecorder;
  /** The headers that were set before the handler ran. */
  readonly #preset: readonly HeaderField[];
  /** What the answer itself said to browsers, and what they are told. */
  #own: HeaderLines = new Map();
  #told: readonly HeaderField[] = [];
  #lifetimes: OwnLifetimes | undefined;
  /** When the head was sent. */
  #sentAt = 0;
  #read: readonly string[] | undefined;
  /** What became of the handler, if it was not to give an answer. */
  #end: 'failed' | 'lost' | undefined;
  #isKeeping = false;

  constructor(options: PageRecordingOptions) {
    const { exchange } = options;
    this.#options = options;
    this.#preset = presetFields(exchange);
    for (const name of VALIDATORS) delete exchange.request.headers[name];
    this.#recorder = new ResponseRecorder(exchange.response, this, options.rules.maxBodyBytes);
  }

  /** The handler has answered: what is read from now on is read by others. */
  answered(): void {
    this.#endWatch();
  }

  /** The handler threw: what is sent is a page only if the status of an error may make one. */
  fail(): void {
    this.#end = 'failed';
    this.#endWatch();
  }

  /** The answer is not waited for any more. */
  lose(): void {
    this.#end = 'lost';
    this.#recorder.cancel();
    this.#land('lost');
  }

  substitute(status: number): Substitute | undefined {
    const { fallback, rules } = this.#options;
    if (!fallback || !isServerFailure(status, rules.statuses)) return undefined;
    this.#endWatch();
    this.#land('failed');
    return fallback(this.#preset);
  }

  beforeHead({ status, fields }: OutgoingHead): number {
    this.#endWatch();
    const { exchange, head, mark, clock, rules } = this.#options;
    const { response } = exchange;
    this.#sentAt = clock.now();
    const lines = linesOfFields(fields);
    const decision = this.#isAnswer(status) ? this.#decide(status, lines) : undefined;
    if (decision?.store) {
      this.#tellBrowsers(lines, decision.ttl);
      mark({ state: 'MISS', stored: this.#options.held !== undefined });
    } else {
      this.#recorder.cancel();
      this.#land(this.#landingAt(status));
      if (decision?.reason === 'ttl') addOverHeaders(response, rules, clock);
      mark({ state: 'BYPASS', detail: decision?.reason });
    }
    if (status < 200 || status > 299 || !isNotModified(head.headers, validatorsOf(lines))) {
      return status;
    }
    for (const name of BODY_HEADERS) response.removeHeader(name);
    return 304;
  }

  finished({ status, fields, lines, body }: Recording): void {
    const { isSomebodys, report, declared } = this.#options;
    const decision = this.#decide(status, this.#withoutTold(lines));
    if (!decision.store || isSomebodys()) {
      // Found out only within, by an interceptor or the handler itself.
      if (decision.store) report('identity');
      this.#land('unshareable');
      return;
    }
    const before = this.#preset.filter(([name]) => !declared.includes(name.toLowerCase()));
    const page = pageHeaders(this.#asTold(fields), before);
    const etag: HeaderField[] = lines.has('etag') ? [] : [['ETag', weakETag(body)]];
    const storedAt = this.#sentAt;
    const { ttl, stale = { whileRevalidate: 0, ifError: 0 } } = decision;
    void this.#keep(decision, {
      status,
      fields: [...page.fields, ...etag],
      removed: page.removed,
      storedAt,
      date: lines.get('date')?.[0] ?? new Date(storedAt).toUTCString(),
      age: ageOf(lines),
      freshUntil: ttl === null ? null : storedAt + ttl * 1000,
      stale,
      lifetimes: this.#lifetimes,
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

  /** False for what somebody outside has made of an error, or sends because the handler took too long. */
  #isAnswer(status: number): boolean {
    if (this.#end === undefined) return true;
    return this.#end === 'failed' && status >= 400 && this.#options.rules.statuses.has(status);
  }

  /** How a head lands that makes no page. */
  #landingAt(status: number): Landing {
    if (isServerFailure(status, this.#options.rules.statuses)) return 'failed';
    return this.#end === undefined ? 'unshareable' : 'refused';
  }

  #endWatch(): void {
    // The first who ends it counts.
    this.#read ??= this.#options.headersRead?.() ?? [];
  }

  #land(landing: Landing): void {
    this.#options.flight?.land(landing);
  }

  #decide(status: number, lines: HeaderLines): ResponseDecision {
    const { rules, clock, report } = this.#options;
    const now = clock.now();
    const judged = withoutPresetOrigin(lines, this.#preset);
    const decision = decideResponse({ ...rules, status, lines: judged, now });
    if (decision.reason !== undefined) report(decision.reason);
    return decision;
  }

  #tellBrowsers(lines: HeaderLines, ttl: Ttl): void {
    const { exchange, rules, clock } = this.#options;
    this.#own = lines;
    this.#lifetimes = addBrowserHeaders(exchange.response, ttl, rules, clock);
    this.#told = FOR_BROWSERS.flatMap((name) => {
      const value = exchange.response.getHeader(name);
      return value === undefined ? [] : [[name, String(value)] as const];
    });
  }

  /** What browsers are told from here says nothing about the page itself. */
  #withoutTold(lines: HeaderLines): HeaderLines {
    const others = new Map(lines);
    for (const [spelled, value] of this.#told) {
      const name = spelled.toLowerCase();
      const left = (lines.get(name) ?? []).filter((line) => line !== value);
      const own = [...new Set([...left, ...(this.#own.get(name) ?? [])])];
      if (own.length > 0) others.set(name, own);
      else others.delete(name);
    }
    return others;
  }

  #asTold(fields: readonly HeaderField[]): HeaderField[] {
    const told = new Set(this.#told.map(([name]) => name.toLowerCase()));
    return [...fields.filter(([name]) => !told.has(name.toLowerCase())), ...this.#told];
  }

  async #keep(decision: ResponseDecision, page: StoredPage): Promise<void> {
    const { store, place, head, held, report } = this.#options;
    if (!held) {
      report('cache-failed');
      this.#land(new UnkeptPage(page, decision.vary, head));
      return;
    }
    this.#isKeeping = true;
    try {
      const kept = await store.keep(place, head, page, { vary: decision.vary, held });
      if (kept === 'variants' || kept === 'cache-failed') report(kept);
      this.#land(kept === 'stored' ? 'kept' : 'failed');
      this.#options.kept?.(decision.vary, this.#read ?? []);
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
