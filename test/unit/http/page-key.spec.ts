import { describe, expect, it } from '@jest/globals';
import { linesOfPairs, type RequestHead } from '../../../lib/http/http-head.js';
import { pageKey, variantKey, type PageAddress } from '../../../lib/http/page-key.js';

const PAIRS = process.env['HEAVY'] ? 1_000_000 : 20_000;

const HERE: PageAddress = {
  route: ['CatsController', 'findAll'],
  scheme: 'http',
  host: 'a.example',
  target: ['url', '/cats?page=1', '/cats?page=1'],
  version: [],
  routedBy: [],
};

function head(pairs: string[] = [], headers: RequestHead['headers'] = {}): RequestHead {
  return { method: 'GET', lines: linesOfPairs(pairs), headers };
}

describe('pageKey()', () => {
  it('is "page:" and a sha-256, the same each time [K8]', () => {
    const key = pageKey(HERE, head(['Host', 'a.example']));

    expect(key).toMatch(/^page:[0-9a-f]{64}$/);
    expect(pageKey({ ...HERE }, head(['host', 'A.Example']))).toBe(key);
  });

  it('is the same for GET and HEAD [H17]', () => {
    expect(pageKey(HERE, { ...head(), method: 'HEAD' })).toBe(pageKey(HERE, head()));
  });

  it.each<[string, Partial<PageAddress>]>([
    ['route', { route: ['CatsController', 'findOne'] }],
    ['route in parts', { route: ['CatsControllerfindAll'] }],
    ['scheme [K1]', { scheme: 'https' }],
    ['host [K1 W6]', { host: 'b.example' }],
    ['path, case [K3]', { target: ['url', '/Cats?page=1', '/cats?page=1'] }],
    ['path, encoding [K3]', { target: ['url', '/%63ats?page=1', '/cats?page=1'] }],
    ['path, slashes [K3]', { target: ['url', '//cats?page=1', '/cats?page=1'] }],
    ['path, dots [K3]', { target: ['url', '/x/../cats?page=1', '/cats?page=1'] }],
    ['query, order [K4]', { target: ['url', '/cats?a=1&page=1', '/cats?a=1&page=1'] }],
    ['rewritten URL', { target: ['url', '/cats?page=1', '/fr/cats?page=1'] }],
    ['@CacheKey()', { target: ['key', '/cats?page=1', '/cats?page=1'] }],
    ['version', { version: ['2'] }],
  ])('is another for another %s', (_what, change) => {
    expect(pageKey({ ...HERE, ...change }, head())).not.toBe(pageKey(HERE, head()));
  });

  it.each([
    ['Host', 'b.example'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Host', ''],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-Port', '444'],
    ['X-Forwarded-Anything', 'evil'],
    ['X-Forwarded-User', 'alice'],
    ['X-Original-Host', 'evil.example'],
    ['X-Host', 'evil.example'],
    ['Forwarded', 'host=evil.example'],
  ])('is another if the request bears %s: %s [K1 K2 W6]', (name, value) => {
    const plain = pageKey(HERE, head());

    expect(pageKey(HERE, head([name, value]))).not.toBe(plain);
    expect(pageKey(HERE, head([name, value, name, value]))).not.toBe(
      pageKey(HERE, head([name, value])),
    );
  });

  it('is the same for all clients of a proxy', () => {
    const one = head(['X-Forwarded-For', '10.0.0.1', 'User-Agent', 'a']);
    const other = head(['X-Forwarded-For', '10.0.0.2', 'User-Agent', 'b']);

    expect(pageKey(HERE, one)).toBe(pageKey(HERE, other));
  });

  it('is another for another value of a header that routes [W5]', () => {
    const versioned = { ...HERE, routedBy: ['x-version'] };
    const keys = [[], ['X-Version', ''], ['X-Version', '1'], ['X-Version', '2']].map((pairs) =>
      pageKey(versioned, head(pairs)),
    );

    expect(new Set(keys).size).toBe(4);
  });

  it('tells lone surrogates apart', () => {
    const one = { ...HERE, target: ['made', '\ud800'] };
    const other = { ...HERE, target: ['made', '\ud801'] };

    expect(pageKey(one, head())).not.toBe(pageKey(other, head()));
  });

  it(`never meets for ${PAIRS} lists of parts made of the same few characters [K5]`, () => {
    const seen = new Map<string, string>();
    let clash: string | undefined;
    for (let index = 0; index < PAIRS; index += 1) {
      const [route, target, version] = threeLists(index);
      const text = JSON.stringify([route, target, version]);
      const key = pageKey({ ...HERE, route: route!, target: target!, version: version! }, head());
      if ((seen.get(key) ?? text) !== text) clash = `${text} ${seen.get(key)}`;
      seen.set(key, text);
    }

    expect(clash).toBeUndefined();
  }, 120_000);
});

describe('variantKey()', () => {
  const KEY = pageKey(HERE, head());
  const key = (names: string[], pairs: string[], headers: RequestHead['headers'] = {}): string =>
    variantKey(KEY, names, head(pairs, headers));

  it('is the same for the same values, however the names are spelt', () => {
    expect(key(['x-a'], ['X-A', 'v'])).toBe(key(['x-a'], ['x-a', 'v']));
  });

  it('is no page key', () => {
    expect(key(['x-a'], [])).not.toBe(KEY);
  });

  it.each([
    ['missing and empty', [], ['X-A', '']],
    ['empty and two empty lines', ['X-A', ''], ['X-A', '', 'X-A', '']],
    ['one line and two', ['X-A', 'a, b'], ['X-A', 'a', 'X-A', 'b']],
    ['ab, c and a, bc', ['X-A', 'ab', 'X-B', 'c'], ['X-A', 'a', 'X-B', 'bc']],
    ['a value in one header and in the other', ['X-A', 'x'], ['X-B', 'x']],
    ['upper and lower case', ['X-A', 'V'], ['X-A', 'v']],
  ])('tells apart %s [H13]', (_what, one, other) => {
    expect(key(['x-a', 'x-b'], one)).not.toBe(key(['x-a', 'x-b'], other));
  });

  it('tells apart what a middleware made of the same header', () => {
    const french = key(['accept-language'], [], { 'accept-language': 'fr' });
    const german = key(['accept-language'], [], { 'accept-language': 'de' });

    expect(french).not.toBe(german);
  });

  it('is another under other names', () => {
    expect(key(['x-a'], [])).not.toBe(key(['x-a', 'x-b'], []));
  });

  it('does not depend on headers that are not named', () => {
    expect(key(['x-a'], ['X-B', '1'])).toBe(key(['x-a'], ['X-B', '2']));
  });
});

/** Three lists of up to three parts, which the digits of the number choose. */
function threeLists(number: number): string[][] {
  const letters = ['', '1', ':', '1:', '2:a', 'a', ':1', '11'];
  let rest = number;
  const take = (count: number): number => {
    const digit = rest % count;
    rest = Math.floor(rest / count);
    return digit;
  };
  return [0, 1, 2].map(() => Array.from({ length: take(4) }, () => letters[take(8)]!));
}
