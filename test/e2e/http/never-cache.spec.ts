import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, CachePage, NeverCache } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

const NEVER = 'max-age=0, no-cache, no-store, must-revalidate, private';

@Controller()
@UseInterceptors(CacheInterceptor)
class OnClass {
  @Get()
  @CachePage(60)
  page(): string {
    return 'page';
  }

  @Get('live')
  @NeverCache()
  live(): string {
    return 'live';
  }

  @Post('login')
  @NeverCache()
  login(): string {
    return 'token';
  }
}

@Controller()
class OnMethods {
  @Get()
  @CachePage(60)
  page(): string {
    return 'page';
  }

  @Get('live')
  @NeverCache()
  live(): string {
    return 'live';
  }

  @Post('login')
  @NeverCache()
  login(): string {
    return 'token';
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('@NeverCache(), on %s', (platform) => {
  it.each([
    ['a class that bears the interceptor', OnClass],
    ['a class whose handlers bear it one by one', OnMethods],
  ])('is told to browsers for reads and writes, beside @CachePage() in %s', async (_, pages) => {
    http = await startController(platform, pages);

    const answers = [await http.ask('/live'), await http.ask('/login', { method: 'POST' })];

    expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([NEVER, NEVER]);
  });
});
