import { describe, expect, it } from '@jest/globals';
import type { CacheControlDirectives } from '../../../lib/http/cache-control.directives.js';
import { parseCacheControl } from '../../../lib/http/cache-control.js';
import {
  addNeverCacheHeaders,
  getMaxAge,
  hasVaryHeader,
  patchCacheControl,
  patchResponseHeaders,
  patchVaryHeaders,
  type PatchableResponse,
} from '../../../lib/http/response-headers.js';
import { fakeClock } from '../../../lib/testing/fake-clock.js';

const START = Date.UTC(2026, 0, 1);

/** A response that keeps its headers as Node.js does. */
function responseWith(headers: Record<string, string | string[]> = {}): PatchableResponse {
  const kept = new Map<string, number | string | readonly string[]>();
  for (const [name, value] of Object.entries(headers)) kept.set(name.toLowerCase(), value);
  return {
    getHeader: (name) => kept.get(name.toLowerCase()),
    setHeader: (name, value) => kept.set(name.toLowerCase(), value),
  };
}

function patched(before: string | string[] | undefined, given: CacheControlDirectives): unknown {
  const response = responseWith(before === undefined ? {} : { 'Cache-Control': before });
  patchCacheControl(response, given, fakeClock(START));
  return response.getHeader('cache-control');
}

describe('patchCacheControl()', () => {
  it.each<[string | undefined, CacheControlDirectives, string | undefined]>([
    [undefined, {}, undefined],
    [undefined, { maxAge: 60, private: true }, 'max-age=60, private'],
    ['no-transform', { maxAge: '5m' }, 'no-transform, max-age=300'],
    ['max-age=30, immutable', { maxAge: 60 }, 'max-age=30, immutable'],
    ['max-age=90, immutable', { maxAge: 60 }, 'max-age=60, immutable'],
    ['s-maxage=30', { sMaxAge: '2m' }, 's-maxage=120'],
    ['public', { private: true }, 'private'],
    ['max-age=5, Private', { public: true }, 'max-age=5, public'],
    [undefined, { public: true, private: true }, 'private'],
    [
      undefined,
      { staleWhileRevalidate: '30s', staleIfError: '1d' },
      'stale-while-revalidate=30, stale-if-error=86400',
    ],
    [undefined, { mustRevalidate: true, noTransform: true }, 'must-revalidate, no-transform'],
  ])('makes of %j with %j %j', (before, given, after) => {
    expect(patched(before, given)).toBe(after);
  });

  it.each(['max-age', 'max_age', 'MAX_AGE', 'maxage'])('takes %j for maxAge', (name) => {
    expect(patched('max-age=60', { [name]: 90 })).toBe('max-age=60');
  });

  it.each([false, undefined])('writes nothing for %s, and takes nothing away', (value) => {
    expect(patched('public, max-age=60', { private: value, noStore: value })).toBe(
      'public, max-age=60',
    );
  });

  it('writes lifetimes in whole seconds, rounded down', () => {
    expect(patched(undefined, { maxAge: '1500ms' })).toBe('max-age=1');
  });

  it.each([
    [null, 31_536_000],
    [-5, 0],
    [new Date(START + 90_000), 90],
    [1e21, 2 ** 31],
  ])('writes the lifetime %s as %s', (maxAge, seconds) => {
    expect(patched(undefined, { maxAge })).toBe(`max-age=${seconds}`);
  });

  it.each(['max-age="60"', 'max-age=abc', 'max-age', 'max-age=', 'max-age=-1', 'max-age=1.5'])(
    'takes %j, which is no lifetime, for none that is left',
    (before) => {
      expect(patched(before, { maxAge: 60 })).toBe('max-age=0');
    },
  );

  it.each([
    ['max-age=10, max-age=60', 'max-age=10, private'],
    ['max-age=abc, max-age=60', 'max-age=0, private'],
  ])('leaves of several lifetimes the strictest: %j', (before, after) => {
    expect(patched(before, { private: true })).toBe(after);
  });

  it('reads every line of the header', () => {
    expect(patched(['max-age=60', 'no-transform'], { maxAge: 90 })).toBe(
      'max-age=60, no-transform',
    );
  });

  it('keeps what it does not know, and drops empty members', () => {
    expect(patched('foo=bar=baz, ,x="a, b",', { immutable: true })).toBe(
      'foo=bar=baz, x="a, b", immutable',
    );
  });

  it('adds header names to those that are there', () => {
    expect(patched('no-cache="a, b"', { noCache: ['Set-Cookie', 'Link'] })).toBe(
      'no-cache="a, b", no-cache="Set-Cookie, Link"',
    );
  });

  it('writes a bare directive for all lists of header names', () => {
    expect(patched('no-cache=Link', { noCache: true })).toBe('no-cache');
    expect(patched('private', { private: 'X-Secret' })).toBe('private');
  });

  it('lets a quote left open hide nothing of what is added', () => {
    const after = patched('no-cache="a, max-age=60', { private: true }) as string;

    expect(parseCacheControl([after]).directives.has('private')).toBe(true);
  });

  it('writes extensions in lower case with hyphens, and quotes what needs it', () => {
    expect(patched(undefined, { myExtension: 1, other_one: 'a, "b"', third: 'c' })).toBe(
      'my-extension=1, other-one="a, \\"b\\"", third=c',
    );
  });

  it.each<[unknown]>([
    [{ maxAge: '60' }],
    [{ maxAge: true }],
    [{ maxAge: Number.NaN }],
    [{ sMaxAge: 'soon' }],
    [{ noCache: [] }],
    [{ private: ['X Secret'] }],
    [{ immutable: {} }],
    [{ noStore: null }],
    [{ 'a b': true }],
    [{ x: Number.POSITIVE_INFINITY }],
    [{ x: 'a\nSet-Cookie: b' }],
    [{ private: '\u20ac' }],
  ])('refuses %j with a TypeError, and changes nothing', (given) => {
    const response = responseWith({ 'Cache-Control': 'public' });

    expect(() => {
      patchCacheControl(response, given as CacheControlDirectives);
    }).toThrow(TypeError);
    expect(response.getHeader('Cache-Control')).toBe('public');
  });
});

describe('getMaxAge()', () => {
  it.each([
    ['max-age=60', 60],
    ['private, Max-Age = 060', 60],
    ['max-age=-5', -5],
    ['max-age=60, max-age=30', 30],
    ['max-age=30, max-age=abc', undefined],
    ['max-age="60"', undefined],
    ['max-age=', undefined],
    ['s-maxage=60', undefined],
    ['x="max-age=60, max-age=5"', undefined],
  ])('of %j is %s', (header, seconds) => {
    expect(getMaxAge(responseWith({ 'Cache-Control': header }))).toBe(seconds);
  });

  it('of a response without Cache-Control is undefined', () => {
    expect(getMaxAge(responseWith())).toBeUndefined();
  });
});

describe('patchResponseHeaders()', () => {
  it.each([
    ['90s', 'max-age=90', 'Thu, 01 Jan 2026 00:01:30 GMT'],
    [1.5, 'max-age=1', 'Thu, 01 Jan 2026 00:00:01 GMT'],
    [-1, 'max-age=0', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    [null, 'max-age=31536000', 'Fri, 01 Jan 2027 00:00:00 GMT'],
  ] as const)('writes %j as %j and %j', (timeout, control, expires) => {
    const response = responseWith();

    patchResponseHeaders(response, timeout, fakeClock(START));

    expect(response.getHeader('Cache-Control')).toBe(control);
    expect(response.getHeader('Expires')).toBe(expires);
  });

  it('keeps an Expires that is there, and the smaller max-age', () => {
    const response = responseWith({ 'Cache-Control': 'max-age=30', Expires: 'x' });

    patchResponseHeaders(response, 60, fakeClock(START));

    expect(response.getHeader('Cache-Control')).toBe('max-age=30');
    expect(response.getHeader('Expires')).toBe('x');
  });
});

describe('addNeverCacheHeaders()', () => {
  it.each([[undefined], ['public, max-age=60'], ['max-age=abc, no-cache=Link']])(
    'makes of %j all that keeps a response out of caches',
    (before) => {
      const response = responseWith(before === undefined ? {} : { 'Cache-Control': before });

      addNeverCacheHeaders(response, fakeClock(START));

      const control = String(response.getHeader('Cache-Control'));
      expect(control.split(', ').toSorted()).toEqual([
        'max-age=0',
        'must-revalidate',
        'no-cache',
        'no-store',
        'private',
      ]);
      expect(response.getHeader('Expires')).toBe('Thu, 01 Jan 2026 00:00:00 GMT');
    },
  );
});

describe('patchVaryHeaders()', () => {
  it.each<[string | string[] | undefined, string[], string | undefined]>([
    [undefined, [], undefined],
    [undefined, ['Accept-Language', 'accept-language'], 'Accept-Language'],
    ['Cookie', ['COOKIE', 'Origin'], 'Cookie, Origin'],
    [['Cookie', 'Origin'], ['X-A'], 'Cookie, Origin, X-A'],
    [' Cookie ,', ['X-A, X-B'], 'Cookie, X-A, X-B'],
    ['Cookie', ['*'], '*'],
    [' * ', ['Cookie'], '*'],
  ])('makes of %j with %j %j', (before, names, after) => {
    const response = responseWith(before === undefined ? {} : { Vary: before });

    patchVaryHeaders(response, names);

    expect(response.getHeader('Vary')).toBe(after);
  });

  it.each(['Accept Language', 'Accept;q=1', 'a\nb'])('refuses %j with a TypeError', (name) => {
    expect(() => {
      patchVaryHeaders(responseWith(), [name]);
    }).toThrow(TypeError);
  });
});

describe('hasVaryHeader()', () => {
  it.each([
    [' Cookie ', 'cookie', true],
    ['Accept,Cookie', 'COOKIE ', true],
    ['Accept', 'Accept-Language', false],
    ['*', 'Cookie', false],
    ['*', '*', true],
    ['', '', false],
  ])('of %j and %j is %s', (vary, name, expected) => {
    expect(hasVaryHeader(responseWith({ Vary: vary }), name)).toBe(expected);
  });

  it('of a response without Vary is false', () => {
    expect(hasVaryHeader(responseWith(), 'Cookie')).toBe(false);
  });
});
