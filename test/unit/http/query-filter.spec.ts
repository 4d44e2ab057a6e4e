import { describe, expect, it } from '@jest/globals';
import type { HttpExchange } from '../../../lib/http/http-exchange.js';
import { filterQuery, narrowQuery } from '../../../lib/http/query-filter.js';

interface Seen {
  url: string;
  originalUrl?: string;
  query?: unknown;
}

function narrowed(request: { url: string }, asked: object, names: string[]): Seen {
  narrowQuery({ request, asked } as unknown as HttpExchange, names);
  return { ...request, ...asked };
}

describe('filterQuery()', () => {
  it.each([
    ['/a', '/a'],
    ['/a?', '/a'],
    ['/a?page=1', '/a?page=1'],
    ['/a?utm=x&page=1', '/a?page=1'],
    ['/a?page=1&utm=x&page=2', '/a?page=1&page=2'],
    ['/a?utm=x', '/a'],
    ['/a?page', '/a?page'],
    ['/a?%70age=1', '/a?%70age=1'],
    ['/a?Page=1', '/a'],
    ['/a?pages=1', '/a'],
    ['/a?utm=page', '/a'],
    ['/a?utm=x%26page=2', '/a'],
    ['/a?%zz=1&page=1', '/a?page=1'],
    ['/a?&&page=1&', '/a?page=1'],
  ])('makes of %s, where "page" matters, %s', (url, filtered) => {
    expect(filterQuery(url, ['page'])).toBe(filtered);
  });

  it('reads a plus sign in a name as a blank', () => {
    expect(filterQuery('/a?my+page=1&my%20page=2', ['my page'])).toBe('/a?my+page=1&my%20page=2');
  });

  it.each([
    'page[]=1',
    'page%5B%5D=1',
    '%5Bpage%5d%FF=1',
    'p%61ge%5B%zz%5D=1',
    'page[from]=1',
    'page.from=1',
    '[page]=1',
    '?page=1',
    'utm=x;page=2',
    ';page=2',
    'utm[page]=1',
  ])('keeps what a parser may take for it: %s [K4]', (query) => {
    expect(filterQuery(`/a?utm=x&${query}`, ['page'])).toBe(`/a?${query}`);
  });

  it.each(['filter[x]', 'filter.x', '[filter]x'])(
    'keeps all of what a parser may make one value of: %s',
    (name) => {
      const kept = ['filter[x]=1', 'filter[y]=2', 'filter.z=3', 'filter=4', name];

      expect(filterQuery(`/a?utm=x&${kept.join('&')}&x=1`, [name])).toBe(`/a?${kept.join('&')}`);
    },
  );

  it('leaves a query whole of which parsers may read only a part [K4]', () => {
    const flood = `/a?${'utm=x&'.repeat(1000)}page=2`;

    expect(filterQuery(flood, ['page'])).toBe(flood);
    expect(filterQuery(flood.replace('utm=x&', ''), ['page'])).toBe('/a?page=2');
  });

  it.each(['constructor', '__proto__', 'toString'])('takes %s for no name', (name) => {
    expect(filterQuery(`/a?${name}=1`, ['page'])).toBe('/a');
  });
});

describe('narrowQuery()', () => {
  it('takes what does not matter out of both URLs', () => {
    const seen = narrowed({ url: '/b?utm=x&page=1' }, { originalUrl: '/a?utm=x&page=1' }, ['page']);

    expect(seen).toEqual({ url: '/b?page=1', originalUrl: '/a?page=1' });
  });

  it('takes it out of the original URL that Fastify reads from the raw request', () => {
    const request = { url: '/b?utm=x', originalUrl: '/a?utm=x' };

    narrowed(request, {}, ['page']);

    expect(request).toEqual({ url: '/b', originalUrl: '/a' });
  });

  it('takes it out of a query that was parsed already, without a prototype if it had none', () => {
    const query = Object.assign(Object.create(null) as object, { page: '1', utm: 'x' });

    const seen = narrowed({ url: '/a?utm=x&page=1' }, { query }, ['page']);

    expect({ ...(seen.query as object) }).toEqual({ page: '1' });
    expect(Object.getPrototypeOf(seen.query)).toBeNull();
    expect({ ...query }).toEqual({ page: '1', utm: 'x' });
  });

  it('leaves in a parsed query what is a part of a value there', () => {
    const query = { filter: { x: '1' }, utm: 'x' };

    const seen = narrowed({ url: '/a?filter[x]=1&utm=x' }, { query }, ['filter[x]']);

    expect(seen.query).toEqual({ filter: { x: '1' } });
  });

  it('leaves a query alone of which everything matters', () => {
    const query = { page: ['1', '2'] };

    expect(narrowed({ url: '/a?page=1&page=2' }, { query }, ['page']).query).toBe(query);
  });

  it('makes no query where the framework has none of its own', () => {
    expect(narrowed({ url: '/a?utm=x' }, {}, ['page'])).not.toHaveProperty('query');
  });
});
