import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { moveTime, until, type MovedTime } from './time.js';

let runs = 0;

@Controller()
class Pages {
  @Get('page')
  @UseInterceptors(CacheInterceptor)
  page(): object {
    return { run: ++runs };
  }

  @Get('renewed')
  @CachePage(10, { staleWhileRevalidate: 60 })
  renewed(): object {
    return { run: ++runs };
  }
}

let http: HttpApp;
let time: MovedTime;

beforeEach(() => {
  runs = 0;
  time = moveTime();
});

afterEach(async () => {
  time.end();
  await http.close();
});

describe.each(PLATFORMS)('how old pages are, on %s', (platform) => {
  beforeEach(async () => {
    http = await startController(platform, Pages);
  });

  it('W24: a page past its time is sent at once and made anew in the background', async () => {
    await http.ask('/renewed');
    time.at(15);

    const stale = await http.ask('/renewed');
    await until(() => http.stored() === 2);
    const fresh = await http.ask('/renewed');

    expect([stale.cache, stale.body]).toEqual(['STALE', '{"run":1}']);
    expect([fresh.cache, fresh.body]).toEqual(['HIT', '{"run":2}']);
    expect(runs).toBe(2);
  });

  it('W37: clients are told how old a page is, and how long they may keep it', async () => {
    const miss = await http.ask('/page');
    time.at(15);
    const hit = await http.ask('/page');

    expect(miss.headers).not.toHaveProperty('age');
    expect(miss.headers['cache-control']).toBe('max-age=0, must-revalidate');
    expect(hit.headers).toMatchObject({
      age: '15',
      date: miss.headers.date,
      'cache-control': 'max-age=0, must-revalidate',
    });
  });

  it('W37: a client that says no-cache gets the whole page from the cache, and takes it from nobody', async () => {
    await http.ask('/page');
    const { etag } = (await http.ask('/page')).headers;

    const reload = await http.ask('/page', {
      headers: { 'Cache-Control': 'no-cache', Pragma: 'no-cache', 'If-None-Match': etag! },
    });

    expect(reload).toMatchObject({ status: 200, cache: 'HIT', body: '{"run":1}' });
    expect(runs).toBe(1);
  });
});
