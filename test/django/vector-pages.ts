import { isNotModified, validatorsOf } from '../../lib/http/conditional-request.js';
import { setResponseETag } from '../../lib/http/conditional-response.js';
import { decideRequest, decideResponse } from '../../lib/http/http-cache.policy.js';
import {
  linesOfFields,
  linesOfPairs,
  type HeaderLines,
  type RequestHead,
} from '../../lib/http/http-head.js';
import { pageKey, variantKey, type PageAddress } from '../../lib/http/page-key.js';
import {
  addNeverCacheHeaders,
  patchResponseHeaders,
  patchVaryHeaders,
  type PatchableResponse,
} from '../../lib/http/response-headers.js';
import { fakeClock, type FakeClock } from '../../lib/testing/fake-clock.js';
import type { Vector } from '../support/suite-vectors.js';

/** A request as the vectors write it. */
export interface VectorRequest {
  readonly method: string;
  readonly path: string;
  readonly scheme?: string;
  readonly host?: string;
  readonly port?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  /** Seconds that pass before it. */
  readonly advance?: number;
}

/** What the view answers. */
export interface ViewResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly set_cookie?: Readonly<Record<string, string>>;
  readonly streaming?: boolean;
}

/** Requests that are sent one after the other to one view. */
export interface Scenario {
  readonly settings: { readonly CACHE_MIDDLEWARE_SECONDS: number };
  readonly view_response: ViewResponse | readonly ViewResponse[];
  readonly requests: readonly VectorRequest[];
  readonly cache_page?: { readonly timeout: number | null };
  readonly view_decorators?: readonly string[];
  readonly middleware_between?: readonly string[];
}

/** How a request was answered. */
export interface Exchange {
  readonly from_cache: boolean;
  readonly status: number;
  readonly cache_control: string | null;
  readonly vary: string | null;
  readonly expires_minus_now: number | null;
  readonly age: string | undefined;
  readonly body: string;
}

interface Page {
  readonly response: PlainResponse;
  readonly status: number;
  readonly body: string;
  readonly storedAt: number;
  readonly ttl: number | null;
}

const START = 1_700_000_000_000;

/** A response that is nothing but its headers. */
export class PlainResponse implements PatchableResponse {
  readonly headers: Record<string, string>;

  constructor(headers: Readonly<Record<string, string>>) {
    this.headers = { ...headers };
  }

  getHeader(name: string): string | undefined {
    return this.headers[name];
  }

  setHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  get lines(): HeaderLines {
    return linesOfFields(Object.entries(this.headers));
  }
}

/** What Django does since its fixes of 2026: the version with the one named, or else the newest of those run. */
export function settledExpected(vector: Vector): unknown {
  const { security, other_versions: others } = vector as {
    security?: string;
    other_versions?: Readonly<Record<string, unknown>>;
  };
  if (security?.includes('CVE-2026-113593')) return vector.expected;
  return others && '5.2.17' in others ? others['5.2.17'] : vector.expected;
}

export function requestHeadOf(request: VectorRequest): RequestHead {
  const cookies = Object.entries(request.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  const pairs = [
    ['Host', hostOf(request)],
    ...Object.entries(request.headers ?? {}),
    ...(cookies.length > 0 ? [['Cookie', cookies.join('; ')]] : []),
  ].flat();
  const lines = linesOfPairs(pairs);
  const headers = Object.fromEntries([...lines].map(([name, values]) => [name, values.join(', ')]));
  return { method: request.method, lines, headers };
}

export function pageAddress(request: VectorRequest): PageAddress {
  return {
    route: ['View', 'view'],
    scheme: request.scheme ?? 'http',
    host: hostOf(request),
    target: [request.path],
    version: [],
    routedBy: [],
  };
}

/** What the policy, the keys and the header functions here make of the requests, in the order in which Django has them. */
export function runExchanges(scenario: Scenario): Exchange[] {
  const clock = fakeClock(START);
  const pages = new Map<string, Page>();
  const vary = new Map<string, readonly string[]>();
  let calls = 0;
  return scenario.requests.map((request): Exchange => {
    clock.advance(request.advance ?? 0);
    const head = requestHeadOf(request);
    const timeout = scenario.cache_page?.timeout ?? undefined;
    const routeTtl = timeout === undefined ? undefined : Math.max(0, timeout);
    const asked = decideRequest({ head, identified: false, neverLives: routeTtl === 0 });
    const key = pageKey(pageAddress(request), head);
    const variant = (): string => variantKey(key, vary.get(key) ?? [], head);
    const found = asked.lookup ? pages.get(variant()) : undefined;
    const isFresh =
      found && (found.ttl === null || clock.now() < found.storedAt + found.ttl * 1000);
    if (isFresh) return exchangeOf(found, head, clock, true);

    calls += 1;
    const page = answerOf(scenario, calls, clock);
    const { response } = page;
    const defaultTtl = Math.max(0, scenario.settings.CACHE_MIDDLEWARE_SECONDS);
    const facts = { status: page.status, lines: response.lines, routeTtl, defaultTtl };
    const decided = decideResponse({ ...facts, now: clock.now() });
    const isOver = asked.reason === 'ttl' || (asked.store && decided.reason === 'ttl');
    if (isOver || (asked.store && decided.store)) {
      patchResponseHeaders(response, decided.ttl, clock);
    }
    if (asked.store && decided.store) {
      vary.set(key, decided.vary);
      pages.set(variant(), { ...page, ttl: decided.ttl });
    }
    return exchangeOf(page, head, clock, false);
  });
}

/** `hit 200 max-age=60` */
export function traceOf(exchange: Exchange): string {
  const { from_cache: isHit, status, cache_control: control, age } = exchange;
  return [isHit ? 'hit' : 'miss', status, control ?? '-', age ?? '-'].join(' | ');
}

function hostOf({ host = 'testserver', port = 80 }: VectorRequest): string {
  return port === 80 ? host : `${host}:${port}`;
}

function answerOf(scenario: Scenario, call: number, clock: FakeClock): Page {
  const views = [scenario.view_response].flat();
  const view = views[Math.min(call, views.length) - 1]!;
  const response = new PlainResponse(view.headers ?? {});
  const body = `call-${call}`;
  for (const [name, value] of Object.entries(view.set_cookie ?? {})) {
    response.setHeader('Set-Cookie', `${name}=${value}`);
  }
  for (const decorator of scenario.view_decorators ?? []) {
    if (decorator === 'never_cache') addNeverCacheHeaders(response, clock);
    else if (decorator === 'vary_on_cookie') patchVaryHeaders(response, ['Cookie']);
    else throw new Error(`The vectors have a decorator that is not known here: ${decorator}.`);
  }
  if (scenario.middleware_between?.includes('ConditionalGetMiddleware')) {
    setResponseETag(response, body);
  }
  return { response, status: view.status ?? 200, body, storedAt: clock.now(), ttl: 0 };
}

function exchangeOf(page: Page, head: RequestHead, clock: FakeClock, isHit: boolean): Exchange {
  const { headers, lines } = page.response;
  const isOk = page.status >= 200 && page.status < 300;
  const is304 = isOk && isNotModified(head.headers, validatorsOf(lines));
  const expires = headers['Expires'];
  return {
    from_cache: isHit,
    status: is304 ? 304 : page.status,
    cache_control: headers['Cache-Control'] ?? null,
    vary: headers['Vary'] ?? null,
    expires_minus_now: expires === undefined ? null : (Date.parse(expires) - clock.now()) / 1000,
    age: isHit ? String(Math.floor((clock.now() - page.storedAt) / 1000)) : undefined,
    body: is304 ? '' : page.body,
  };
}
