import { linesOfPairs, type RequestHead } from '../../lib/http/http-head.js';
import type { PageAddress } from '../../lib/http/page-key.js';
import type { PatchableResponse } from '../../lib/http/response-headers.js';
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
  /** `site`: the middleware for all views. `cache_page`: the decorator on one. */
  readonly mode: 'site' | 'cache_page' | 'site+cache_page';
  readonly settings: { readonly CACHE_MIDDLEWARE_SECONDS: number };
  readonly view_response: ViewResponse | readonly ViewResponse[];
  readonly requests: readonly VectorRequest[];
  readonly cache_page?: { readonly timeout: number | null; readonly cache?: string };
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

/** `hit 200 max-age=60` */
export function traceOf(exchange: Exchange): string {
  const { from_cache: isHit, status, cache_control: control, age } = exchange;
  return [isHit ? 'hit' : 'miss', status, control ?? '-', age ?? '-'].join(' | ');
}

/** The host of a request as its header names it. */
export function hostOf({ host = 'testserver', port = 80 }: VectorRequest): string {
  return port === 80 ? host : `${host}:${port}`;
}
