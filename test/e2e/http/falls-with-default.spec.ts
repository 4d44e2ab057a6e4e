import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { cachesOf, startController, type HttpApp, type HttpAppOptions } from './http-app.js';

@Controller()
class News {
  @Get('news')
  @CachePage('15m', { tags: ['news'] })
  news(): string {
    return 'news';
  }
}

const OWN = { caches: { default: {}, pages: { location: 'apart' } } };

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

async function start(cache?: HttpAppOptions['cache']): Promise<void> {
  http = await startController('express', News, cache ? { cache } : {});
  await http.ask('/news');
}

describe('pages beside the cache "default"', () => {
  it.each([
    ['in a store of their own in memory', undefined],
    ['in a cache of the application', OWN],
  ])('fall with a tag that is invalidated there: %s', async (_where, cache) => {
    await start(cache);

    await http.cache.invalidateTags('news');

    expect(await cachesOf(http, ['/news', '/news'])).toEqual(['MISS', 'HIT']);
  });

  it('fall with its namespaces for no tag of that name', async () => {
    await start();

    await http.cache.namespace('shop').invalidateTags('news');

    expect(await cachesOf(http, ['/news'])).toEqual(['HIT']);
  });

  it('are cleared with it where they are a part of it', async () => {
    await start();

    await http.cache.clear();

    expect(await cachesOf(http, ['/news', '/news'])).toEqual(['MISS', 'HIT']);
  });

  it('stay when it is cleared where the application keeps them apart', async () => {
    await start(OWN);

    await http.cache.clear();

    expect(await cachesOf(http, ['/news'])).toEqual(['HIT']);
  });

  it('take none of its places', async () => {
    await start();

    expect((await http.cache.stats())[0]!.items).toBe(0);
  });
});
