import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Req } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

interface Asked {
  readonly protocol: string;
  readonly hostname: string;
  readonly host: string;
}

@Controller()
class Pages {
  @Get('page')
  @CachePage(60)
  page(@Req() { protocol, host }: Asked): string {
    return `${protocol}://${host}`;
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

const ask = async (headers: Record<string, string>): Promise<unknown[]> => {
  const { cache, body } = await http.ask('/page', { headers: { Host: 'inner', ...headers } });
  return [cache, body];
};

describe.each(PLATFORMS)('pages behind a proxy, on %s', (platform) => {
  const start = async (trustProxy: boolean, frameworkTrusts = trustProxy): Promise<void> => {
    http = await startController(platform, Pages, {
      cache: { http: { trustProxy } },
      fastify: { trustProxy: frameworkTrusts },
      configure: (app) => {
        if (platform === 'express' && frameworkTrusts) {
          (app as unknown as { set(name: string, value: unknown): void }).set('trust proxy', true);
        }
      },
    });
  };

  it('are those of the client’s host and scheme, if the proxy is trusted', async () => {
    await start(true);
    const shop = { 'X-Forwarded-Host': 'shop.example', 'X-Forwarded-Proto': 'https' };

    expect(await ask(shop)).toEqual(['MISS', 'https://shop.example']);
    expect(await ask({ 'X-Forwarded-Host': 'blog.example' })).toEqual([
      'MISS',
      'http://blog.example',
    ]);
    expect(await ask(shop)).toEqual(['HIT', 'https://shop.example']);
    expect(await ask({ ...shop, 'X-Forwarded-Proto': 'http' })).toEqual([
      'MISS',
      'http://shop.example',
    ]);
  });

  it('are shared by clients of whom the proxy says different things', async () => {
    await start(true);
    const shop = { 'X-Forwarded-Host': 'shop.example', 'X-Forwarded-Proto': 'https' };
    await ask({ ...shop, 'X-Forwarded-Port': '443', 'X-Original-Forwarded-For': '10.0.0.1' });

    expect(
      await ask({ ...shop, 'X-Forwarded-For': '10.0.0.2', 'X-Forwarded-Client-Cert': 'b' }),
    ).toEqual(['HIT', 'https://shop.example']);
  });

  it('are not poisoned by a port in a host that the proxy passes on [K2]', async () => {
    await start(true);
    await ask({ 'X-Forwarded-Host': 'shop.example:1337' });

    expect(await ask({ 'X-Forwarded-Host': 'shop.example' })).toEqual([
      'MISS',
      'http://shop.example',
    ]);
  });

  it('are apart for each forwarding header by default, whatever the framework trusts [K2]', async () => {
    await start(false, true);
    await ask({ 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Port': '1' });

    expect(await ask({})).toEqual(['MISS', 'http://inner']);
    expect(await ask({ 'X-Forwarded-Host': 'evil.example' })).toEqual([
      'MISS',
      'http://evil.example',
    ]);
    expect(await ask({ 'X-Forwarded-For': '10.0.0.1' })).toEqual(['HIT', 'http://inner']);
  });
});
