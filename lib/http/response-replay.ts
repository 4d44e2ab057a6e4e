import type { ServerResponse } from 'node:http';
import { BODY_HEADERS, isNotModified, validatorsOf } from './conditional-request.js';
import { fieldsOf, linesOfFields, type RequestHead } from './http-head.js';
import { presetFields, type HttpExchange } from './http-exchange.js';
import { makeInert } from './inert-writers.js';
import type { StoredPage } from './stored-page.js';
import { mergeVary } from './vary.js';

/**
 * Sends a stored page as the answer of an exchange, and makes every writer of its response inert, so that neither the
 * framework nor an interceptor outside can add to an answer that is complete.
 *
 * Headers that earlier layers have set for this request stay; those of the page are put over them, with `Age`, `Date` and
 * `X-Cache: HIT`. HEAD gets no body, and a client that holds the page already gets 304.
 *
 * @param now Milliseconds since the epoch.
 */
export function replayPage(
  exchange: HttpExchange,
  head: RequestHead,
  page: StoredPage,
  now: number,
): void {
  const { response, framework } = exchange;
  if (framework !== response) {
    // Fastify keeps headers of its own, which would go out with its reply; that reply will not come.
    framework.hijack?.();
    for (const [name, value] of presetFields(exchange)) response.setHeader(name, value);
  }
  for (const name of page.removed) response.removeHeader(name);
  for (const [name, value] of page.fields) {
    if (name.toLowerCase() !== 'vary') response.setHeader(name, value);
  }
  addVary(response, page);
  response.setHeader(
    'Age',
    String(page.age + Math.max(0, Math.floor((now - page.storedAt) / 1000))),
  );
  response.setHeader('Date', new Date(page.storedAt).toUTCString());
  response.setHeader('X-Cache', 'HIT');
  // Of the whole head, because a validator may be among what earlier layers have set.
  const unchanged = isNotModified(head.headers, validatorsOf(linesOfFields(fieldsOf(response))));
  if (unchanged) for (const name of BODY_HEADERS) response.removeHeader(name);
  else response.setHeader('Content-Length', String(page.body.length));
  // At once, so that no later change of the status or of a header comes through.
  response.writeHead(unchanged ? 304 : page.status);
  if (unchanged || head.method === 'HEAD') response.end();
  else response.end(page.body);
  makeInert(response);
  if (framework !== response) makeInert(framework);
}

function addVary(response: ServerResponse, page: StoredPage): void {
  const stored = page.fields.filter(([name]) => name.toLowerCase() === 'vary');
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
