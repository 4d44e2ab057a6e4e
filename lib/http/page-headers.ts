import { linesOfFields, type HeaderField } from './http-head.js';

/**
 * Headers that belong to a connection, to one request or to one visitor. They are never stored, and a stored page that
 * bears one is not believed.
 *
 * @see RFC 9111, 3.1
 */
const NEVER_STORED = new Set([
  'age',
  'authentication-info',
  'clear-site-data',
  'connection',
  'content-length',
  'content-range',
  'date',
  'keep-alive',
  'ratelimit',
  'request-id',
  'server-timing',
  'set-cookie',
  'set-cookie2',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
  'x-amzn-trace-id',
  'x-cache',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-request-id',
  'x-response-time',
  'x-runtime',
  'x-trace-id',
]);

const NEVER_STORED_PREFIXES = ['proxy-', 'ratelimit-', 'x-ratelimit-', 'x-rate-limit-', 'x-b3-'];

/** The headers of a page, apart from those of the request that happened to make it. */
export interface PageHeaders {
  /** What the handler and the layers behind it have set. */
  readonly fields: readonly HeaderField[];
  /** Lower-case names of headers that were there before the handler ran and that it has removed. */
  readonly removed: readonly string[];
}

/** True if a header is never part of a stored page. */
export function isNeverStored(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    NEVER_STORED.has(lower) || NEVER_STORED_PREFIXES.some((prefix) => lower.startsWith(prefix))
  );
}

/**
 * What of a head belongs to the page.
 *
 * Headers that were there before the handler ran and that it did not change (CORS, request ids, those of other middleware)
 * belong to the request: on a hit they are sent as that request has them.
 *
 * @param head All headers as they stood when the head was about to be written.
 * @param before All headers as they stood before the handler ran.
 */
export function pageHeaders(
  head: readonly HeaderField[],
  before: readonly HeaderField[],
): PageHeaders {
  const earlier = new Map(before.map(([name, value]) => [name.toLowerCase(), String(value)]));
  const connection = connectionNames(head);
  const present = new Set<string>();
  const fields = head.filter(([name, value]) => {
    const lower = name.toLowerCase();
    present.add(lower);
    return earlier.get(lower) !== String(value) && !connection.has(lower) && !isNeverStored(lower);
  });
  const removed = [...earlier.keys()].filter((name) => !present.has(name) && !isNeverStored(name));
  return { fields, removed };
}

function connectionNames(head: readonly HeaderField[]): Set<string> {
  const lines = linesOfFields(head).get('connection') ?? [];
  return new Set(lines.flatMap((line) => line.split(',')).map((name) => name.trim().toLowerCase()));
}
