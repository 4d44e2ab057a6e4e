import { describe, expect, it } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { EarlyPages } from '../../../lib/http/early-pages.js';
import { STRICT_IDENTITY } from '../../../lib/http/http-cache.policy.js';
import type { HttpExchange } from '../../../lib/http/http-exchange.js';
import { requestHead } from '../../../lib/http/http-head.js';
import { resolveHttpOptions, type HttpOptions } from '../../../lib/http/http.options.js';
import type { FoundAddress } from '../../../lib/http/page-address.accessor.js';
import { pageKey } from '../../../lib/http/page-key.js';
import type { Pages } from '../../../lib/http/pages.js';
import type { RouteCache } from '../../../lib/http/route-cache.accessor.js';

const MOST = 10_000;

const ROUTE = {
  page: { early: true },
  rules: STRICT_IDENTITY,
  vary: { headers: [], cookies: [], query: undefined, users: [], functions: [] },
} as unknown as RouteCache;

function found(url: string, version: string[] = []): FoundAddress {
  const target = ['url', url, url];
  return {
    address: { route: ['A', 'a'], scheme: 'http', host: 'a', target, version, routedBy: [] },
    tags: [],
  };
}

function exchange(url: string, headers: string[] = [], asked: object = {}): HttpExchange {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { url, method: 'GET' });
  request.rawHeaders.push('Host', 'a', ...headers);
  const response = new ServerResponse(request);
  return {
    request,
    response,
    asked: { protocol: 'http', hostname: 'a', ...asked },
    framework: response,
  };
}

/** Early pages of a cache that has none, and the URLs that were looked for. */
function early(options: HttpOptions = {}): { pages: EarlyPages; asked: number[] } {
  const asked: number[] = [];
  const pages = new EarlyPages({
    options: resolveHttpOptions(options),
    clock: { now: () => 0 },
    store: () => ({
      find: () => {
        asked.push(1);
        return Promise.resolve({ key: 'page:a' });
      },
    }),
  } as unknown as Pages);
  return { pages, asked };
}

function remember(pages: EarlyPages, one: HttpExchange, what = found(one.request.url!)): void {
  const head = requestHead(one.request);
  pages.remember(one, head, { ...what, key: pageKey(what.address, head) }, ROUTE);
}

describe('EarlyPages', () => {
  it('is empty until a URL was served, and looks for no other', async () => {
    const { pages, asked } = early();
    expect(pages.isEmpty).toBe(true);

    remember(pages, exchange('/a'));

    expect(pages.isEmpty).toBe(false);
    expect(await pages.answer(exchange('/b'))).toBe(false);
    expect(asked).toEqual([]);
    expect(await pages.answer(exchange('/a'))).toBe(false);
    expect(asked).toEqual([1]);
  });

  it(`knows ${MOST} URLs and no more, and forgets the oldest`, async () => {
    const { pages, asked } = early();
    for (let index = 0; index <= MOST; index += 1) remember(pages, exchange(`/${index}`));

    await pages.answer(exchange('/0'));
    expect(asked).toEqual([]);
    await pages.answer(exchange('/1'));
    await pages.answer(exchange(`/${MOST}`));

    expect(asked).toEqual([1, 1]);
  });

  it.each<[string, string[], object]>([
    ['another host', [], { hostname: 'b' }],
    ['another scheme', [], { protocol: 'https' }],
    ['another URL before a rewrite', [], { originalUrl: '/alias' }],
    ['a forwarding header', ['X-Forwarded-Host', 'b'], {}],
  ])('takes a request for another one with %s', async (_what, headers, framework) => {
    const { pages, asked } = early();
    remember(pages, exchange('/a'));

    await pages.answer(exchange('/a', headers, framework));

    expect(asked).toEqual([]);
  });

  it('looks past what a trusted proxy says of its clients, but for the host', async () => {
    const { pages, asked } = early({ trustProxy: true });
    remember(pages, exchange('/a', ['X-Forwarded-Client-Cert', 'a']));

    await pages.answer(exchange('/a', ['X-Forwarded-Client-Cert', 'b']));
    await pages.answer(exchange('/a', ['X-Forwarded-Host', 'a:1']));

    expect(asked).toEqual([1]);
  });

  it('takes no note of a URL whose version only the application can tell', () => {
    const { pages } = early();

    remember(pages, exchange('/a'), found('/a', ['2']));

    expect(pages.isEmpty).toBe(true);
  });
});
