import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { requestHead } from './http-head.js';
import type { PageFlight } from './page-flights.js';
import { cookieValues } from './request-cookies.js';

/** Why a request is there that no client has sent: a page past its time is to be made anew. */
export interface RefreshTicket {
  /** The key that the request must come to, or it would make another page. */
  readonly key: string;
  /** The key under which the page was found. */
  readonly found: string;
  readonly flight: PageFlight;
}

const tickets = new WeakMap<IncomingMessage, RefreshTicket>();

/** The ticket of a request that was made here; undefined for a client's. */
export function ticketOf(request: IncomingMessage): RefreshTicket | undefined {
  return tickets.get(request);
}

/** The request that a page is made anew for. */
export interface RefreshOptions {
  /** The visitor's, of which the URL, the host and the connection's kind are taken. */
  readonly visitor: IncomingMessage;
  /** Lower-case names of the request headers that the page is keyed by. No other is sent, so none of the visitor's credentials. */
  readonly headers: readonly string[];
  /** The cookies that it is keyed by. */
  readonly cookies: readonly string[];
  readonly ticket: RefreshTicket;
}

/**
 * Makes a page anew in the background, by a request of its own that goes through the whole application, guards included, and
 * bears nothing of the visitor who happened to ask but what the page is keyed by. Its answer goes nowhere.
 *
 * The flight lands in any case: as `failed` if the request came to no page.
 */
export function refreshPage(server: Server, options: RefreshOptions): void {
  const { visitor, ticket } = options;
  const socket = new Sink(visitor.socket) as unknown as Socket;
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = visitor.url ?? '/';
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const names = new Set(['host', ...options.headers]);
  const pairs = visitor.rawHeaders;
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = pairs[index]!.toLowerCase();
    // The name that HTTP/2 has for the host.
    if (!names.has(name) && name !== ':authority') continue;
    request.rawHeaders.push(name === ':authority' ? 'host' : pairs[index]!, pairs[index + 1]!);
  }
  const cookies = options.cookies.flatMap((name) =>
    cookieValues(requestHead(visitor), name).map((value) => `${name}=${value}`),
  );
  if (cookies.length > 0) request.rawHeaders.push('cookie', cookies.join('; '));
  request.push(null);
  request.complete = true;
  tickets.set(request, ticket);
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  const land = (): void => {
    ticket.flight.land('failed');
  };
  // A page that is kept lands by itself, a little after its answer is over.
  response.once('finish', () => setTimeout(land, SETTLE_MS).unref());
  response.once('close', () => setTimeout(land, SETTLE_MS).unref());
  server.emit('request', request, response);
}

/** By then a finished page is kept, or the cache has failed. */
const SETTLE_MS = 5_000;

/** A connection whose other end is nobody. Who looks where the request came from sees the visitor's address and kind. */
class Sink extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly encrypted: boolean;

  constructor(visitor: Socket) {
    super();
    this.remoteAddress = visitor.remoteAddress;
    this.remotePort = visitor.remotePort;
    this.remoteFamily = visitor.remoteFamily;
    this.localAddress = visitor.localAddress;
    this.localPort = visitor.localPort;
    this.encrypted = 'encrypted' in visitor && visitor.encrypted === true;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
