import type { ServerResponse } from 'node:http';
import type { Ttl } from '../core/cache-backend.interface.js';

/** How a request was answered, as its response tells. */
export type CacheMark =
  | {
      readonly state: 'HIT' | 'STALE';
      /** Seconds of life left, below 0 past its time; `null` = no end. */ readonly ttl: Ttl;
    }
  | {
      readonly state: 'MISS';
      /** True: the answer is kept, as far as its head tells. */ readonly stored: boolean;
    }
  | { readonly state: 'BYPASS'; /** Why, as a word. */ readonly detail?: string | undefined };

/**
 * Writes `X-Cache`, and `Cache-Status` where this cache has a name to say it under. Keys never stand in them: they may hold
 * what is private.
 *
 * @param name Undefined: no `Cache-Status`.
 * @see RFC 9211
 */
export function markResponse(
  response: ServerResponse,
  mark: CacheMark,
  name: string | undefined,
): void {
  response.setHeader('X-Cache', mark.state);
  if (name === undefined) return;
  const outer = response.getHeader('Cache-Status');
  const before = outer === undefined ? [] : [outer].flat().map(String);
  response.setHeader('Cache-Status', [...before, `${name}; ${statusOf(mark)}`].join(', '));
}

function statusOf(mark: CacheMark): string {
  switch (mark.state) {
    case 'MISS':
      return mark.stored ? 'fwd=miss; stored' : 'fwd=miss';
    case 'BYPASS':
      return mark.detail === undefined ? 'fwd=bypass' : `fwd=bypass; detail=${mark.detail}`;
    default:
      return mark.ttl === null ? 'hit' : `hit; ttl=${Math.floor(mark.ttl)}`;
  }
}
