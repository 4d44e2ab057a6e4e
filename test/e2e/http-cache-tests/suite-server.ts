import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import handleConfig from 'http-cache-tests/server/handle-config.mjs';
import handleState from 'http-cache-tests/server/handle-state.mjs';
import handleTest from 'http-cache-tests/server/handle-test.mjs';

const HANDLERS = new Map(
  Object.entries({ config: handleConfig, state: handleState, test: handleTest }),
);

/** Answers what the suite's own server would: it is told what to answer, does so, and tells what it was asked. */
export function answerAsSuite(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '', 'http://origin');
  const [, first = '', ...segments] = pathname.split('/');
  const handle = HANDLERS.get(first);
  if (handle) handle(segments, request, response);
  else response.writeHead(404).end();
}

/** The suite's server on a loopback port. */
export interface SuiteServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startSuiteServer(): Promise<SuiteServer> {
  const server = createServer(answerAsSuite);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
