import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type ExecutionContext } from '@nestjs/common';
import { CacheKey, CachePage, VaryOn } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { moveTime, until, type MovedTime } from './time.js';

const tenantOf = (context: ExecutionContext): string =>
  String(
    context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-tenant'],
  );

let runs = 0;

@Controller()
class Pages {
  @Get('varied')
  @CachePage(10, { staleWhileRevalidate: '1h' })
  @VaryOn(tenantOf)
  varied(): string {
    return `run ${++runs}`;
  }

  @Get('keyed')
  @CachePage(10, { staleWhileRevalidate: '1h' })
  @CacheKey(tenantOf)
  keyed(): string {
    return `run ${++runs}`;
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

describe.each(PLATFORMS)(
  'a page to which no request comes without the visitor, on %s',
  (platform) => {
    it.each(['/varied', '/keyed'])('is made by those who ask past its time: %s', async (path) => {
      http = await startController(platform, Pages);
      const headers = { 'X-Tenant': 'a' };
      await http.ask(path, { headers });

      time.at(15);
      const first = await http.ask(path, { headers });
      await until(() => http.log.said().length > 0);
      const second = await http.ask(path, { headers });
      const third = await http.ask(path, { headers });

      expect([first, second, third].map(({ cache, body }) => [cache, body])).toEqual([
        ['STALE', 'run 1'],
        ['MISS', 'run 2'],
        ['HIT', 'run 2'],
      ]);
      expect(http.log.said()).toEqual([
        expect.stringContaining('cannot be made anew in the background'),
      ]);
    });
  },
);
