import type { ServerResponse } from 'node:http';
import { renewedControl } from './browser-headers.js';
import { BODY_HEADERS, isConditional, isNotModified, validatorsOf } from './conditional-request.js';
import { markResponse, type CacheMark } from './cache-status.js';
import { dropHeadPatches } from './head-patches.js';
import { fieldsOf, linesOfFields, type HeaderField, type RequestHead } from './http-head.js';
import { presetFields, type HttpExchange } from './http-exchange.js';
import { makeInert, makeReplyInert } from './inert-writers.js';
import type { Substitute } from './response-recorder.js';
import type { StoredPage } from './stored-page.js';
import { mergeVary } from './vary.js';

/** How a stored page is sent. */
export interface Replay {
  readonly exchange: HttpExchange;
  readonly head: RequestHead;
  readonly page: StoredPage;
  readonly mark: CacheMark;
  /** The name of this cache in `Cache-Status`; undefined: it is not sent. */
  readonly name: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Up to this size, in bytes, Node.js writes text and head together from memory that it has at hand. */
const SHORT = 14 * 1024;

/**
 * Sends a stored page as the answer of an exchange, and makes every writer of its response inert, so that neither the
 * framework nor an interceptor outside can add to an answer that is complete.
 *
 * Headers that earlier layers have set for this request stay; those of the page are put over them, with `Age`, `Date` and
 * `X-Cache`. HEAD gets no body, and a client that holds the page already gets 304.
 */
export function replayPage(replay: Replay): void {
  const { response, framework } = replay.exchange;
  // Fastify keeps headers of its own, which would go out with its reply; that reply will not come.
  if (framework !== response) {
    const own = presetFields(replay.exchange);
    framework.hijack?.();
    for (const [header, value] of own) response.setHeader(header, value);
  }
  const { status, body } = putPage(replay);
  // At once, so that no later change of the status or of a header comes through.
  response.writeHead(status);
  if (body === undefined) response.end();
  else endWith(response, body);
  makeInert(response);
  if (framework !== response) makeReplyInert(framework);
}

/**
 * A stored page in the place of an answer that has set its own status and headers already.
 *
 * @param preset The headers that were set before the handler ran.
 */
export function substitutePage(replay: Replay, preset: readonly HeaderField[]): Substitute {
  const { response } = replay.exchange;
  for (const header of response.getHeaderNames()) response.removeHeader(header);
  for (const [header, value] of preset) response.setHeader(header, value);
  return putPage(replay);
}

/** Sends a body. */
function endWith(response: ServerResponse, body: Buffer): void {
  // Text goes to the socket in one piece with the head, bytes in a second one. Who has wrapped end() gets bytes.
  if (body.length > SHORT || Object.hasOwn(response, 'end')) response.end(body);
  else response.end(body.toString('latin1'), 'latin1');
}

/** Puts the headers of a page over those that are set. */
function putPage({ exchange, head, page, mark, name, now }: Replay): Substitute {
  const { response } = exchange;
  dropHeadPatches(response);
  for (const header of page.removed) response.removeHeader(header);
  for (const [header, value] of page.fields) {
    if (!isVary(header)) response.setHeader(header, value);
  }
  addVary(response, page);
  const age = page.age + Math.max(0, Math.floor((now - page.storedAt) / 1000));
  response.setHeader('Age', String(age));
  renewControl(response, page, age);
  response.setHeader('Date', page.date);
  markResponse(response, mark, name);
  // Of the whole head, because a validator may be among what earlier layers have set. (RFC 9110, 13.2.1)
  const unchanged =
    page.status < 300 &&
    isConditional(head.headers) &&
    isNotModified(head.headers, validatorsOf(linesOfFields(fieldsOf(response))));
  if (unchanged) for (const header of BODY_HEADERS) response.removeHeader(header);
  else response.setHeader('Content-Length', String(page.body.length));
  return {
    status: unchanged ? 304 : page.status,
    body: unchanged || head.method === 'HEAD' ? undefined : page.body,
  };
}

function renewControl(response: ServerResponse, page: StoredPage, age: number): void {
  const { lifetimes, freshUntil, storedAt } = page;
  const control = lifetimes && response.getHeader('Cache-Control');
  if (control === undefined) return;
  const end = freshUntil === null ? null : page.age + (freshUntil - storedAt) / 1000;
  const value = renewedControl([control].flat().join(', '), lifetimes!, age, end);
  response.setHeader('Cache-Control', value);
}

function addVary(response: ServerResponse, page: StoredPage): void {
  const stored = page.fields.filter(([name]) => isVary(name));
  if (stored.length === 0) return;
  const own = [response.getHeader('vary') ?? []].flat().map(String);
  response.setHeader(
    'Vary',
    mergeVary(
      own,
      stored.flatMap(([, value]) => value),
    ),
  );
}

function isVary(name: string): boolean {
  // Most names have another length, and need not be copied to lower case for it.
  return name.length === 4 && name.toLowerCase() === 'vary';
}
