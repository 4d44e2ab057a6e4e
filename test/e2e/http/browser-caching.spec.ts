import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, HttpException, NotFoundException, Res } from '@nestjs/common';
import {
  CacheControl,
  CacheInterceptor,
  CachePage,
  NeverCache,
  type HttpOptions,
} from 'nestjs-cache-framework';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { moveTime } from './time.js';

@Controller()
class Pages {
  @Get('plain')
  @CachePage(60)
  plain(): string {
    return 'plain';
  }

  @Get('for-ever')
  @CachePage(null)
  forEver(): string {
    return 'for ever';
  }

  @Get('max-age')
  @CachePage(60)
  @Header('Cache-Control', 'max-age=30')
  maxAge(): string {
    return 'max-age';
  }

  @Get('longer')
  @CachePage(60)
  @Header('Cache-Control', 'public, max-age=90, s-maxage=120')
  longer(): string {
    return 'longer';
  }

  @Get('expires')
  @CachePage(60)
  expires(@Res({ passthrough: true }) reply: { header(n: string, v: string): unknown }): string {
    reply.header('Expires', new Date(Date.now() + 30_500).toUTCString());
    return 'expires';
  }

  @Get('bypassed')
  @CachePage(60)
  @Header('Cache-Control', 'private, max-age=5')
  bypassed(): string {
    return 'bypassed';
  }

  @Get('control')
  @CacheControl({ public: true, maxAge: '5m', noTransform: true })
  control(): string {
    return 'control';
  }

  @Get('smaller')
  @CacheControl({ maxAge: '5m' })
  @Header('Cache-Control', 'no-transform, max-age=10')
  smaller(): string {
    return 'smaller';
  }

  @Get('failing')
  @CacheControl({ public: true, maxAge: '5m' })
  failing(): never {
    throw new NotFoundException();
  }

  @Get('refused')
  @CachePage(60)
  @CacheControl({ public: true, maxAge: '5m' })
  refused(): never {
    throw new HttpException('no', 503);
  }

  @Get('private')
  @CacheControl({ private: true })
  @CachePage(60)
  private(): string {
    return 'private';
  }

  @Get('stale')
  @CacheControl({ staleIfError: 60 })
  @CachePage(10)
  stale(): string {
    return 'stale';
  }

  @Get('never')
  @NeverCache()
  @CacheControl({ public: true, maxAge: 60 })
  never(): string {
    return 'never';
  }

  @Get('never-inside')
  @CacheControl({ public: true, maxAge: 60 })
  @NeverCache()
  neverInside(): string {
    return 'never';
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

/** What is said of a page, on a miss and on a hit alike. */
async function controlOf(path: string): Promise<unknown> {
  const answers = [await http.ask(path), await http.ask(path)];
  expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT']);
  const [miss, hit] = answers.map(({ headers }) => headers['cache-control']);
  expect(hit).toBe(miss);
  return hit;
}

describe.each(PLATFORMS)('what browsers are told, on %s', (platform) => {
  const start = async (options: HttpOptions = {}): Promise<void> => {
    http = await startController(platform, Pages, {
      cache: { http: options },
      providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }],
    });
  };

  it('is to ask each time by default, which is a 304 while nothing has changed', async () => {
    await start();

    expect(await controlOf('/plain')).toEqual('max-age=0, must-revalidate');
    expect(await controlOf('/for-ever')).toEqual('max-age=0, must-revalidate');
    const { etag, age } = (await http.ask('/plain')).headers;
    expect(await http.ask('/plain', { headers: { 'If-None-Match': etag! } })).toMatchObject({
      status: 304,
      headers: { 'cache-control': 'max-age=0, must-revalidate', age },
    });
  });

  it.each<[HttpOptions, string]>([
    [{ browserMaxAge: 30 }, 'max-age=30'],
    [{ browserMaxAge: '2m' }, 'max-age=60'],
    [{ browserMaxAge: 'same' }, 'max-age=60'],
    [{ sMaxAge: 30 }, 'max-age=0, must-revalidate, s-maxage=30'],
    [{ sMaxAge: '2m', browserMaxAge: 5 }, 'max-age=5, s-maxage=60'],
  ])('is with %j "%s"', async (options, control) => {
    await start(options);

    expect(await controlOf('/plain')).toEqual(control);
  });

  it.each<[HttpOptions, number, string]>([
    [{ browserMaxAge: 30 }, 20, 'max-age=50'],
    [{ browserMaxAge: 30 }, 45, 'max-age=60'],
    [{ sMaxAge: 30 }, 20, 'max-age=0, must-revalidate, s-maxage=50'],
    [{ sMaxAge: '2m', browserMaxAge: 5 }, 20, 'max-age=25, s-maxage=60'],
  ])(
    'counts with %j from when it is sent, and no longer than the page lives here: after %i s "%s"',
    async (options, seconds, control) => {
      await start(options);
      const time = moveTime();
      await http.ask('/plain');
      time.at(seconds);

      const { headers, cache } = await http.ask('/plain');
      const { etag } = headers;
      const held = await http.ask('/plain', { headers: { 'If-None-Match': etag! } });
      time.end();

      expect(cache).toBe('HIT');
      expect([headers['age'], headers['cache-control']]).toEqual([String(seconds), control]);
      expect([held.status, held.headers['cache-control']]).toEqual([304, control]);
    },
  );

  it('stays on a hit what the page says itself', async () => {
    await start({ browserMaxAge: 5, sMaxAge: 5 });
    const time = moveTime();
    await http.ask('/longer');
    time.at(20);

    const { headers, cache } = await http.ask('/longer');
    time.end();

    expect([cache, headers['cache-control']]).toEqual(['HIT', 'public, max-age=60, s-maxage=60']);
  });

  it('is for ever a year, as Django has it', async () => {
    await start({ browserMaxAge: 'same' });

    expect(await controlOf('/for-ever')).toEqual('max-age=31536000');
    expect((await http.ask('/for-ever')).headers['expires']).toMatch(/GMT$/);
  });

  it('is what the page says itself, but no longer than it lives here', async () => {
    await start({ browserMaxAge: 5 });

    expect(await controlOf('/max-age')).toEqual('max-age=30');
    expect(await controlOf('/longer')).toEqual('public, max-age=60, s-maxage=60');
    expect(await controlOf('/expires')).toBeUndefined();
  });

  it('is left alone where the answer is no page', async () => {
    await start({ browserMaxAge: 5, sMaxAge: 5 });

    expect((await http.ask('/bypassed')).headers['cache-control']).toBe('private, max-age=5');
  });

  it('is what @CacheControl() adds, of two lifetimes the smaller one', async () => {
    await start();

    expect((await http.ask('/control')).headers['cache-control']).toBe(
      'public, max-age=300, no-transform',
    );
    expect((await http.ask('/smaller')).headers['cache-control']).toBe('no-transform, max-age=10');
  });

  it('is nothing that @CacheControl() says of an answer to an error', async () => {
    await start();

    expect((await http.ask('/failing')).headers).not.toHaveProperty('cache-control');
    expect((await http.ask('/refused')).headers).not.toHaveProperty('cache-control');
  });

  it('makes no page of what @CacheControl() calls private', async () => {
    await start();

    const answers = [await http.ask('/private'), await http.ask('/private')];

    expect(answers.map(({ cache }) => cache)).toEqual(['BYPASS', 'BYPASS']);
    expect(answers[1]!.headers['cache-control']).toBe('private');
  });

  it('lets what @CacheControl() says of stale pages count here too', async () => {
    await start();

    expect(await controlOf('/stale')).toEqual('stale-if-error=60, max-age=0');
  });

  it.each(['/never', '/never-inside'])(
    'is under @NeverCache() to keep nothing, whatever else says: %s',
    async (path) => {
      await start();

      const { headers, cache } = await http.ask(path);

      expect(cache).toBe('BYPASS');
      expect(headers['cache-control']).toBe(
        'max-age=0, no-cache, no-store, must-revalidate, private',
      );
    },
  );
});
