import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { systemClock, type Clock } from '../core/clock.js';
import { parseCacheControl } from './cache-control.js';
import { parseHttpDate } from './http-date.js';
import type { HeaderLines } from './http-head.js';

/** What a stored or outgoing page can be recognised by. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** What describes a body, and is left out of a 304, which has none. */
export const BODY_HEADERS = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'transfer-encoding',
];

/** An entity tag within a list of them. */
export const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/**
 * True if the client already holds what would be sent, so that 304 is the answer. `If-None-Match` is compared weakly and,
 * where it is sent, decides alone. A client that says `no-cache` wants the whole page.
 *
 * @param clock Which century a date with two digits of the year is in. Default: the machine's.
 *
 * @see RFC 9110, 13.1.2, 13.1.3 and 13.2.2
 */
export function isNotModified(
  headers: IncomingHttpHeaders,
  page: Validators,
  clock: Clock = systemClock,
): boolean {
  const control = headers['cache-control'];
  if (control !== undefined && parseCacheControl([control]).directives.has('no-cache'))
    return false;
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    if (page.etag === undefined) return false;
    return tags.trim() === '*' || (tags.match(ENTITY_TAG) ?? []).some(sameAs(page.etag));
  }
  const since = parseHttpDate(headers['if-modified-since'] ?? '', clock.now());
  const modified = parseHttpDate(page.lastModified ?? '', clock.now());
  return since !== undefined && modified !== undefined && modified <= since;
}

/** True if the client asks for the page only if it is not what it holds. Of others, none is `isNotModified()`. */
export function isConditional(headers: IncomingHttpHeaders): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

/** The validators among the lines of a head. */
export function validatorsOf(lines: HeaderLines): Validators {
  return { etag: lines.get('etag')?.[0], lastModified: lines.get('last-modified')?.[0] };
}

/** A weak entity tag that is the same wherever the bytes are. */
export function weakETag(body: Uint8Array): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

function sameAs(etag: string): (tag: string) => boolean {
  const opaque = etag.replace(/^W\//, '');
  return (tag) => tag.replace(/^W\//, '') === opaque;
}
