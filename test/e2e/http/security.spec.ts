import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import {
  All,
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Req,
  Res,
  UseInterceptors,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { encodePage } from '../../../lib/http/stored-page.js';
import { CacheInterceptor, CacheKey, CacheService } from 'nestjs-cache-framework';
import { PLATFORMS, startApp, startController, type Answer, type HttpApp } from './http-app.js';

interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: Record<string, string | string[] | undefined>;
  readonly body?: unknown;
  user?: unknown;
}

interface Reply {
  header(name: string, value: unknown): unknown;
  status(code: number): unknown;
}

let runs = 0;

/** All that a careless handler may put into its answer. */
function echo(request: Asked): object {
  runs += 1;
  const { headers } = request;
  return {
    run: runs,
    who: headers.authorization ?? headers['x-api-key'] ?? headers.cookie ?? 'anonymous',
    host: headers.host,
    forwardedHost: headers['x-forwarded-host'] ?? 'none',
    language: headers['accept-language'] ?? 'none',
    callback: request.query['callback'] ?? 'none',
  };
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Careless {
  @Get('me')
  @Header('Cache-Control', 'max-age=60')
  me(@Req() request: Asked): object {
    return echo(request);
  }

  /** Answers with the headers that the query lists, such as `h=Vary: *`. */
  @Get('with')
  with(@Req() request: Asked, @Res({ passthrough: true }) reply: Reply): object {
    const fields = new Map<string, string[]>();
    for (const line of [request.query['h'] ?? []].flat()) {
      const [name, value] = line.split(/: ?(.*)/s) as [string, string];
      fields.set(name, [...(fields.get(name) ?? []), value]);
    }
    for (const [name, values] of fields) {
      reply.header(name, values.length === 1 ? values[0] : values);
    }
    const { status } = request.query;
    if (status !== undefined) reply.status(Number(status));
    return echo(request);
  }

  @Get('range')
  range(@Req() request: Asked): string {
    return request.headers.range === undefined ? JSON.stringify(echo(request)) : 'a';
  }

  @Post('write')
  @CacheKey('write')
  @Header('Cache-Control', 'max-age=60')
  @HttpCode(200)
  write(@Req() request: Asked): object {
    return echo(request);
  }

  @All('any')
  @CacheKey('any')
  @Header('Cache-Control', 'max-age=60')
  any(@Req() request: Asked): object {
    return { ...echo(request), method: request.method };
  }

  @Get('key/:id')
  @CacheKey('one')
  one(@Param('id') id: string, @Req() request: Asked): object {
    return { ...echo(request), id };
  }

  @Get('users')
  @CacheKey('list')
  users(@Req() request: Asked): object {
    return { ...echo(request), list: 'users' };
  }

  @Get('items')
  @CacheKey('list')
  items(@Req() request: Asked): object {
    return { ...echo(request), list: 'items' };
  }

  @Get('static/:file')
  files(@Req() request: Asked): object {
    return echo(request);
  }

  @Get('me/:file')
  private(@Req() request: Asked, @Res({ passthrough: true }) reply: Reply): object {
    reply.header('Cache-Control', 'private');
    return echo(request);
  }
}

@Controller({ path: 'v', version: '1' })
@UseInterceptors(CacheInterceptor)
class First {
  @Get()
  get(): object {
    return { api: 1, run: ++runs };
  }
}

@Controller({ path: 'v', version: ['2', '3'] })
@UseInterceptors(CacheInterceptor)
class Second {
  @Get()
  get(@Req() request: Asked): object {
    return { api: request.headers['x-version'], run: ++runs };
  }
}

@Controller({ path: 'tenant', host: 'a.example' })
@UseInterceptors(CacheInterceptor)
class TenantA {
  @Get()
  get(): string {
    return 'tenant A';
  }
}

@Controller({ path: 'tenant', host: 'b.example' })
@UseInterceptors(CacheInterceptor)
class TenantB {
  @Get()
  get(): string {
    return 'tenant B';
  }
}

const query = (...lines: string[]): string =>
  `/with?t=${runs}&${lines.map((line) => `h=${encodeURIComponent(line)}`).join('&')}`;

const part = (answer: Answer, name: string): unknown =>
  (JSON.parse(answer.body) as Record<string, unknown>)[name];

describe.each(PLATFORMS)('the response cache is safe, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Careless);
  });

  afterAll(async () => {
    await http.close();
  });

  async function items(): Promise<number> {
    const [stats] = await http.cache.stats();
    return stats!.items!;
  }

  async function handlerRunsTwice(path: string): Promise<void> {
    const stored = await items();
    const first = await http.ask(path);
    const second = await http.ask(path);

    expect([part(second, 'run'), second.cache]).toEqual([
      (part(first, 'run') as number) + 1,
      'BYPASS',
    ]);
    expect(await items()).toBe(stored);
  }

  async function who(authorization?: string): Promise<unknown> {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return part(await http.ask('/me', { headers }), 'who');
  }

  async function id(path: string, host = 'a.example'): Promise<unknown[]> {
    const answer = await http.ask(path, { headers: { Host: host } });
    return [answer.cache, part(answer, 'id'), part(answer, 'host')];
  }

  describe('about who asks', () => {
    it('gives no answer for one Authorization to another [W1 H1]', async () => {
      const stored = await items();
      expect(await who('alice')).toBe('alice');
      expect(await who('bob')).toBe('bob');
      expect(await items()).toBe(stored);
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
      const path = query('Vary: Authorization, Cookie', 'Cache-Control: max-age=60');
      await http.ask(path);

      const bob = await http.ask(path, { headers: { Authorization: 'bob' } });
      const visitor = await http.ask(path, { headers: { Cookie: 'sid=1' } });

      expect(part(bob, 'who')).toBe('bob');
      expect(part(visitor, 'who')).toBe('sid=1');
    });
  });

  describe('about what an answer says', () => {
    it.each([
      ['Set-Cookie: sid=1', 'H4'],
      ['Cache-Control: NO-STORE', 'H6'],
      ['Cache-Control: max-age=60 , no-store', 'H6'],
      ['Cache-Control: private', 'W4 H7'],
      ['Cache-Control: Private', 'H7'],
      ['Cache-Control: private="x"', 'H7'],
      ['Cache-Control: private=""', 'H7'],
      ['Cache-Control: private , private="a"', 'H7'],
      ['Cache-Control: private = "authorization"', 'H7'],
      ['Cache-Control: private=" authorization"', 'H7'],
      ['Cache-Control: no-cache, max-age=60', 'H8'],
      ['Cache-Control: no-cache="a", max-age=60', 'H8'],
      ['Cache-Control: max-age=abc', 'H9'],
      ['Cache-Control: max-age=-1', 'H9'],
      ['Cache-Control: max-age="60"', 'H9'],
      ['Cache-Control: max-age=60, max-age=0', 'H9'],
      ['Cache-Control: no-cache="a, no-store', 'H9'],
      ['Vary: *', 'H10'],
      ['Vary: Accept, *', 'H10'],
      ['Vary: co okie', 'H12'],
      ["Content-Security-Policy: script-src 'nonce-abc'", 'V3'],
      ['Access-Control-Allow-Origin: https://a.example', 'V2'],
      ['WWW-Authenticate: Basic', 'V1'],
      ['Content-Range: bytes 0-0/10', 'H15'],
      ['Expires: 0', 'H9'],
    ])('stores none that says %s [%s]', async (line) => {
      await handlerRunsTwice(query(line));
    });

    it('stores none that says no-store in the second of two lines [H6]', async () => {
      await handlerRunsTwice(query('Cache-Control: max-age=60', 'Cache-Control: no-store'));
    });

    it.each([201, 206, 302, 307, 400, 401, 403, 404, 410, 412, 429, 431, 500, 503])(
      'stores no %d [H14]',
      async (status) => {
        await handlerRunsTwice(`${query('Cache-Control: public, max-age=60')}&status=${status}`);
      },
    );

    it('keeps nothing of a hop, of a connection or of a trace [V1]', async () => {
      const path = query(
        'Connection: X-Hop',
        'X-Hop: 1',
        'X-Request-Id: 1',
        'RateLimit-Limit: 1',
        'X-End: 1',
      );
      await http.ask(path);

      const hit = await http.ask(path);

      expect(hit.cache).toBe('HIT');
      expect(hit.headers['x-end']).toBe('1');
      for (const name of ['x-hop', 'x-request-id', 'ratelimit-limit']) {
        expect(hit.headers).not.toHaveProperty(name);
      }
    });
  });

  describe('about what varies', () => {
    it('keeps one page for each language [W3]', async () => {
      const path = query('Vary: Accept-Language');
      const inLanguage = async (language: string): Promise<unknown[]> => {
        const answer = await http.ask(path, { headers: { 'Accept-Language': language } });
        return [answer.cache, part(answer, 'language')];
      };

      expect(await inLanguage('fr')).toEqual(['MISS', 'fr']);
      expect(await inLanguage('de')).toEqual(['MISS', 'de']);
      expect(await inLanguage('fr')).toEqual(['HIT', 'fr']);
      expect(await inLanguage('de')).toEqual(['HIT', 'de']);
    });

    it.each<[string, string, object, object]>([
      ['missing and empty', 'Vary: X-A', {}, { 'X-A': '' }],
      [
        'ab and c from a and bc',
        'Vary: X-A, X-B',
        { 'X-A': 'ab', 'X-B': 'c' },
        { 'X-A': 'a', 'X-B': 'bc' },
      ],
      ['a value here from there', 'Vary: X-A, X-B', { 'X-A': 'x' }, { 'X-B': 'x' }],
      ['one line from two', 'Vary: X-A', { 'X-A': 'a, b' }, { 'X-A': ['a', 'b'] }],
      ['spelt with blanks', 'Vary:  X-A ', { 'X-A': 'a' }, { 'X-A': 'b' }],
    ])('tells apart %s [H12 H13]', async (_what, line, one, other) => {
      const path = query(line);
      const first = await http.ask(path, { headers: one as never });

      const second = await http.ask(path, { headers: other as never });
      const again = await http.ask(path, { headers: one as never });

      expect(second.cache).toBe('MISS');
      expect(again).toMatchObject({ cache: 'HIT', body: first.body });
    });

    it('keeps at most 32 pages of a URL, whatever the clients send [K7]', async () => {
      const path = query('Vary: Accept-Language');
      const stored = await items();
      for (let index = 0; index < 60; index += 1) {
        await http.ask(path, { headers: { 'Accept-Language': `x-${index}` } });
      }

      expect(await items()).toBe(stored + 33);
    });

    it('gives each origin its own answer if the handler names one [V2]', async () => {
      const path = query('Access-Control-Allow-Origin: https://a.example', 'Vary: Origin');
      await http.ask(path, { headers: { Origin: 'https://a.example' } });

      const other = await http.ask(path, { headers: { Origin: 'https://b.example' } });
      const same = await http.ask(path, { headers: { Origin: 'https://a.example' } });

      expect([other.cache, same.cache]).toEqual(['MISS', 'HIT']);
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
        expect(await http.ask(path, { headers })).toMatchObject({ cache: 'HIT', body: first.body });
      }
    });

    it('stores nothing for a request that says no-store [H6]', async () => {
      const path = `/me?t=${runs}`;
      const first = await http.ask(path, { headers: { 'Cache-Control': 'No-Store' } });

      expect([first.cache, (await http.ask(path)).cache]).toEqual(['BYPASS', 'MISS']);
    });
  });

  describe('about the key', () => {
    it('tells hosts apart [W6 K1]', async () => {
      const path = `/me?t=${runs}`;
      const of = (host: string): Promise<Answer> => http.ask(path, { headers: { Host: host } });

      expect(part(await of('a.example'), 'host')).toBe('a.example');
      expect(part(await of('b.example'), 'host')).toBe('b.example');
      expect(part(await of('a.example:8080'), 'host')).toBe('a.example:8080');
      expect(await of('a.example')).toMatchObject({ cache: 'HIT' });
    });

    it('gives no answer that was made for a forwarded host to others [K2]', async () => {
      const path = `/me?t=${runs}`;
      await http.ask(path, { headers: { 'X-Forwarded-Host': 'evil' } });

      expect(part(await http.ask(path), 'forwardedHost')).toBe('none');
      expect(part(await http.ask(path, { headers: { Forwarded: 'host=evil' } }), 'run')).toBe(runs);
    });

    it('takes the query as it stands [K4]', async () => {
      await http.ask('/me?utm_content=foo;callback=evil');
      await http.ask('/me?utm_content=foo&callback=evil');

      expect(part(await http.ask('/me?utm_content=foo'), 'callback')).toBe('none');
      expect((await http.ask('/me?b=1&a=1')).cache).toBe('MISS');
      expect((await http.ask('/me?a=1&b=1')).cache).toBe('MISS');
    });

    it('takes the path as it stands, and believes no extension [K3]', async () => {
      const paths = [
        '/me/x.css',
        '/me/%2e%2e/static/a.css',
        '/me/..%2fstatic%2fa.css',
        '/me/%00.css',
        '/me/x;y.css',
        '/me/%0a.js',
        '/static/..%2fme%2fx.css',
        '/static/x.css',
      ];
      const served: (string | undefined)[] = [];
      for (const path of paths) {
        await http.ask(path, { headers: { Authorization: 'alice' } });
        const answer = await http.ask(path);
        if (answer.status === 200) expect(part(answer, 'who')).toBe('anonymous');
        served.push((await http.ask(path)).cache);
      }

      expect(served.slice(0, 6).filter((cache) => cache === 'HIT')).toEqual([]);
      expect(served[7]).toBe('HIT');
    });

    it('completes @CacheKey() by parameters, query and host [W9]', async () => {
      expect(await id('/key/1')).toEqual(['MISS', '1', 'a.example']);
      expect(await id('/key/2')).toEqual(['MISS', '2', 'a.example']);
      expect(await id('/key/1?x=1')).toEqual(['MISS', '1', 'a.example']);
      expect(await id('/key/1', 'b.example')).toEqual(['MISS', '1', 'b.example']);
      expect(await id('/key/1')).toEqual(['HIT', '1', 'a.example']);
    });

    it('gives no handler the pages of another that bears the same @CacheKey()', async () => {
      expect(part(await http.ask('/users'), 'list')).toBe('users');
      expect(part(await http.ask('/items'), 'list')).toBe('items');
    });

    it('serves nothing that a service stored [W10]', async () => {
      const service = http.app.get(CacheService);
      await http.ask('/static/w10');
      const hit = await http.ask('/static/w10');
      expect(hit.cache).toBe('HIT');
      const value = { token: 'secret stored by a service' };
      const forged = encodePage('page:x', {
        status: 200,
        fields: [],
        removed: [],
        storedAt: 0,
        age: 0,
        body: Buffer.from('evil'),
      });
      for (const key of ['/static/w10-2', 'page:/static/w10-2', 'GET /static/w10-2']) {
        await service.set(key, value);
        await service.set(`${key}-bytes`, forged);
      }

      const answer = await http.ask('/static/w10-2');

      expect(answer.cache).toBe('MISS');
      expect(answer.body).not.toMatch(/secret|evil/);
    });
  });
});

describe.each(PLATFORMS)('routes of one URL, on %s', (platform) => {
  const start = (configure: (app: INestApplication) => void): Promise<HttpApp> =>
    startApp(platform, { controllers: [First, Second], configure });

  it.each([
    ['a header', { type: VersioningType.HEADER, header: 'X-Version' } as const],
    [
      'a function',
      {
        type: VersioningType.CUSTOM,
        extractor: (request: unknown) => String((request as Asked).headers['x-version'] ?? ''),
      } as const,
    ],
  ])('have pages of their own for each version by %s [W5]', async (_how, versioning) => {
    const http = await start((app) => app.enableVersioning(versioning));
    const api = async (version: string): Promise<unknown[]> => {
      const answer = await http.ask('/v', { headers: { 'X-Version': version } });
      return [answer.cache, String(part(answer, 'api'))];
    };

    const seen = [await api('1'), await api('2'), await api('3'), await api('1'), await api('3')];
    await http.close();

    expect(seen).toEqual([
      ['MISS', '1'],
      ['MISS', '2'],
      ['MISS', '3'],
      ['HIT', '1'],
      ['HIT', '3'],
    ]);
  });

  it('have pages of their own for each version by media type [W5]', async () => {
    const http = await start((app) =>
      app.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=' }),
    );
    const api = async (version: string): Promise<string> =>
      (await http.ask('/v', { headers: { Accept: `application/json;v=${version}` } })).body;

    const [one, two] = [await api('1'), await api('2')];
    await http.close();

    expect(JSON.parse(one)).toMatchObject({ api: 1 });
    expect(JSON.parse(two)).not.toMatchObject({ api: 1 });
  });
});

// Fastify has one route for a URL, whatever the host.
describe('controllers of one URL and several hosts, on express', () => {
  it('have pages of their own [W6]', async () => {
    const http = await startApp('express', { controllers: [TenantA, TenantB] });
    const tenant = async (host: string): Promise<string> =>
      (await http.ask('/tenant', { headers: { Host: host } })).body;

    const seen = [await tenant('a.example'), await tenant('b.example'), await tenant('a.example')];
    await http.close();

    expect(seen).toEqual(['tenant A', 'tenant B', 'tenant A']);
  });
});

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
