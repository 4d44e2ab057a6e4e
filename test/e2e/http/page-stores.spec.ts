import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { CachePage, CacheRegistry, type CacheModuleOptions } from 'nestjs-cache-framework';
import { PLATFORMS, cachesOf, startController, type HttpApp } from './http-app.js';

const URLS = process.env['HEAVY'] ? 20_000 : 120;

@Controller()
class Pages {
  @Get('page')
  @CachePage(60)
  page(): string {
    return 'page';
  }

  @Get('apart')
  @CachePage(60, { cache: 'apart' })
  apart(): string {
    return 'apart';
  }

  @Get('prefixed')
  @CachePage(60, { keyPrefix: 'shop-b' })
  prefixed(): string {
    return 'prefixed';
  }
}

@Controller()
class OnePage {
  @Get('page')
  @CachePage(60)
  page(): string {
    return 'page';
  }
}

const apps: HttpApp[] = [];

afterEach(async () => {
  await Promise.all(apps.splice(0).map((http) => http.close()));
});

async function start(
  cache: CacheModuleOptions,
  platform: (typeof PLATFORMS)[number] = 'express',
  controller: new () => object = OnePage,
): Promise<HttpApp> {
  const http = await startController(platform, controller, { cache });
  apps.push(http);
  return http;
}

async function itemsOf(http: HttpApp, alias: string): Promise<number> {
  const [stats] = await http.app.get(CacheRegistry).get(alias).stats();
  return stats!.items!;
}

const small = { options: { maxEntries: 50 } };
const flood = Array.from({ length: URLS }, (_, index) => `/page?x=${index}`);

describe.each(PLATFORMS)('the cache of pages, on %s', (platform) => {
  it.each<[string, CacheModuleOptions]>([
    ['one cache', small],
    ['one cache by URL', { url: 'memory://?maxEntries=50' }],
    ['the default of several', { caches: { default: small, other: small } }],
    ['a cache "pages" that names no place', { caches: { default: {}, pages: small } }],
    [
      'one by URL that names none',
      { caches: { default: {}, pages: { url: 'memory://?maxEntries=50' } } },
    ],
  ])('evicts nothing else in memory, however many URLs there are: %s', async (_what, options) => {
    const http = await start(options, platform);
    await http.cache.set('session', 'kept');

    await cachesOf(http, flood);

    expect(await http.cache.get('session')).toBe('kept');
    expect(await itemsOf(http, 'default')).toBe(1);
    expect(await itemsOf(http, 'pages')).toBe(50);
  });

  it('is the one that is told', async () => {
    const http = await start(
      {
        caches: { default: {}, apart: {}, other: { location: 'other' } },
        http: { cache: 'other' },
      },
      platform,
      Pages,
    );

    await cachesOf(http, ['/page', '/apart']);

    expect(await itemsOf(http, 'other')).toBeGreaterThan(0);
    expect(http.app.get(CacheRegistry).aliases()).toEqual(['default', 'apart', 'other']);
  });

  it('is for one route the one that the route names', async () => {
    const http = await start(
      { caches: { default: {}, apart: { location: 'apart' } } },
      platform,
      Pages,
    );
    await cachesOf(http, ['/apart', '/page']);

    await http.app.get(CacheRegistry).get('apart').clear();

    expect(await cachesOf(http, ['/apart', '/page'])).toEqual(['MISS', 'HIT']);
  });

  it('is cleared by itself, without the values of services', async () => {
    const http = await start({}, platform);
    await http.cache.set('session', 'kept');
    await http.ask('/page');

    await http.pages.clear();

    expect(await http.cache.get('session')).toBe('kept');
    expect((await http.ask('/page')).cache).toBe('MISS');
  });
});

/** The keys that are looked for. */
const keysOf = async (http: HttpApp, path: string): Promise<string[]> => {
  const keys: string[] = [];
  const cache: { get(key: string, ...rest: unknown[]): Promise<unknown> } = http.app
    .get(CacheRegistry)
    .get('shared');
  const get = cache.get.bind(cache);
  cache.get = (key, ...rest) => {
    keys.push(key);
    return get(key, ...rest);
  };
  await http.ask(path, { headers: { Host: 'shop.example' } });
  return [...new Set(keys)];
};

const shared = (keyPrefix?: string): CacheModuleOptions => ({
  caches: { default: {}, apart: {}, shared: { location: 'shared' } },
  http: { cache: 'shared', keyPrefix },
});

describe('applications that share a cache', () => {
  it('have the same pages without a prefix, and pages of their own with one', async () => {
    const plain = await keysOf(await start(shared()), '/page');
    const same = await keysOf(await start(shared()), '/page');
    const first = await keysOf(await start(shared('shop-a')), '/page');
    const second = await keysOf(await start(shared('shop-b')), '/page');

    expect(same).toEqual(plain);
    expect(new Set([...plain, ...first, ...second]).size).toBe(3);
  });

  it('have in a route’s own prefix one that wins over the application’s', async () => {
    const route = await keysOf(await start(shared('shop-a'), 'express', Pages), '/prefixed');
    const other = await keysOf(await start(shared('shop-c'), 'express', Pages), '/prefixed');

    expect(other).toEqual(route);
  });
});
