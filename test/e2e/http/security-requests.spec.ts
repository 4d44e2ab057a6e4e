import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import type { ServerResponse } from 'node:http';
import { Careless, part, pathWith, runs, type Asked } from './careless.controller.js';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';

describe.each(PLATFORMS)(
  'the response cache is safe about who asks for what, on %s',
  (platform) => {
    let http: HttpApp;

    beforeAll(async () => {
      http = await startController(platform, Careless);
    });

    afterAll(async () => {
      await http.close();
    });

    async function who(authorization?: string): Promise<unknown> {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      return part(await http.ask('/me', { headers }), 'who');
    }

    describe('about who asks', () => {
      it('gives no answer for one Authorization to another [W1 H1]', async () => {
        const stored = http.stored();
        expect(await who('alice')).toBe('alice');
        expect(await who('bob')).toBe('bob');
        expect(http.stored()).toBe(stored);
        expect(await who()).toBe('anonymous');
        expect(await who('carol')).toBe('carol');
      });

      it.each([
        ['an empty Authorization [H2]', { Authorization: '' }],
        ['two Authorizations [H2]', { Authorization: ['a', 'b'] }],
        ['a cookie [H3]', { Cookie: 't=1' }],
        ['an empty cookie [H3]', { Cookie: '' }],
        ['an API key', { 'X-API-Key': 'k' }],
        ['a token', { 'X-Auth-Token': 'k' }],
      ])('neither stores nor serves for %s', async (_what, headers) => {
        const path = `/me?t=${runs}`;
        const first = await http.ask(path, { headers });
        const plain = await http.ask(path);
        const again = await http.ask(path, { headers });

        expect([first.cache, plain.cache, again.cache]).toEqual(['BYPASS', 'MISS', 'BYPASS']);
        expect(part(again, 'run')).toBe((part(plain, 'run') as number) + 1);
      });

      it('gives no answer that varies on Authorization or Cookie to another [H11]', async () => {
        const path = pathWith('Vary: Authorization, Cookie', 'Cache-Control: max-age=60');
        await http.ask(path);

        const bob = await http.ask(path, { headers: { Authorization: 'bob' } });
        const visitor = await http.ask(path, { headers: { Cookie: 'sid=1' } });

        expect(part(bob, 'who')).toBe('bob');
        expect(part(visitor, 'who')).toBe('sid=1');
      });
    });

    describe('about what is asked for', () => {
      it('runs the handler for each POST, @CacheKey() or not [W8 H16]', async () => {
        const first = await http.ask('/write', { method: 'POST', body: '' });
        const second = await http.ask('/write', { method: 'POST', body: '' });

        expect(part(second, 'run')).toBe((part(first, 'run') as number) + 1);
      });

      it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
        'answers no %s from a page, @CacheKey() or not [W8 H16]',
        async (method) => {
          await http.ask('/any');

          const first = await http.ask('/any', { method });
          const second = await http.ask('/any', { method });

          expect([part(first, 'method'), part(second, 'method')]).toEqual([method, method]);
          expect(part(second, 'run')).toBe((part(first, 'run') as number) + 1);
        },
      );

      it.each([
        ['X-HTTP-Method-Override', 'DELETE', 'H16'],
        ['X-HTTP-Method', 'DELETE', 'H16'],
        ['X-Method-Override', 'DELETE', 'H16'],
        ['X-Original-URL', '/admin', 'K2'],
        ['X-Rewrite-URL', '/admin', 'K2'],
        ['If-Match', '"a"', 'H20'],
        ['Range', 'bytes=0-0', 'H15'],
        ['Upgrade', 'h2c', 'W14'],
      ])('neither stores nor serves with %s: %s [%s]', async (name, value) => {
        const path = `/me?t=${runs}`;
        const first = await http.ask(path, { headers: { [name]: value } });
        const second = await http.ask(path);

        expect([first.cache, second.cache]).toEqual(['BYPASS', 'MISS']);
      });

      it('stores no part for the whole [H15]', async () => {
        const first = await http.ask('/range', { headers: { Range: 'bytes=0-0' } });
        const whole = await http.ask('/range');

        expect(first.body).toBe('a');
        expect(whole.body).toMatch(/^\{/);
      });

      it('stores nothing for a GET with a body [H18]', async () => {
        const path = `/me?t=${runs}`;
        const fat = await http.ask(path, { headers: { 'Content-Length': '6' }, body: 'x=evil' });
        const chunked = await http.ask(path, {
          headers: { 'Transfer-Encoding': 'chunked' },
          body: 'x=evil',
        });

        expect([fat.cache, chunked.cache]).not.toContain('MISS');
        expect(await http.ask(path)).toMatchObject({ status: 200, cache: 'MISS' });
      });

      it('lets no client purge what others get, nor have its own kept out of the cache for them [H21]', async () => {
        const path = `/me?t=${runs}`;
        const first = await http.ask(path);
        for (const headers of [
          { 'Cache-Control': 'no-cache' },
          { 'Cache-Control': 'max-age=0' },
          { 'Cache-Control': 'no-store' },
          { Pragma: 'no-cache' },
        ]) {
          expect(await http.ask(path, { headers })).toMatchObject({
            cache: 'HIT',
            body: first.body,
          });
        }
      });

      it('stores nothing for a request that says no-store [H6]', async () => {
        const path = `/me?t=${runs}`;
        const first = await http.ask(path, { headers: { 'Cache-Control': 'No-Store' } });

        expect([first.cache, (await http.ask(path)).cache]).toEqual(['BYPASS', 'MISS']);
      });
    });
  },
);

describe.each(PLATFORMS)('requests that no client library sends, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Careless);
  });

  afterAll(async () => {
    await http.close();
  });

  /** Sends the bytes and reads until the server closes. */
  function send(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(http.port, '127.0.0.1', () => socket.write(text));
      let answer = '';
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => (answer += chunk));
      socket.on('end', () => {
        resolve(answer);
      });
      socket.on('error', reject);
    });
  }

  it('make no page with two hosts [K1]', async () => {
    await send(
      'GET /me?two HTTP/1.1\r\nHost: evil.example\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    );
    const plain = await send(
      'GET /me?two HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    );

    expect(plain).toContain('"host":"a.example"');
    expect(plain).toMatch(/x-cache: miss/i);
  });

  it('make a page of their own with a whole URL in the first line [K3]', async () => {
    await send(
      'GET http://evil.example/me?abs HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    );
    const plain = await send(
      'GET /me?abs HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    );

    expect(plain).toMatch(/x-cache: miss/i);
  });
});

describe.each(PLATFORMS)('middleware before the interceptor, on %s', (platform) => {
  const start = (
    middleware: (request: Asked & { url: string }, response: ServerResponse) => void,
  ): Promise<HttpApp> =>
    startController(platform, Careless, {
      configure: (app) => {
        app.use((request: never, response: ServerResponse, next: () => void) => {
          middleware(request, response);
          next();
        });
      },
    });

  it('may find out who asks, who then gets an answer of his own and leaves none behind', async () => {
    const http = await start((request) => {
      const [, name] = /name=(\w+)/.exec(request.url) ?? [];
      if (name !== undefined) request.user = { name };
    });

    const caches: unknown[] = [];
    for (const path of ['/me?name=alice', '/me?name=alice', '/me?x=1', '/me?x=1']) {
      caches.push((await http.ask(path)).cache);
    }
    await http.close();

    expect(caches).toEqual(['BYPASS', 'BYPASS', 'MISS', 'HIT']);
  });

  it('may make a GET of another method, which is then no page [H16]', async () => {
    const http = await start((request) => {
      if (request.url.includes('_method')) Object.assign(request, { originalMethod: 'POST' });
    });

    const caches = [(await http.ask('/me?_method=GET')).cache, (await http.ask('/me?x=1')).cache];
    await http.close();

    expect(caches).toEqual(['BYPASS', 'MISS']);
  });

  it('may allow an origin, which belongs to the request and not to the page [V2]', async () => {
    const http = await start((request, response) => {
      const { origin } = request.headers;
      if (origin !== undefined) response.setHeader('Access-Control-Allow-Origin', origin);
    });
    const from = (origin: string): Promise<Answer> =>
      http.ask('/me?x=1', { headers: { Origin: origin } });

    const answers = [await from('https://a.example'), await from('https://b.example')];
    const none = await http.ask('/me?x=1');
    await http.close();

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT']);
    expect(answers.map(({ headers }) => headers['access-control-allow-origin'])).toEqual([
      'https://a.example',
      'https://b.example',
    ]);
    expect(none.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
