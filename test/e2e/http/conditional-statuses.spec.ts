import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, HttpCode, NotFoundException } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

@Controller()
class Pages {
  @Get('missing')
  @CachePage(60)
  missing(): never {
    throw new NotFoundException();
  }

  @Get('moved')
  @CachePage(60)
  @HttpCode(301)
  @Header('Location', '/there')
  @Header('Last-Modified', 'Sun, 01 Nov 2026 00:00:00 GMT')
  moved(): string {
    return 'moved';
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('conditions of a request, on %s', (platform) => {
  it.each([
    ['/missing', 404, { 'If-None-Match': '*' }],
    ['/moved', 301, { 'If-None-Match': '*' }],
    ['/moved', 301, { 'If-Modified-Since': 'Sun, 01 Nov 2026 00:00:00 GMT' }],
  ] as const)(
    'do not count where the answer is no success, hit or miss: %s, %i, %j',
    async (path, status, headers) => {
      http = await startController(platform, Pages, {
        cache: { http: { statuses: [200, 301, 404] } },
      });

      const answers = [await http.ask(path, { headers }), await http.ask(path, { headers })];

      expect(answers.map((answer) => [answer.status, answer.cache])).toEqual([
        [status, 'MISS'],
        [status, 'HIT'],
      ]);
      expect(answers[1]!.body).toBe(answers[0]!.body);
    },
  );
});
