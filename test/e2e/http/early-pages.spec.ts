import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  HttpCode,
  Post,
  UseGuards,
  type CanActivate,
  type INestApplication,
} from '@nestjs/common';
import {
  CachePage,
  PageCache,
  VaryOnCookie,
  VaryOnHeaders,
  type CacheModuleOptions,
} from 'nestjs-cache-framework';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import {
  PLATFORMS,
  cachesOf,
  startController,
  type Answer,
  type HttpApp,
  type Platform,
} from './http-app.js';
import { compresses, decoded } from './real-layers.js';
import { moveTime, until } from './time.js';

let guarded = 0;
let runs = 0;

/** Is asked behind the router only, so that it counts what got there. */
class Counting implements CanActivate {
  canActivate(): boolean {
    guarded += 1;
    return true;
  }
}

const EARLY = { early: true } as const;

@Controller()
@UseGuards(Counting)
class Pages {
  @Get('page')
  @CachePage(60, { early: true, tags: ['news'] })
  page(): string {
    return `run ${++runs} ${'x'.repeat(2000)}`;
  }

  @Get('late')
  @CachePage(60)
  late(): string {
    return `run ${++runs}`;
  }

  @Get('language')
  @CachePage(60, EARLY)
  @VaryOnHeaders('Accept-Language')
  language(): string {
    return `run ${++runs}`;
  }

  @Get('currency')
  @CachePage(60, EARLY)
  @VaryOnCookie('currency')
  currency(): string {
    return `run ${++runs}`;
  }

  @Get('stale')
  @CachePage(10, { early: true, staleWhileRevalidate: 60 })
  stale(): string {
    return `run ${++runs}`;
  }

  @Post('page')
  @HttpCode(200)
  write(): string {
    return 'written';
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
  guarded = 0;
});

afterEach(async () => {
  await http.close();
});

/** How each request was answered, and whether it came as far as the guards. */
async function reached(path: string, requests: Record<string, string>[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const headers of requests) {
    const before = guarded;
    const { cache } = await http.ask(path, { headers });
    seen.push([cache, guarded > before]);
  }
  return seen;
}

describe.each(PLATFORMS)('early pages, on %s', (platform: Platform) => {
  const start = async (
    configure: (app: INestApplication) => unknown = () => undefined,
    cache: CacheModuleOptions = {},
  ): Promise<void> => {
    http = await startController(platform, Pages, { configure, cache });
  };

  it('are sent in front of the router, which is not asked', async () => {
    await start();

    expect(await reached('/page', [{}, {}, {}])).toEqual([
      ['MISS', true],
      ['HIT', false],
      ['HIT', false],
    ]);
    expect(runs).toBe(1);
  });

  it('are those of routes that opted in', async () => {
    await start();

    expect(await reached('/late', [{}, {}])).toEqual([
      ['MISS', true],
      ['HIT', true],
    ]);
  });

  it('are no answer for Authorization, cookies and what else says who asks', async () => {
    await start();
    await http.ask('/page');

    expect(
      await reached('/page', [
        { Authorization: 'a' },
        { Cookie: 'sid=1' },
        { 'X-Api-Key': 'k' },
        { Range: 'bytes=0-1' },
        {},
      ]),
    ).toEqual([...Array(4).fill(['BYPASS', true]), ['HIT', false]]);
  });

  it('are apart by what they vary on', async () => {
    await start();
    const french = { 'Accept-Language': 'fr' };
    const german = { 'Accept-Language': 'de' };

    expect(await reached('/language', [french, german, french, german])).toEqual([
      ['MISS', true],
      ['MISS', true],
      ['HIT', false],
      ['HIT', false],
    ]);
    expect(
      await reached('/currency', [
        { Cookie: 'currency=EUR' },
        { Cookie: 'currency=USD' },
        { Cookie: 'utm=1; currency=EUR' },
      ]),
    ).toEqual([
      ['MISS', true],
      ['MISS', true],
      ['HIT', false],
    ]);
  });

  it('are apart by query, host and forwarding headers', async () => {
    await start();
    await http.ask('/page');

    expect(await reached('/page?x=1', [{}])).toEqual([['MISS', true]]);
    expect(await reached('/page', [{ Host: 'a.example' }])).toEqual([['MISS', true]]);
    expect(await reached('/page', [{ 'X-Forwarded-Host': 'evil.example' }])).toEqual([
      ['MISS', true],
    ]);
  });

  it('bear what the application puts on every answer before', async () => {
    let requests = 0;
    await start(async (app) => {
      app.enableCors({ origin: ['https://a.example', 'https://b.example'] });
      await compresses(app, platform);
      app.use((_request: unknown, response: unknown, next: () => void) => {
        requests += 1;
        (response as { setHeader(name: string, value: string): void }).setHeader(
          'X-Number',
          String(requests),
        );
        next();
      });
    });
    const origins = ['https://a.example', 'https://b.example'];
    const answers: Answer[] = [];
    for (const Origin of [...origins, ...origins]) {
      answers.push(await http.ask('/page', { headers: { Origin, 'Accept-Encoding': 'gzip' } }));
    }
    const [, miss, , hit] = answers as [Answer, Answer, Answer, Answer];

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'HIT', 'HIT']);
    expect(guarded).toBe(2);
    expect(hit.headers).toMatchObject({
      'access-control-allow-origin': 'https://b.example',
      'content-encoding': 'gzip',
      'x-number': '4',
    });
    expect(decoded(hit)).toBe(decoded(miss));
  });

  it('are 304 for who holds them, and answer HEAD', async () => {
    await start();
    await http.ask('/page');
    const { etag } = (await http.ask('/page')).headers;
    const before = guarded;

    const held = await http.ask('/page', { headers: { 'If-None-Match': etag! } });
    const head = await http.ask('/page', { method: 'HEAD' });

    expect(held).toMatchObject({ status: 304, cache: 'HIT', body: '' });
    expect(head).toMatchObject({ status: 200, cache: 'HIT', body: '' });
    expect(guarded).toBe(before);
  });

  it('leave writes alone, which remove them', async () => {
    await start();
    await http.ask('/page');

    expect(await http.ask('/page', { method: 'POST' })).toMatchObject({
      status: 200,
      body: 'written',
    });

    expect(await cachesOf(http, ['/page', '/page'])).toEqual(['MISS', 'HIT']);
  });

  it('are gone once they were invalidated, in every way', async () => {
    await start();
    const pages = http.app.get(PageCache);
    for (const remove of [
      () => pages.invalidate('/page'),
      () => pages.invalidateRoute(Pages, 'page'),
      () => pages.invalidateTags('news'),
      () => http.pages.clear(),
    ]) {
      await cachesOf(http, ['/page', '/page']);

      await remove();

      expect(await reached('/page', [{}])).toEqual([['MISS', true]]);
    }
  });

  it('are left to the interceptor past their time', async () => {
    await start();
    const time = moveTime();
    await http.ask('/stale');
    time.at(15);

    const seen = await reached('/stale', [{}]);
    time.end();

    expect(seen).toEqual([['STALE', true]]);
  });

  it('are left to the router if the cache fails', async () => {
    await start();
    await cachesOf(http, ['/page', '/page']);

    await http.pages.close();

    expect(await http.ask('/page')).toMatchObject({ status: 200 });
    expect(runs).toBe(2);
  });
});

describeWithMemcached('early pages in memcached', () => {
  const servers = memcachedServers();

  afterEach(async () => {
    await servers.stop();
  });

  it.each(PLATFORMS)(
    'are sent, and left to the router if the server is away: %s',
    async (platform) => {
      const server = await servers.start();
      http = await startController(platform, Pages, {
        cache: { backend: 'memcached', location: server.address, options: PATIENT },
      });

      expect(await reached('/page', [{}])).toEqual([['MISS', true]]);
      // Who asks before it is written waits for that behind the router.
      await until(() => http.stored() === 1);
      expect(await reached('/page', [{}])).toEqual([['HIT', false]]);
      await server.stop();

      expect(await http.ask('/page')).toMatchObject({ status: 200 });
      expect(runs).toBe(2);
    },
  );
});
