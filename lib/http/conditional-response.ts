import type { IncomingHttpHeaders } from 'node:http';
import { systemClock, type Clock } from '../core/clock.js';
import { ENTITY_TAG, isNotModified, weakETag, type Validators } from './conditional-request.js';
import { parseHttpDate } from './http-date.js';
import type { PatchableResponse } from './response-headers.js';

/** What conditions are read from: a request of Express, Fastify or Node.js. */
export interface ConditionalRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/**
 * The status that the conditions of a request ask for, instead of the answer that would be 200: 304 if the client holds it
 * already, 412 if the request was meant for another state of it; undefined if it is to be answered as usual. On a writing
 * route, ask before anything is written.
 *
 * `If-Match` is compared strongly, so a weak tag meets none; `If-None-Match` weakly. Where one of them is sent, the date
 * beside it is not looked at. A GET that says `no-cache` gets no 304.
 *
 * @param page The tag (`"…"` or `W/"…"`) and the date of what is there now, as far as they are known.
 * @param clock Which century a date with two digits of the year is in. Default: the machine's.
 * @see Django, django.utils.cache.get_conditional_response(); RFC 9110, 13.2.2
 */
export function getConditionalStatus(
  request: ConditionalRequest,
  page: Validators,
  clock: Clock = systemClock,
): 304 | 412 | undefined {
  const { method = 'GET', headers } = request;
  const tags = headers['if-match'];
  const isMeant = tags === undefined ? isUnchanged(headers, page, clock) : isMatch(tags, page.etag);
  if (!isMeant) return 412;
  if (method === 'GET' || method === 'HEAD')
    return isNotModified(headers, page, clock) ? 304 : undefined;
  const none = headers['if-none-match'];
  return none !== undefined && isNotModified({ 'if-none-match': none }, page) ? 412 : undefined;
}

/**
 * Gives a response the weak entity tag of its body, unless it has a tag. No body, no tag.
 *
 * @param body The bytes as they are sent, or the text.
 * @see Django, django.utils.cache.set_response_etag()
 */
export function setResponseETag(response: PatchableResponse, body: Uint8Array | string): void {
  if (body.length === 0 || response.getHeader('ETag') !== undefined) return;
  response.setHeader('ETag', weakETag(typeof body === 'string' ? Buffer.from(body) : body));
}

function isMatch(tags: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  if (tags.trim() === '*') return true;
  return !etag.startsWith('W/') && (tags.match(ENTITY_TAG) ?? []).some((tag) => tag === etag);
}

/** A date that cannot be read, or none to compare it with, is no condition. (RFC 9110, 13.1.4) */
function isUnchanged(headers: IncomingHttpHeaders, page: Validators, clock: Clock): boolean {
  const since = parseHttpDate(headers['if-unmodified-since'] ?? '', clock.now());
  const modified = parseHttpDate(page.lastModified ?? '', clock.now());
  return since === undefined || modified === undefined || modified <= since;
}
