import { AsyncResource } from 'node:async_hooks';
import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { linesOfPairs, requestHead } from './http-head.js';
import type { PageFlight } from './page-flights.js';
import { cookiesOfName } from './request-cookies.js';
import { Sink } from './sink.js';

/** Why a request is there that no client has sent: a page past its time is to be made anew. */
export interface RefreshTicket {
  /** The key that the request must come to, or it would make another page. */
  readonly key: string;
  /** The key under which the page was found. */
  readonly found: string;
  readonly flight: PageFlight;
}

/** The request that a page is made anew for. */
export interface RefreshOptions {
  /** The visitor's, of which the host and the connection's kind are taken. */
  readonly visitor: IncomingMessage;
  /** As it came, before any middleware. */
  readonly url: string;
  /** Lower-case names of the request headers that the page is keyed by. No other is sent, so none of the visitor's credentials. */
  readonly headers: readonly string[];
  /** The cookies that it is keyed by. */
  readonly cookies: readonly string[];
  readonly ticket: RefreshTicket;
  /** Asked before the request is sent; false: another process is about it, or has done it. Never rejects. */
  readonly isDue: () => Promise<boolean>;
}

/** A handler that takes longer than this makes no page in the background. */
const MOST_MS = 60_000;

/** Of requests that came to no page yet. */
const tickets = new WeakMap<IncomingMessage, RefreshTicket>();

/** Where no request is under way, so that what an application keeps of the visitor's (user, transaction) does not go along. */
const outside = new AsyncResource('PageRefresh');

/**
 * The ticket of a request that was made here; undefined for a client's. Whoever takes it sees to it that its flight lands by
 * the time that the response is closed.
 */
export function takeTicket(request: IncomingMessage): RefreshTicket | undefined {
  const ticket = tickets.get(request);
  tickets.delete(request);
  return ticket;
}

/**
 * Makes a page anew in the background, by a request of its own that goes through the whole application, guards included, and
 * bears nothing of the visitor who happened to ask but what the page is keyed by. Its answer goes nowhere.
 *
 * The flight lands in any case: as `failed` if the request came to no page.
 */
export function refreshPage(server: Server, options: RefreshOptions): void {
  const { visitor, ticket } = options;
  const sink = new Sink(visitor.socket);
  const socket = sink as unknown as Socket;
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = options.url;
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const pairs = pairsOf(options);
  request.rawHeaders.push(...pairs);
  request.headers = headersOf(pairs);
  request.push(null);
  request.complete = true;
  tickets.set(request, ticket);
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  const limit = setTimeout(() => sink.destroy(), MOST_MS).unref();
  // A client closes its connection too when it has its answer, or has waited long enough.
  response.once('finish', () => sink.destroy());
  sink.once('close', () => {
    clearTimeout(limit);
    if (tickets.delete(request)) ticket.flight.land('failed');
  });
  void outside.runInAsyncScope(async () => {
    // Behind the visitor's answer.
    if (await options.isDue()) setImmediate(() => server.emit('request', request, response));
    else sink.destroy();
  });
}

/** Names and values in turn. */
function pairsOf({ visitor, headers, cookies }: RefreshOptions): string[] {
  const names = new Set(['host', ...headers]);
  const sent = visitor.rawHeaders;
  const pairs: string[] = [];
  for (let index = 0; index + 1 < sent.length; index += 2) {
    // The name that HTTP/2 has for the host.
    const name = sent[index] === ':authority' ? 'host' : sent[index]!;
    if (names.has(name.toLowerCase())) pairs.push(name, sent[index + 1]!);
  }
  const head = requestHead(visitor);
  const keyed = cookies.flatMap((name) => cookiesOfName(head, name));
  return keyed.length === 0 ? pairs : [...pairs, 'cookie', keyed.join('; ')];
}

/** As Node.js hands them out that were received. */
function headersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    [...linesOfPairs(pairs)].map(([name, lines]) => [
      name,
      lines.join(name === 'cookie' ? '; ' : ', '),
    ]),
  );
}
