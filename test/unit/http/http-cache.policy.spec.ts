import { describe, expect, it } from '@jest/globals';
import {
  decideRequest,
  decideResponse,
  type RequestFacts,
  type ResponseFacts,
} from '../../../lib/http/http-cache.policy.js';
import { linesOfPairs, type RequestHead } from '../../../lib/http/http-head.js';

const NOW = Date.parse('Sun, 22 Nov 2026 10:00:00 GMT');

function head(
  method: string,
  pairs: string[] = [],
  seen: RequestHead['headers'] = {},
): RequestHead {
  return { method, lines: linesOfPairs(pairs), headers: seen };
}

function asked(facts: Partial<RequestFacts>): ReturnType<typeof decideRequest> {
  return decideRequest({ head: head('GET'), identified: false, neverLives: false, ...facts });
}

function answered(
  pairs: string[],
  facts: Partial<ResponseFacts> = {},
): ReturnType<typeof decideResponse> {
  return decideResponse({
    status: 200,
    lines: linesOfPairs(pairs),
    routeTtl: undefined,
    defaultTtl: 300,
    now: NOW,
    ...facts,
  });
}

const refused = (reason: string): object => ({ lookup: false, store: false, reason });

describe('decideRequest()', () => {
  it('lets a plain GET look up and store', () => {
    expect(asked({})).toEqual({ lookup: true, store: true });
  });

  it('lets a HEAD look up and never store [H17]', () => {
    expect(asked({ head: head('HEAD') })).toEqual({ lookup: true, store: false });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'get', ''])(
    'refuses the method %j [H16]',
    (method) => {
      expect(asked({ head: head(method) })).toEqual(refused('method'));
    },
  );

  it('refuses a method that a middleware made of another one [H16]', () => {
    expect(asked({ originalMethod: 'DELETE' })).toEqual(refused('override'));
    expect(asked({ originalMethod: 'GET' }).lookup).toBe(true);
  });

  it.each([
    ['authorization', ['Authorization', 'Bearer alice']],
    ['authorization', ['Authorization', '']],
    ['authorization', ['AUTHORIZATION', 'a', 'Authorization', 'b']],
    ['cookie', ['Cookie', 't=1']],
    ['cookie', ['cookie', '']],
    ['identity', ['X-API-Key', 'k']],
    ['identity', ['X-Auth-Token', 'k']],
    ['identity', ['Proxy-Authorization', 'k']],
    ['identity', ['X-Amzn-Oidc-Data', 'k']],
    ['override', ['X-HTTP-Method-Override', 'DELETE']],
    ['override', ['X-HTTP-Method', 'DELETE']],
    ['override', ['X-Method-Override', 'DELETE']],
    ['override', ['X-Original-URL', '/admin']],
    ['override', ['X-Rewrite-URL', '/admin']],
    ['range', ['Range', 'bytes=0-0']],
    ['range', ['If-Range', '"a"']],
    ['precondition', ['If-Match', '"a"']],
    ['precondition', ['If-Unmodified-Since', 'x']],
    ['body', ['Content-Length', '6']],
    ['body', ['Content-Length', 'x']],
    ['body', ['Transfer-Encoding', 'chunked']],
    ['upgrade', ['Upgrade', 'websocket']],
    ['host', ['Host', 'a.example', 'Host', 'b.example']],
  ])('refuses for %s: %j [H1 H2 H3 H15 H16 H18]', (reason, pairs) => {
    expect(asked({ head: head('GET', pairs) })).toEqual(refused(reason));
    expect(asked({ head: head('HEAD', pairs) })).toEqual(refused(reason));
  });

  it('sees what a middleware added and what it took away', () => {
    const added = head('GET', [], { authorization: 'Bearer alice' });
    const taken = head('GET', ['Cookie', 'sid=1'], {});

    expect(asked({ head: added })).toEqual(refused('authorization'));
    expect(asked({ head: taken })).toEqual(refused('cookie'));
  });

  it('refuses what is known to be from somebody', () => {
    expect(asked({ identified: true })).toEqual(refused('identity'));
  });

  it('refuses where the route lets nothing live', () => {
    expect(asked({ neverLives: true })).toEqual(refused('ttl'));
  });

  it('takes an empty body for none', () => {
    expect(asked({ head: head('GET', ['Content-Length', '0']) }).store).toBe(true);
  });

  it.each(['no-store', 'NO-STORE', 'max-age=0, No-Store', 'max-age=abc'])(
    'looks up and does not store if the request says %j [H6]',
    (value) => {
      expect(asked({ head: head('GET', ['Cache-Control', value]) })).toEqual({
        lookup: true,
        store: false,
        reason: 'request-no-store',
      });
    },
  );

  it.each([
    ['Cache-Control', 'no-cache'],
    ['Cache-Control', 'max-age=0'],
    ['Pragma', 'no-cache'],
  ])('lets no client purge by %s: %s [H21]', (name, value) => {
    expect(asked({ head: head('GET', [name, value]) })).toEqual({ lookup: true, store: true });
  });
});

describe('decideResponse()', () => {
  it.each([200, 203, 301, 308])('stores %d', (status) => {
    expect(answered([], { status })).toEqual({ store: true, ttl: 300, vary: [] });
  });

  it.each([
    100, 101, 201, 202, 204, 205, 206, 300, 302, 303, 304, 307, 400, 401, 403, 404, 410, 412, 416,
    431, 500, 503,
  ])('does not store %d [H14 H15 H20]', (status) => {
    expect(answered(['Cache-Control', 'public, max-age=60'], { status, routeTtl: 60 })).toEqual({
      store: false,
      ttl: 0,
      vary: [],
      reason: 'status',
    });
  });

  it.each([
    ['no-store'],
    ['NO-STORE'],
    ['max-age=60 , no-store'],
    ['public, no-store="x"'],
    ['Private'],
    ['private="x"'],
    ['private=""'],
    ['private , private="a"'],
    ['private = "authorization"'],
    ['private=" authorization"'],
    ['no-cache, max-age=60'],
    ['no-cache="set-cookie"'],
    ['No-Cache'],
    ['none'],
  ])('does not store under Cache-Control: %s, whatever the route says [H6 H7 H8]', (value) => {
    expect(answered(['Cache-Control', value], { routeTtl: 60 }).reason).toBe('cache-control');
  });

  it('sees no-store in any line of several [H6]', () => {
    const pairs = ['Cache-Control', 'public, max-age=60', 'cache-control', 'no-store'];

    expect(answered(pairs).reason).toBe('cache-control');
  });

  it.each([
    'max-age=abc',
    'max-age=-1',
    'max-age="60"',
    'max-age=60, max-age=0',
    'no-cache="a, no-store',
    'max-age=60; private',
  ])('fails closed on Cache-Control: %s [H9]', (value) => {
    expect(answered(['Cache-Control', value], { routeTtl: 60 }).reason).toBe(
      'cache-control-malformed',
    );
  });

  it.each([
    ['set-cookie', ['Set-Cookie', 'sid=1'], 'H4'],
    ['set-cookie', ['Set-Cookie2', 'sid=1'], 'H4'],
    ['cache-control', ['Pragma', 'No-Cache'], 'H8'],
    ['cache-control', ['Surrogate-Control', 'max-age=60, No-Store'], 'H6'],
    ['cache-control', ['CDN-Cache-Control', 'private'], 'H7'],
    ['cache-control-malformed', ['CDN-Cache-Control', 'max-age=60; private'], 'H9'],
    ['vary', ['Vary', '*'], 'H10'],
    ['vary', ['Vary', 'Accept, *'], 'H10'],
    ['vary', ['Vary', 'Accept', 'Vary', '*'], 'H10'],
    ['vary', ['Vary', 'co okie'], 'H12'],
    ['nonce', ['Content-Security-Policy', "script-src 'nonce-abc'"], 'V3'],
    ['nonce', ['Content-Security-Policy-Report-Only', "script-src 'NONCE-abc'"], 'V3'],
    ['personal', ['WWW-Authenticate', 'Basic'], 'V1'],
    ['personal', ['Authentication-Info', 'x'], 'V1'],
    ['personal', ['Clear-Site-Data', '"cookies"'], 'V1'],
    ['stream', ['Content-Type', 'text/event-stream'], 'W14'],
    ['stream', ['Content-Type', 'Multipart/X-Mixed-Replace; boundary=x'], 'W14'],
    ['stream', ['Content-Range', 'bytes 0-0/10'], 'H15'],
    ['stream', ['Trailer', 'X-Sum'], 'H19'],
    ['origin', ['Access-Control-Allow-Origin', 'https://a.example'], 'V2'],
  ])('does not store for %s: %j [%s]', (reason, pairs) => {
    expect(answered(pairs, { routeTtl: 60 })).toEqual({ store: false, ttl: 0, vary: [], reason });
  });

  it.each([
    [
      ['Vary', 'Accept-Language, accept-encoding'],
      ['accept-encoding', 'accept-language'],
    ],
    [['Vary', 'Cookie'], ['cookie']],
    [['Content-Encoding', 'gzip'], ['accept-encoding']],
    [
      ['Content-Encoding', 'gzip', 'Vary', 'X-A'],
      ['accept-encoding', 'x-a'],
    ],
    [['Content-Encoding', 'identity'], []],
    [['Access-Control-Allow-Origin', 'https://a.example', 'Vary', 'Origin'], ['origin']],
    [['Access-Control-Allow-Origin', '*'], []],
    // An offer of the server to the next hop. An answer to who accepts it is a 101, which is no page.
    [['Upgrade', 'h2c', 'Connection', 'Upgrade'], []],
  ])('knows that the answer with %j depends on %j', (pairs, vary) => {
    expect(answered(pairs)).toEqual({ store: true, ttl: 300, vary });
  });

  it.each<[string, string[], Partial<ResponseFacts>, number | null]>([
    ['the route', ['Cache-Control', 'max-age=60, s-maxage=70'], { routeTtl: 10 }, 10],
    ['the route, for ever', ['Cache-Control', 'max-age=60'], { routeTtl: null }, null],
    [
      'the route, over max-age=0',
      ['Cache-Control', 'max-age=0, must-revalidate'],
      { routeTtl: 10 },
      10,
    ],
    ['s-maxage', ['Cache-Control', 'max-age=60, s-maxage=70'], {}, 70],
    ['max-age', ['Cache-Control', 'max-age=60', 'Expires', '0'], {}, 60],
    ['max-age, less its Age', ['Cache-Control', 'max-age=60', 'Age', '20'], {}, 40],
    ['Expires', ['Expires', 'Sun, 22 Nov 2026 10:01:30 GMT'], {}, 90],
    ['Expires, in an older form', ['Expires', 'Sunday, 22-Nov-26 10:01:30 GMT'], {}, 90],
    ['Expires, in the oldest form', ['Expires', 'Sun Nov 22 10:01:30 2026'], {}, 90],
    ['Expires, less its Age', ['Expires', 'Sun, 22 Nov 2026 10:01:30 GMT', 'Age', '20'], {}, 70],
    [
      'Expires and Date, less its Age',
      [
        'Date',
        'Sun, 22 Nov 2026 09:59:50 GMT',
        'Expires',
        'Sun, 22 Nov 2026 10:01:30 GMT',
        'Age',
        '25',
      ],
      {},
      75,
    ],
    [
      'Expires and a Date that is ahead',
      ['Date', 'Sun, 22 Nov 2026 10:00:30 GMT', 'Expires', 'Sun, 22 Nov 2026 10:01:30 GMT'],
      {},
      60,
    ],
    [
      'Surrogate-Control, which is shorter',
      ['Cache-Control', 'max-age=60', 'Surrogate-Control', 'max-age=20, content="ESI/1.0"'],
      {},
      20,
    ],
    [
      'CDN-Cache-Control, which is shorter, less its Age',
      ['Cache-Control', 'max-age=60', 'CDN-Cache-Control', 's-maxage=30', 'Age', '20'],
      {},
      10,
    ],
    [
      'max-age, not CDN-Cache-Control, which is longer',
      ['Cache-Control', 'max-age=60', 'CDN-Cache-Control', 'max-age=70'],
      {},
      60,
    ],
    ['Surrogate-Control, not the cache', ['Surrogate-Control', 'max-age=20'], {}, 20],
    [
      'Surrogate-Control, not the cache, for ever',
      ['Surrogate-Control', 'max-age=20'],
      { defaultTtl: null },
      20,
    ],
    ['the route, over Surrogate-Control', ['Surrogate-Control', 'max-age=0'], { routeTtl: 9 }, 9],
    ['the route, whatever the Age', ['Age', 'old'], { routeTtl: 9 }, 9],
    ['the cache', ['Cache-Control', 'public'], {}, 300],
    ['the cache, for ever', [], { defaultTtl: null }, null],
  ])('takes the lifetime from %s', (_whom, pairs, facts, ttl) => {
    expect(answered(pairs, facts)).toEqual({ store: true, ttl, vary: [] });
  });

  it.each<[string, string[], Partial<ResponseFacts>]>([
    ['ttl', [], { routeTtl: 0 }],
    ['ttl', [], { defaultTtl: 0 }],
    ['stale', ['Cache-Control', 'max-age=0'], {}],
    ['stale', ['Cache-Control', 'max-age=60, s-maxage=0'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', '60'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', 'old'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', '-1'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', '20.0'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', '0, 0'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', '0', 'Age', '70'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Age', '0;x=70'], {}],
    ['stale', ['Cache-Control', 'max-age=60', 'Surrogate-Control', 'max-age=0'], {}],
    ['stale', ['CDN-Cache-Control', 'max-age=0'], {}],
    ['stale', ['Expires', '0'], {}],
    ['stale', ['Expires', 'Sun, 22 Nov 2026 10:00:00 GMT'], {}],
    ['stale', ['Expires', '2030'], {}],
    ['stale', ['Expires', '2030-01-01T00:00:00Z'], {}],
    ['stale', ['Expires', 'Sun, 22 Nov 2026 10:01:30 AEST'], {}],
    ['stale', ['Expires', 'Sun, 22 Nov 2026 10:01:30 GMT', 'Age', '90'], {}],
    ['stale', ['Expires', 'Sun, 22 Nov 2026 11:00:00 GMT', 'Expires', '0'], {}],
  ])('stores nothing that has no lifetime: %s %j %j', (reason, pairs, facts) => {
    expect(answered(pairs, facts)).toEqual({ store: false, ttl: 0, vary: [], reason });
  });
});
