import type { IncomingMessage } from 'node:http';

/** What nearly every request is read for by frameworks and middleware, and what says nothing about the page itself. */
const HARMLESS = new Set([
  'accept-encoding',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'authorization',
  'expect',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'origin',
  'pragma',
  'range',
  'te',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
  'x-correlation-id',
  'x-request-id',
]);

/** Names as Node.js has them. What else is read of the object (`hasOwnProperty`, `:authority`) is no header. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Finds out which headers of a request its handler reads: if its page is not keyed by one, whoever asks with another value
 * gets the wrong page.
 *
 * @returns a function that ends the watch and tells the lower-case names.
 */
export function watchHeaders(request: IncomingMessage): () => string[] {
  const { headers } = request;
  const read = new Set<string>();
  const watched = new Proxy(headers, {
    get: (target, name, receiver) => {
      if (typeof name === 'string' && isTelling(name)) read.add(name);
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  // In front of the prototype's, which HTTP/2 does not let anybody set; requests of test tools have their own.
  const own = Object.getOwnPropertyDescriptor(request, 'headers');
  Object.defineProperty(request, 'headers', { value: watched, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(request, 'headers', own);
    else Reflect.deleteProperty(request, 'headers');
    return [...read];
  };
}

function isTelling(name: string): boolean {
  return NAME.test(name) && !HARMLESS.has(name) && !(name in Object.prototype);
}
