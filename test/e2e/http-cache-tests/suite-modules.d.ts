/** The parts of the package `http-cache-tests` that run in the test's own process. It bears no types. */
declare module 'http-cache-tests/server/*' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** Answers a request of the suite's client. `segments`: those of the path behind the first. */
  export default function handle(
    segments: string[],
    request: IncomingMessage,
    response: ServerResponse,
  ): void;
}
