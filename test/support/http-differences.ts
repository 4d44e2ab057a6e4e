// In what the HTTP policy differs from http-cache-semantics, and why: each class by its name.

import type { BypassReason } from '../../lib/http/bypass-reasons.js';
import type { HeaderLines } from '../../lib/http/http-head.js';
import { BROKEN_DATES } from './http-samples.js';

/** A request with its response, which one of the two may store. */
export interface Exchange {
  readonly now: number;
  readonly method: string;
  readonly status: number;
  readonly request: HeaderLines;
  readonly response: HeaderLines;
}

/** An exchange that is stored, and what is asked next. */
export interface Reuse extends Exchange {
  readonly next: { readonly method: string; readonly lines: HeaderLines };
}

/** What we refuse and http-cache-semantics allows. */
export interface Refusal {
  readonly name: string;
  /** The reason that we must give; undefined for none. */
  readonly reason: BypassReason | undefined;
  /** Another reason that we may give first, where the other one still finds a life in what is refused. */
  readonly orReason?: BypassReason;
  /** True if stored pages are no answer to such a request either, and http-cache-semantics gives them. */
  readonly barsReuse: boolean;
  /** True if the exchange really bears what is refused. */
  readonly holds: (exchange: Exchange) => boolean;
}

/** What the two read differently. */
export interface Reading<E extends Exchange> {
  readonly name: string;
  /** The exchange in words that both read as we read the ones it had. */
  readonly rewrite: (exchange: E) => E;
}

export const REFUSALS: readonly Refusal[] = [
  {
    name: 'only GET is stored, not a POST with a lifetime',
    reason: 'method',
    barsReuse: false,
    holds: (x) => x.method === 'POST',
  },
  {
    name: 'a HEAD is answered from the GET, and stores nothing itself',
    reason: undefined,
    barsReuse: false,
    holds: (x) => x.method === 'HEAD',
  },
  ofRequest(
    'a request that overrides its method or URL is not what it is keyed by',
    'override',
    bears('x-http-method-override', 'x-original-url'),
  ),
  ofRequest(
    'what is asked with Authorization is for one user, even where the response says public',
    'authorization',
    bears('authorization'),
  ),
  ofRequest('what is asked with cookies is for one user', 'cookie', bears('cookie')),
  ofRequest(
    'what is asked with another sign of identity is for one user',
    'identity',
    bears('x-api-key', 'x-auth-token', 'proxy-authorization', 'x-amzn-oidc-data'),
  ),
  ofRequest('ranges are for the handler', 'range', bears('range', 'if-range')),
  ofRequest(
    'preconditions of a change are for the handler',
    'precondition',
    bears('if-match', 'if-unmodified-since'),
  ),
  ofRequest(
    'a body is not part of the key',
    'body',
    (x) =>
      x.request.has('transfer-encoding') ||
      (x.request.get('content-length')?.includes('6') ?? false),
  ),
  ofRequest('a change of the protocol is for the handler', 'upgrade', bears('upgrade')),
  ofRequest('two hosts are none', 'host', (x) => (x.request.get('host')?.length ?? 0) > 1),
  {
    name: 'a Cache-Control of the request that cannot be read counts as no-store',
    reason: 'request-no-store',
    barsReuse: false,
    holds: (x) => cannotBeRead(x.request.get('cache-control')),
  },
  ofResponse(
    'errors, redirects for now, 204, 300 and 404 are no pages',
    'status',
    (x) => ![200, 203, 301, 308].includes(x.status),
  ),
  ofResponse('what sets a cookie is never stored, public or not', 'set-cookie', (x) =>
    x.response.has('set-cookie'),
  ),
  ofResponse('what speaks to one client is not stored', 'personal', (x) =>
    ['www-authenticate', 'authentication-info', 'clear-site-data'].some((name) =>
      x.response.has(name),
    ),
  ),
  ofResponse(
    'a Cache-Control that cannot be read, or contradicts itself, fails closed',
    'cache-control-malformed',
    (x) => cannotBeRead(x.response.get('cache-control')),
  ),
  ofResponse('none is taken for what its writer means by it', 'cache-control', (x) =>
    /(^|,)[\t ]*none[\t ]*(,|$)/i.test(x.response.get('cache-control')?.join() ?? ''),
  ),
  ofResponse(
    'Pragma: no-cache of a response counts, in any case and beside Cache-Control',
    'cache-control',
    (x) => /no-cache/i.test(x.response.get('pragma')?.join() ?? ''),
  ),
  ofResponse(
    'event streams, ranges and trailers are not stored',
    'stream',
    (x) =>
      x.response.has('content-range') ||
      x.response.has('trailer') ||
      (x.response.get('content-type')?.includes('text/event-stream') ?? false),
  ),
  ofResponse('what bears a nonce is not stored', 'nonce', (x) =>
    /'nonce-/.test(x.response.get('content-security-policy')?.join() ?? ''),
  ),
  ofResponse('a Vary that lists * among others, or cannot be read, is as *', 'vary', (x) =>
    /\*|co okie/.test(x.response.get('vary')?.join() ?? ''),
  ),
  ofResponse(
    'what allows one origin is for that one, unless Vary says so',
    'origin',
    (x) =>
      (x.response.get('access-control-allow-origin')?.includes('https://a.example') ?? false) &&
      !/origin/i.test(x.response.get('vary')?.join() ?? ''),
  ),
  {
    ...ofResponse(
      'an Age that is not one plain number may hide a higher one',
      'stale',
      (x) => !/^[\t ]*\d+[\t ]*$/.test(x.response.get('age')?.join() ?? '0'),
    ),
    // An Age below 0 is a life there, even of what says no-cache.
    orReason: 'cache-control',
  },
];

/** In this order: each may rely on what the ones before have rewritten. */
export const READINGS: readonly Reading<Exchange>[] = [
  reading('a quoted argument is one, with commas in it or empty (RFC 9111, 5.2)', (x) =>
    control(x, (line) => line.replaceAll(/"(?:[^"\\]|\\.)*"/g, 'quoted')),
  ),
  reading('directives have no upper and lower case (RFC 9111, 5.2)', (x) =>
    control(x, (line) => line.toLowerCase()),
  ),
  reading('proxy-revalidate speaks of stale pages only (RFC 9111, 5.2.2.8)', (x) =>
    control(x, (line) => without(line, 'proxy-revalidate')),
  ),
  reading('immutable grants no lifetime (RFC 8246, 2)', (x) =>
    control(x, (line) => without(line, 'immutable')),
  ),
  reading('more seconds than 2^31 are 2^31 (RFC 9111, 1.2.2)', (x) => {
    const short = control(x, (line) => line.replaceAll(/\d+/g, atMostLongest));
    return withLines(short, 'age', (lines) =>
      lines.map((age) => age.replaceAll(/\d+/g, atMostLongest)),
    );
  }),
  reading('nothing is kept on a guess from Last-Modified (RFC 9111, 4.2.2)', (x) =>
    withLines(x, 'last-modified', () => []),
  ),
  reading('several Expires are one in the past (RFC 9111, 4.2.1)', (x) =>
    withLines(x, 'expires', (lines) => (lines.length > 1 ? ['0'] : lines)),
  ),
  reading('an Expires in none of the forms of HTTP is in the past (RFC 9111, 5.3)', (x) =>
    withLines(x, 'expires', ([date]) => [BROKEN_DATES.has(date!) ? '0' : date!]),
  ),
  reading('a Date in none of the forms of HTTP is none (RFC 9110, 6.6.1)', (x) =>
    withLines(x, 'date', ([date]) => (BROKEN_DATES.has(date!) ? [] : [date!])),
  ),
  reading('nothing lives beyond its Expires, however old its Date is (RFC 9111, 4.2.3)', (x) => {
    const sinceReceipt = x.now - 1000 * Number.parseInt(x.response.get('age')?.[0] ?? '0', 10);
    return withLines(x, 'date', ([date]) =>
      Date.parse(withZone(date!)) < sinceReceipt ? [new Date(sinceReceipt).toUTCString()] : [date!],
    );
  }),
];

/** What the two differ in when a stored page may be the answer. */
export const REUSES: readonly Reading<Reuse>[] = [
  {
    name: 'no client purges a page by Cache-Control or Pragma, or asks for a fresher one',
    rewrite: (x) => {
      const lines = new Map(x.next.lines);
      lines.delete('cache-control');
      lines.delete('pragma');
      return { ...x, next: { ...x.next, lines } };
    },
  },
  {
    name: 'must-revalidate speaks of stale pages only (RFC 9111, 5.2.2.2)',
    rewrite: (x) => ({ ...x, ...control(x, (line) => without(line, 'must-revalidate')) }),
  },
  {
    name: 'a HEAD is answered from the page of the GET (RFC 9111, 4)',
    rewrite: (x) => ({ ...x, next: { ...x.next, method: 'GET' } }),
  },
  {
    name: 'encoded bytes depend on Accept-Encoding, whether Vary says so or not',
    rewrite: (x) => {
      const isEncoded = x.response.get('content-encoding')?.some((coding) => coding !== 'identity');
      if (!isEncoded) return x;
      const vary = [...(x.response.get('vary') ?? []), 'accept-encoding'];
      return { ...x, response: new Map([...x.response, ['vary', vary]]) };
    },
  },
];

/** Asctime names no zone, and `Date.parse()` would take it for local time. */
const ASCTIME = /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/i;

/** A date as it is, but never one that `Date.parse()` reads as local time where HTTP does not. */
export function withZone(value: string): string {
  return ASCTIME.test(value) ? `${value} GMT` : value;
}

const DIRECTIVE = /^[\t ]*[\w!#$%&'*+.^`|~-]+[\t ]*(=[\t ]*([\w!#$%&'*+.^`|~-]+|\0))?[\t ]*$/;
const LIFETIME = /^[\t ]*(max-age|s-maxage)\b(.*)$/i;

/** True if a part is no directive, or a lifetime is no plain number or contradicts another. */
function cannotBeRead(lines: readonly string[] = []): boolean {
  const lifetimes = new Map<string, number>();
  return lines.some((line) =>
    line
      .replaceAll(/"(?:[^"\\]|\\.)*"/g, '\0')
      .split(',')
      .filter((part) => part.trim() !== '')
      .some((part) => {
        if (!DIRECTIVE.test(part)) return true;
        const [, name, rest] = LIFETIME.exec(part) ?? [];
        if (name === undefined || rest!.startsWith('-')) return false;
        const seconds = Number(/^[\t ]*=[\t ]*(\d+)[\t ]*$/.exec(rest!)?.[1]);
        const before = lifetimes.get(name.toLowerCase()) ?? seconds;
        lifetimes.set(name.toLowerCase(), seconds);
        return seconds !== before;
      }),
  );
}

function ofRequest(name: string, reason: BypassReason, holds: Refusal['holds']): Refusal {
  return { name, reason, barsReuse: true, holds };
}

function ofResponse(name: string, reason: BypassReason, holds: Refusal['holds']): Refusal {
  return { name, reason, barsReuse: false, holds };
}

function bears(...names: string[]): Refusal['holds'] {
  return ({ request }) => names.some((name) => request.has(name));
}

function reading(name: string, rewrite: (exchange: Exchange) => Exchange): Reading<Exchange> {
  return { name, rewrite };
}

/** Rewrites the lines of Cache-Control, of the request and of the response. */
function control(x: Exchange, rewrite: (line: string) => string): Exchange {
  const rewritten = (lines: HeaderLines): HeaderLines => {
    const values = lines.get('cache-control');
    return values ? new Map([...lines, ['cache-control', values.map(rewrite)]]) : lines;
  };
  return { ...x, request: rewritten(x.request), response: rewritten(x.response) };
}

/** Rewrites a header of the response, if there is one; no lines are no header. */
function withLines(
  x: Exchange,
  name: string,
  rewrite: (lines: readonly string[]) => readonly string[],
): Exchange {
  const lines = x.response.get(name);
  if (!lines) return x;
  const response = new Map(x.response);
  const rewritten = rewrite(lines);
  if (rewritten.length > 0) response.set(name, rewritten);
  else response.delete(name);
  return { ...x, response };
}

function without(line: string, directive: string): string {
  return line
    .split(',')
    .filter((part) => part.trim() !== directive)
    .join(',');
}

function atMostLongest(digits: string): string {
  return String(Math.min(Number(digits), 2 ** 31));
}
