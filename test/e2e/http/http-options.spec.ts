import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Logger, Module, Param, Res, type Type } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  CacheInterceptor,
  CacheModule,
  CachePage,
  type CacheModuleOptions,
  type HttpOptions,
} from 'nestjs-cache-framework';
import {
  PLATFORMS,
  cachesAt,
  cachesOf,
  startController,
  type HttpApp,
  type HttpAppOptions,
} from './http-app.js';

interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

@Controller()
class Site {
  @Get('plain')
  plain(): string {
    return 'plain';
  }

  @Get('status/:status')
  status(@Param('status') status: string, @Res({ passthrough: true }) reply: Reply): string {
    reply.status(Number(status));
    return `answered ${status}`;
  }

  @Get('short')
  @CachePage(5)
  short(): string {
    return 'short';
  }

  @Get('size/:bytes')
  size(@Param('bytes') bytes: string): string {
    return 'x'.repeat(Number(bytes));
  }
}

@Controller()
class Misled {
  @Get()
  @CachePage(60, { cache: 'pgaes' })
  page(): string {
    return 'page';
  }
}

let http: HttpApp | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

const GLOBAL = { providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }] };

async function start(
  platform: (typeof PLATFORMS)[number],
  options: HttpOptions,
  more: HttpAppOptions = GLOBAL,
): Promise<HttpApp> {
  http = await startController(platform, Site, { ...more, cache: { http: options } });
  return http;
}

describe.each(PLATFORMS)('http options, on %s', (platform) => {
  it('make a global interceptor cache the whole site by a timeout', async () => {
    const site = await start(platform, { timeout: '20s' });

    expect(await cachesAt(site, '/plain', [0, 19, 21])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(site, '/short', [0, 4, 6])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('leave the site alone without one', async () => {
    const site = await start(platform, {});

    expect(await cachesOf(site, ['/plain', '/plain'])).toEqual([undefined, undefined]);
    expect(await cachesOf(site, ['/short', '/short'])).toEqual(['MISS', 'HIT']);
  });

  it('keep pages until they are evicted by a timeout of null, and none by one of 0', async () => {
    expect(await cachesAt(await start(platform, { timeout: null }), '/plain', [0, 1e9])).toEqual([
      'MISS',
      'HIT',
    ]);
    await http!.close();

    expect(await cachesOf(await start(platform, { timeout: 0 }), ['/plain', '/plain'])).toEqual([
      'BYPASS',
      'BYPASS',
    ]);
  });

  it('list the statuses of pages, of which 404 and 410 live a minute at most', async () => {
    const site = await start(platform, { timeout: '1h', statuses: [200, 404, 410, 501] });

    for (const status of [404, 410]) {
      expect(await cachesAt(site, `/status/${status}`, [0, 59, 61])).toEqual([
        'MISS',
        'HIT',
        'MISS',
      ]);
    }
    expect(await cachesAt(site, '/status/501', [0, 3599])).toEqual(['MISS', 'HIT']);
    expect(await site.ask('/status/404')).toMatchObject({ status: 404, body: 'answered 404' });
    expect(await cachesOf(site, ['/status/203', '/status/203'])).toEqual(['BYPASS', 'BYPASS']);
  });

  it('have no 404 among them by default', async () => {
    const site = await start(platform, { timeout: '1h' });

    expect(await cachesOf(site, ['/status/404', '/status/404'])).toEqual(['BYPASS', 'BYPASS']);
    expect(await cachesOf(site, ['/status/203', '/status/203'])).toEqual(['MISS', 'HIT']);
  });

  it('say how large a page may be', async () => {
    const site = await start(platform, { timeout: '1h', maxBodyBytes: 100 });

    const large = [await site.ask('/size/101'), await site.ask('/size/101')];

    expect(await cachesOf(site, ['/size/100', '/size/100'])).toEqual(['MISS', 'HIT']);
    expect(large.map(({ body }) => body.length)).toEqual([101, 101]);
    expect(large[1]!.cache).not.toBe('HIT');
    expect(site.log.said()).toContainEqual(
      expect.stringContaining(
        'Site.size is not cached: the response is larger than http.maxBodyBytes',
      ),
    );
  });

  it('may keep no body at all', async () => {
    const site = await start(platform, { timeout: '1h', maxBodyBytes: 0 });

    expect(await cachesOf(site, ['/plain', '/plain'])).not.toContain('HIT');
    expect((await site.ask('/plain')).body).toBe('plain');
    expect(site.log.said()).toContainEqual(
      expect.stringContaining(
        'Site.plain is not cached: the response is larger than http.maxBodyBytes',
      ),
    );
  });

  it('are warned of where seconds look like milliseconds', async () => {
    const warn = jest.spyOn(Logger, 'warn').mockImplementation(() => {});

    await start(platform, { timeout: 60_000 });

    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('of "timeout" in "http" of CacheModule'), 'CacheModule'],
    ]);
    warn.mockRestore();
  });

  it('may come from a factory', async () => {
    @Module({
      imports: [
        CacheModule.forRootAsync({
          useFactory: () =>
            Promise.resolve({ http: { timeout: '1h', cacheStatus: 'shop' } } as const),
        }),
      ],
      controllers: [Site],
      ...GLOBAL,
    })
    class AppModule {}
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = module.createNestApplication();
    app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    const url = `${await app.getUrl()}/plain`;

    const answers = [await fetch(url), await fetch(url)];
    await app.close();

    expect(answers.map(({ headers }) => headers.get('cache-status'))).toEqual([
      'shop; fwd=miss; stored',
      expect.stringMatching(/^shop; hit; ttl=3[56]\d\d$/),
    ]);
  });

  it('send Cache-Status, with why a page is not cached', async () => {
    const site = await start(platform, { timeout: '1h', cacheStatus: true });

    const bypassed = await site.ask('/plain', { headers: { Authorization: 'a' } });
    const missed = await site.ask('/plain');

    expect(bypassed.headers['cache-status']).toBe(
      'nestjs-cache-framework; fwd=bypass; detail=authorization',
    );
    expect(missed.headers['cache-status']).toBe('nestjs-cache-framework; fwd=miss; stored');
    expect(missed.cache).toBe('MISS');
  });
});

/** What an application with these options does not start for; undefined if it starts. */
async function refusal(
  options: CacheModuleOptions,
  controller: Type<unknown> = Site,
): Promise<unknown> {
  try {
    const module = await Test.createTestingModule({
      imports: [CacheModule.forRoot(options)],
      controllers: [controller],
    }).compile();
    const app = module.createNestApplication();
    app.useLogger(false);
    await app.init();
    await app.close();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('wrong http options', () => {
  it.each<[string, HttpOptions, string, string]>([
    [
      'a value',
      { maxBodyBytes: -1 },
      'CACHE_BAD_OPTION',
      '"maxBodyBytes" in "http" of CacheModule',
    ],
    ['a name', { timeuot: 5 } as never, 'CACHE_UNKNOWN_OPTION', 'Did you mean "timeout"?'],
    ['a cache', { cache: 'pgaes' }, 'CACHE_UNKNOWN_ALIAS', 'No cache named "pgaes".'],
    ['options', 'pages' as never, 'CACHE_BAD_OPTION', '"http" in CacheModule is "pages"'],
  ])('fail the start: %s', async (_what, options, code, message) => {
    const error = await refusal({ http: options });

    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('fail it beside several caches too', async () => {
    const error = await refusal({ caches: { default: {} }, http: { statuses: [500] } });

    expect(error).toMatchObject({ code: 'CACHE_BAD_OPTION' });
  });

  it('are none if there are none', async () => {
    expect(await refusal({ http: {} })).toBeUndefined();
  });

  it('include a cache that a route names and that nobody configured', async () => {
    const error = await refusal({ caches: { default: {}, pages: {} } }, Misled);

    expect(error).toMatchObject({
      code: 'CACHE_UNKNOWN_ALIAS',
      message: expect.stringMatching(
        /^The cache that Misled\.page names in @CachePage\(\) cannot be used: No cache named "pgaes"\. Did you mean "pages"\?/,
      ),
    });
  });
});
