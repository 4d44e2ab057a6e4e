import { finalize, tap, type Observable } from 'rxjs';
import type { HeldTags } from '../core/tags.js';
import { isGone, isIdentified } from './http-exchange.js';
import type { KeyedPlace, PageCall } from './page-call.interceptor.js';
import type { PageFlight } from './page-flights.js';
import { isForwarding } from './page-key.js';
import { PageRecording, type PageRecordingOptions, type PageRules } from './page-recording.js';
import { narrowQuery } from './query-filter.js';
import type { StoredPage } from './stored-page.js';
import { watchHeaders } from './unkeyed-headers.js';

/** How a page is made. */
export interface PageMaking {
  readonly place: KeyedPlace;
  /** The key under which it is missing: the page's own, or that of a variant. */
  readonly missing: string;
  /** What others wait for; undefined if nobody waits for this one. It lands in any case. */
  readonly flight: PageFlight | undefined;
  /** A page past its time that is better than an error. */
  readonly fallback: StoredPage | undefined;
}

/** Runs the handler and keeps what comes of it. What comes back is for the interceptors outside. */
export async function makePage(call: PageCall, making: PageMaking): Promise<Observable<unknown>> {
  const { exchange, route, next } = call;
  const { place, flight } = making;
  let rules: PageRules;
  try {
    rules = await call.tools.rules.of(route, call.context);
  } catch (error) {
    flight?.land('failed');
    return call.bypass('ttl-failed', error);
  }
  if (rules.routeTtl === 0) {
    flight?.land('unshareable');
    return call.bypass('ttl');
  }
  if (rules.maxBodyBytes === 0) {
    flight?.land('unshareable');
    return call.bypass('size');
  }
  const held = await hold(call, place);
  if (isGone(exchange.response)) {
    flight?.land('lost');
    return call.leave();
  }
  // A timeout of the framework has answered meanwhile.
  if (exchange.response.headersSent) {
    flight?.land('failed');
    return next.handle();
  }
  if (route.vary.query) narrowQuery(exchange, route.vary.query);
  return recorded(call, new PageRecording(recordingOf(call, making, rules, held)));
}

/** The stamps of the page's tags; undefined if the cache does not tell. */
async function hold(call: PageCall, { tags }: KeyedPlace): Promise<HeldTags | undefined> {
  try {
    const held = await call.store.holdTags(tags);
    return held.stamps && held;
  } catch (error) {
    call.say('cache-failed', error);
    return undefined;
  }
}

function recordingOf(
  call: PageCall,
  { place, missing, flight, fallback }: PageMaking,
  rules: PageRules,
  held: HeldTags | undefined,
): PageRecordingOptions {
  const { tools, exchange, route, head, store, responder } = call;
  const { isCovered, anonymousOnly } = route.rules;
  return {
    exchange,
    head,
    place,
    store,
    held,
    rules,
    declared: route.page.early ? route.headers : [],
    flight: flight ?? {
      land: (landing) => {
        if (landing === 'kept') store.flights.isShared(missing);
      },
    },
    clock: tools.pages.clock,
    isSomebodys: () => !isCovered && anonymousOnly && isIdentified(exchange),
    mark: (mark) => {
      responder.mark(mark);
    },
    fallback: fallback && ((preset) => responder.substitute(fallback, preset)),
    report: (reason, error) => {
      call.say(reason, error);
    },
    ...watch(call, place),
  };
}

/** The handler's answer, recorded. */
function recorded({ next }: PageCall, recording: PageRecording): Observable<unknown> {
  let isOver = false;
  return next.handle().pipe(
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

/** Finds out whether the handler reads what the key does not cover. */
function watch(
  call: PageCall,
  place: KeyedPlace,
): Pick<PageRecordingOptions, 'headersRead' | 'kept'> {
  const { exchange, route } = call;
  const { sayUnkeyed } = call.tools;
  if (!sayUnkeyed) return {};
  const { isCovered, anonymousOnly, identityHeaders } = route.rules;
  // Who bears one of these is never answered with a page.
  const refused = isCovered || !anonymousOnly ? [] : identityHeaders;
  return {
    headersRead: watchHeaders(exchange.request),
    kept: (vary, read) => {
      const covered = new Set([...call.keyedHeaders(place), ...vary, ...refused]);
      const unkeyed = read.filter((name) => !covered.has(name) && !isForwarding(name));
      for (const name of unkeyed) sayUnkeyed(route, name);
    },
  };
}
