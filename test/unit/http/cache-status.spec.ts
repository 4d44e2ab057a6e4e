import { describe, expect, it } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { markResponse, type CacheMark } from '../../../lib/http/cache-status.js';

function marked(mark: CacheMark, name?: string, before?: string | string[]): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  if (before !== undefined) response.setHeader('Cache-Status', before);
  markResponse(response, mark, name);
  return response;
}

describe('markResponse()', () => {
  it.each<[CacheMark, string, string]>([
    [{ state: 'HIT', ttl: 59.9 }, 'HIT', 'mine; hit; ttl=59'],
    [{ state: 'HIT', ttl: null }, 'HIT', 'mine; hit'],
    [{ state: 'STALE', ttl: -3.2 }, 'STALE', 'mine; hit; ttl=-4'],
    [{ state: 'MISS', stored: true }, 'MISS', 'mine; fwd=miss; stored'],
    [{ state: 'MISS', stored: false }, 'MISS', 'mine; fwd=miss'],
    [{ state: 'BYPASS' }, 'BYPASS', 'mine; fwd=bypass'],
    [{ state: 'BYPASS', detail: 'cookie' }, 'BYPASS', 'mine; fwd=bypass; detail=cookie'],
  ])('writes %j as %s and %s', (mark, cache, status) => {
    const response = marked(mark, 'mine');

    expect(response.getHeader('X-Cache')).toBe(cache);
    expect(response.getHeader('Cache-Status')).toBe(status);
  });

  it('sends no Cache-Status without a name', () => {
    expect(marked({ state: 'HIT', ttl: 1 }).getHeader('Cache-Status')).toBeUndefined();
  });

  it.each([['origin; hit'], [['origin; hit']]])(
    'stands behind those of caches nearer to the origin: %j',
    (before) => {
      expect(
        marked({ state: 'MISS', stored: true }, 'mine', before).getHeader('Cache-Status'),
      ).toBe('origin; hit, mine; fwd=miss; stored');
    },
  );
});
