import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Req, UseInterceptors, VersioningType } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { startApp, type HttpApp } from './http-app.js';
import { describeOnGrounds, pageGround, type PageGround } from './page-grounds.js';

interface Asked {
  readonly headers: Record<string, string | undefined>;
}

let runs = 0;

@Controller({ path: 'v', version: '1' })
@UseInterceptors(CacheInterceptor)
class First {
  @Get()
  get(): object {
    return { api: '1', run: ++runs };
  }
}

@Controller({ path: 'v', version: ['2', '3'] })
@UseInterceptors(CacheInterceptor)
class Second {
  @Get()
  get(@Req() asked: Asked): object {
    const { accept, 'x-version': version } = asked.headers;
    return { api: version ?? accept?.split('v=')[1], run: ++runs };
  }
}

@Controller({ path: 'tenant', host: 'a.example' })
@UseInterceptors(CacheInterceptor)
class TenantA {
  @Get()
  get(): string {
    return 'tenant A';
  }
}

@Controller({ path: 'tenant', host: 'b.example' })
@UseInterceptors(CacheInterceptor)
class TenantB {
  @Get()
  get(): string {
    return 'tenant B';
  }
}

/** How the version is asked for, and by which header. */
const WAYS = [
  [
    'a header',
    { type: VersioningType.HEADER, header: 'X-Version' } as const,
    (version: string) => ({ 'X-Version': version }),
  ],
  [
    'media type',
    { type: VersioningType.MEDIA_TYPE, key: 'v=' } as const,
    (version: string) => ({ Accept: `application/json;v=${version}` }),
  ],
  [
    'a function',
    {
      type: VersioningType.CUSTOM,
      extractor: (asked: unknown) => (asked as Asked).headers['x-version'] ?? '',
    } as const,
    (version: string) => ({ 'X-Version': version }),
  ],
] as const;

describeOnGrounds('routes of one URL', (platform, backend) => {
  let http: HttpApp;
  let ground: PageGround;

  afterEach(async () => {
    await http.close();
    await ground.remove();
  });

  it.each(WAYS)(
    'have pages of their own for each version by %s [W5 K7]',
    async (_how, versioning, headersOf) => {
      ground = await pageGround(backend);
      http = await startApp(platform, {
        controllers: [First, Second],
        cache: ground.options,
        configure: (app) => app.enableVersioning(versioning),
      });
      const asked = ['1', '2', '3'].flatMap((version) => Array<string>(7).fill(version));
      const all = (): Promise<string[]> =>
        Promise.all(
          asked.map(async (version) => {
            const { body } = await http.ask('/v', { headers: headersOf(version) });
            return body;
          }),
        );
      const ran = runs;

      const first = await all();
      const second = await all();

      expect(first.map((body) => (JSON.parse(body) as { api: string }).api)).toEqual(asked);
      expect(second).toEqual(first);
      expect(runs - ran).toBe(3);
    },
  );
});

// Fastify has one route for a URL, whatever the host.
describe('controllers of one URL and several hosts, on express', () => {
  it('have pages of their own [W6]', async () => {
    const http = await startApp('express', { controllers: [TenantA, TenantB] });
    const tenant = async (host: string): Promise<string> =>
      (await http.ask('/tenant', { headers: { Host: host } })).body;

    const seen = [await tenant('a.example'), await tenant('b.example'), await tenant('a.example')];
    await http.close();

    expect(seen).toEqual(['tenant A', 'tenant B', 'tenant A']);
  });
});
