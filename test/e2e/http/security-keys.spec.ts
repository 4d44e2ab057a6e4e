import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Req,
  UseInterceptors,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { CacheInterceptor, CacheService } from 'nestjs-cache-framework';
import { encodePage } from '../../../lib/http/stored-page.js';
import { Careless, nextRun, part, runs, type Asked } from './careless.controller.js';
import { PLATFORMS, startApp, startController, type Answer, type HttpApp } from './http-app.js';

@Controller({ path: 'v', version: '1' })
@UseInterceptors(CacheInterceptor)
class First {
  @Get()
  get(): object {
    return { api: 1, run: nextRun() };
  }
}

@Controller({ path: 'v', version: ['2', '3'] })
@UseInterceptors(CacheInterceptor)
class Second {
  @Get()
  get(@Req() request: Asked): object {
    return { api: request.headers['x-version'], run: nextRun() };
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

describe.each(PLATFORMS)('the response cache is safe about keys, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Careless);
  });

  afterAll(async () => {
    await http.close();
  });

  async function id(path: string, host = 'a.example'): Promise<unknown[]> {
    const answer = await http.ask(path, { headers: { Host: host } });
    return [answer.cache, part(answer, 'id'), part(answer, 'host')];
  }

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
        date: new Date(0).toUTCString(),
        storedAt: 0,
        age: 0,
        freshUntil: null,
        stale: { whileRevalidate: 0, ifError: 0 },
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
