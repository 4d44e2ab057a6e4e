import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Landing } from '../../../lib/http/page-flights.js';
import { refreshPage, takeTicket, type RefreshTicket } from '../../../lib/http/page-refresh.js';

interface Refreshed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ticket: RefreshTicket;
  readonly landed: Landing[];
}

const SOCKET = { remoteAddress: '10.0.0.9', remotePort: 7, encrypted: true };

afterEach(() => {
  jest.useRealTimers();
});

/** What a server gets for a visitor who sent these headers. */
async function refresh(
  sent: string[],
  keyed: { headers?: string[]; cookies?: string[] } = {},
): Promise<Refreshed> {
  const visitor = new IncomingMessage(SOCKET as unknown as Socket);
  visitor.url = '/rewritten';
  visitor.rawHeaders.push(...sent);
  const landed: Landing[] = [];
  const flight = { land: (landing: Landing) => void landed.push(landing) };
  const ticket = { key: 'page:a', found: 'page:b', flight };
  const server = new EventEmitter();
  const asked = once(server, 'request');
  const { headers = [], cookies = [] } = keyed;
  refreshPage(server as Server, {
    visitor,
    url: '/page?x=1',
    headers,
    cookies,
    ticket,
    isDue: async () => true,
  });
  const [request, response] = (await asked) as [IncomingMessage, ServerResponse];
  return { request, response, ticket, landed };
}

const VISITOR = ['Host', 'a.example', 'Cookie', 'sid=1; a=b; a=c', 'X-Lang', 'fr', 'X-Lang', 'de'];

describe('refreshPage()', () => {
  it('asks for the page as its URL came, from where the visitor is', async () => {
    const { request } = await refresh(VISITOR);

    expect([request.method, request.url, request.httpVersion]).toEqual(['GET', '/page?x=1', '1.1']);
    expect(request.socket).toMatchObject(SOCKET);
    expect(request.headers).toEqual({ host: 'a.example' });
    expect(request.rawHeaders).toEqual(['Host', 'a.example']);
  });

  it('sends what the page is keyed by, each line of it', async () => {
    const { request } = await refresh(VISITOR, { headers: ['x-lang'], cookies: ['a', 'b'] });

    expect(request.headers).toEqual({ host: 'a.example', 'x-lang': 'fr, de', cookie: 'a=b; a=c' });
    expect(request.rawHeaders.slice(2)).toEqual(
      'X-Lang fr X-Lang de cookie a=b;_a=c'.split(' ').map((text) => text.replace('_', ' ')),
    );
  });

  it('calls the authority of HTTP/2 the host', async () => {
    const { request } = await refresh([':authority', 'a.example', ':path', '/page']);

    expect(request.headers).toEqual({ host: 'a.example' });
  });

  it('has a body that is over', async () => {
    const { request } = await refresh(VISITOR);
    const chunks: unknown[] = [];
    for await (const chunk of request) chunks.push(chunk);

    expect(chunks).toEqual([]);
    expect(request.complete).toBe(true);
  });

  it('leaves the asynchronous context of the visitor behind', async () => {
    const user = new AsyncLocalStorage<string>();
    const server = new EventEmitter();
    const seen = new Promise((resolve) => {
      server.once('request', () => resolve(user.getStore()));
    });

    user.run('alice', () => {
      const visitor = new IncomingMessage(SOCKET as unknown as Socket);
      const ticket = { key: 'a', found: 'a', flight: { land: () => undefined } };
      refreshPage(server as Server, {
        visitor,
        url: '/',
        headers: [],
        cookies: [],
        ticket,
        isDue: async () => true,
      });
    });

    expect(await seen).toBeUndefined();
  });

  it('lands as failed as soon as it was answered without coming to a page', async () => {
    const { response, landed } = await refresh(VISITOR);

    response.writeHead(403).end('no');
    await once(response, 'close');

    expect(landed).toEqual(['failed']);
  });

  it('leaves the landing to whoever takes its ticket, which is there once', async () => {
    const { request, response, ticket, landed } = await refresh(VISITOR);

    const taken = [takeTicket(request), takeTicket(request)];
    response.end('page');
    await once(response, 'close');

    expect(taken).toEqual([ticket, undefined]);
    expect(landed).toEqual([]);
  });

  it('closes the connection of a handler that does not answer for a minute', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const { response, landed } = await refresh(VISITOR);
    const closed = once(response, 'close');

    jest.advanceTimersByTime(59_999);
    expect(response.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    await closed;

    expect(landed).toEqual(['failed']);
  });

  it('knows no ticket of a request that a client sent', () => {
    expect(takeTicket(new IncomingMessage(SOCKET as unknown as Socket))).toBeUndefined();
  });
});
