import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

@Controller()
class Pages {
  @Get('bytes')
  @CachePage(60, { early: true })
  @Header('Content-Type', 'image/png')
  @Header('Content-Disposition', 'attachment; filename="a.png"')
  bytes(): Buffer {
    return Buffer.from('png');
  }

  @Get('text')
  @CachePage(60, { early: true })
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('X-Robots-Tag', 'noindex')
  text(): string {
    return 'css';
  }
}

const OF_ROUTE = ['content-type', 'content-disposition', 'x-robots-tag'] as const;

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('pages in front of the router, on %s', (platform) => {
  it.each(['/bytes', '/text'])('bear what @Header() says: %s', async (path) => {
    http = await startController(platform, Pages);

    const [miss, hit] = [await http.ask(path), await http.ask(path)];

    expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
    expect(OF_ROUTE.map((name) => hit.headers[name])).toEqual(
      OF_ROUTE.map((name) => miss.headers[name]),
    );
  });
});
