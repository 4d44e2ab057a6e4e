import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Express middleware: tells the browser how long the server took for this very request, in the header `Server-Timing`.
 *
 * The header is added while the head is being written, so a page that comes from the cache bears the time of the hit and
 * not the time it once took to make it.
 */
export function serverTiming(
  _request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
): void {
  const started = performance.now();
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;

  response.writeHead = (...args: unknown[]) => {
    const ms = performance.now() - started;
    if (!response.headersSent) response.setHeader('Server-Timing', `app;dur=${ms.toFixed(2)}`);
    return writeHead(...args);
  };
  next();
}
