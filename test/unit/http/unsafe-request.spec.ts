import { describe, expect, it } from '@jest/globals';
import type { HttpExchange } from '../../../lib/http/http-exchange.js';
import { pathTag } from '../../../lib/http/page-tags.js';
import { changedPaths, isSafeMethod } from '../../../lib/http/unsafe-request.js';

function exchange(
  url: string,
  status: number,
  headers: Record<string, string> = {},
  asked: object = {},
): HttpExchange {
  return {
    request: { url, headers: { host: 'a.example:8080' } },
    asked: { protocol: 'http', hostname: 'a.example', ...asked },
    framework: { statusCode: status, getHeaders: () => headers },
  } as unknown as HttpExchange;
}

const tags = (...paths: string[]): string[] => paths.map(pathTag);

describe('isSafeMethod()', () => {
  it('is true for what changes nothing', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'TRACE'].filter(isSafeMethod)).toHaveLength(4);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'M-SEARCH', 'get', '', undefined])(
    'is false for %s',
    (method) => {
      expect(isSafeMethod(method)).toBe(false);
    },
  );
});

describe('changedPaths()', () => {
  it.each([200, 201, 204, 303])('are the path itself after %d', (status) => {
    expect(changedPaths(exchange('/news/7?x=1', status))).toEqual(tags('/news/7'));
  });

  it.each([400, 404, 409, 500, 503])('are none after %d', (status) => {
    expect(changedPaths(exchange('/news/7', status))).toEqual([]);
  });

  it('are the path as it came and as it was routed', () => {
    const rewritten = exchange('/fr/news', 200, {}, { originalUrl: '/news' });

    expect(changedPaths(rewritten)).toEqual(tags('/news', '/fr/news'));
  });

  it.each([
    ['/news/8', '/news/8'],
    ['8', '/news/8'],
    ['http://a.example:8080/news/8?x=1', '/news/8'],
    ['https://a.example:8080/news/8', '/news/8'],
    ['https://a.example/news/8', '/news/8'],
    ['//a.example:8080/news/8', '/news/8'],
  ])('are also where Location points to on the host: %s', (location, path) => {
    for (const name of ['Location', 'content-location']) {
      expect(changedPaths(exchange('/news/7', 201, { [name]: location }))).toEqual(
        tags('/news/7', path),
      );
    }
  });

  it.each([
    'http://b.example/news/8',
    '//b.example/news/8',
    'http://a.example.b.example/news/8',
    'http://a.example:8080@b.example/news/8',
    'http://[',
    'mailto:a@a.example',
  ])('are not where it points to elsewhere: %s', (location) => {
    expect(changedPaths(exchange('/news/7', 201, { Location: location }))).toEqual(tags('/news/7'));
  });
});
