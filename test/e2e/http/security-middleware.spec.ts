import { describe, expect, it } from '@jest/globals';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Controller, Get, Header, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';

interface Asked {
  readonly headers: IncomingHttpHeaders;
  url: string;
  user?: unknown;
}

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('me')
  @Header('Cache-Control', 'max-age=60')
  me(): object {
    return { run: ++runs };
  }
}

describe.each(PLATFORMS)('middleware before the interceptor, on %s', (platform) => {
  const start = (
    middleware: (request: Asked, response: ServerResponse) => void,
  ): Promise<HttpApp> =>
    startController(platform, Pages, {
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
