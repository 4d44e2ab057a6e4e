import type { ServerResponse } from 'node:http';
import { BODY_HEADERS, isNotModified, validatorsOf } from './conditional-request.js';
import { fieldsOf, linesOfFields, type RequestHead } from './http-head.js';
import { presetFields, type HttpExchange } from './http-exchange.js';
import type { StoredPage } from './stored-page.js';
import { mergeVary } from './vary.js';

/** Whatever writes to a response, under all names that Node.js, Express and Fastify have for it. */
const WRITERS = [
  'addTrailers',
  'append',
  'appendHeader',
  'attachment',
  'callNotFound',
  'clearCookie',
  'code',
  'contentType',
  'cookie',
  'download',
  'flushHeaders',
  'format',
  'header',
  'headers',
  'json',
  'jsonp',
  'links',
  'location',
  'redirect',
  'removeHeader',
  'render',
  'send',
  'sendFile',
  'sendStatus',
  'sendfile',
  'serialize',
  'serializer',
  'set',
  'setCookie',
  'setHeader',
  'setHeaders',
  'status',
  'trailer',
  'type',
  'vary',
  'view',
  'write',
  'writeHead',
  'end',
];

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

/** The prototype of a framework's responses to the same with inert writers, so that a hit makes no functions. */
const inertPrototypes = new WeakMap<object, object>();

function makeInert(target: object): void {
  const prototype = Object.getPrototypeOf(target) as object;
  let inert = inertPrototypes.get(prototype);
  if (!inert) inertPrototypes.set(prototype, (inert = inertVersionOf(prototype)));
  Object.setPrototypeOf(target, inert);
  // What middleware has put on the response itself hides the prototype's.
  for (const name of WRITERS) {
    if (Object.hasOwn(target, name)) Object.assign(target, { [name]: inertWriter(name) });
  }
}

function inertVersionOf(prototype: object): object {
  const writers = WRITERS.filter((name) => typeof (prototype as never)[name] === 'function');
  const inert = Object.create(prototype) as object;
  return Object.assign(inert, Object.fromEntries(writers.map((name) => [name, inertWriter(name)])));
}

function inertWriter(name: string): (...args: unknown[]) => unknown {
  if (name === 'write') return inertWrite;
  return name === 'end' ? inertEnd : inertCall;
}

function inertCall(this: unknown): unknown {
  return this;
}

function inertEnd(this: unknown, ...args: unknown[]): unknown {
  inertWrite(...args);
  return this;
}

function inertWrite(...args: unknown[]): boolean {
  const callback = args.find((argument) => typeof argument === 'function');
  if (callback) process.nextTick(callback);
  return true;
}
