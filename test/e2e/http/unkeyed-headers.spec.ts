import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Header, Req, type INestApplication } from '@nestjs/common';
import { CachePage, VaryOnHeaders } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { allowsOrigins, compresses, keepsSessions } from './real-layers.js';

interface Asked {
  readonly headers: Record<string, string | undefined>;
}

@Controller()
class Pages {
  @Get('plain')
  @CachePage(60)
  plain(): string {
    return 'x'.repeat(2000);
  }

  @Get('careless')
  @CachePage(60)
  careless(@Req() { headers }: Asked): string {
    return `${headers['accept-language']} ${headers['x-tenant']}`;
  }

  @Get('declared')
  @CachePage(60)
  @VaryOnHeaders('Accept-Language')
  declared(@Req() { headers }: Asked): string {
    return `in ${headers['accept-language']}`;
  }

  @Get('answered')
  @CachePage(60)
  @Header('Vary', 'Accept-Language')
  answered(@Req() { headers }: Asked): string {
    return `in ${headers['accept-language']}`;
  }

  @Get('keyless')
  @CachePage(60)
  keyless(@Req() { headers }: Asked): string {
    return `key ${headers['x-api-key']} ${headers['x-forwarded-host']} ${headers['cookie']}`;
  }

  @Get('shared')
  @CachePage(60, { shared: true })
  shared(@Req() { headers }: Asked): string {
    return `key ${headers['x-api-key']}`;
  }

  @Get('private')
  @CachePage(60)
  @Header('Cache-Control', 'private')
  private(@Req() { headers }: Asked): string {
    return `in ${headers['accept-language']}`;
  }
}

const environment = process.env['NODE_ENV'];
let http: HttpApp;

afterEach(async () => {
  process.env['NODE_ENV'] = environment;
  await http.close();
});

/** What is said of headers that are read. */
const warned = (): string[] =>
  http.log.said().filter((line) => line.includes('reads the request header'));

/** An access log, as applications have it: it reads the agent when the answer is over. */
function logsAgents(app: INestApplication, agents: unknown[]): void {
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.once('finish', () => agents.push(request.headers['user-agent']));
    next();
  });
}

describe.each(PLATFORMS)(
  'a handler that reads what its page is not keyed by, on %s',
  (platform) => {
    it('is warned of once for each route and header', async () => {
      http = await startController(platform, Pages);

      for (const path of ['/careless', '/careless?a=1', '/careless?a=2']) await http.ask(path);

      expect(warned()).toEqual([
        `Pages.careless is cached, and its handler reads the request header "accept-language", which tells no two of its pages apart: all get what the first was given. Declare it by @VaryOnHeaders('accept-language'), or do not read it.`,
        expect.stringContaining('"x-tenant"'),
      ]);
    });

    it.each(['/declared', '/answered', '/keyless', '/private'])(
      'is not warned of where the page varies on it, bears none of it, or is no page: %s',
      async (path) => {
        http = await startController(platform, Pages);

        await http.ask(path, { headers: { 'Accept-Language': 'fr' } });

        expect(warned()).toEqual([]);
      },
    );

    it('is warned of if the page is shared by those who bear it', async () => {
      http = await startController(platform, Pages);

      await http.ask('/shared', { headers: { 'X-Api-Key': 'k' } });

      expect(warned()).toEqual([expect.stringContaining('"x-api-key"')]);
    });

    it('is not watched in production', async () => {
      process.env['NODE_ENV'] = 'production';
      http = await startController(platform, Pages);

      await http.ask('/careless');

      expect(warned()).toEqual([]);
    });

    it('is not taken for a framework, or for layers that read headers themselves', async () => {
      const agents: unknown[] = [];
      http = await startController(platform, Pages, {
        configure: async (app) => {
          logsAgents(app, agents);
          await allowsOrigins({ origin: ['https://a.example'] })(app, platform);
          await compresses(app, platform);
          await keepsSessions({ saveUninitialized: false, rolling: false })(app, platform);
        },
      });

      for (const path of ['/plain', '/plain', '/plain?x=1']) {
        await http.ask(path, {
          headers: {
            'User-Agent': 'test',
            Origin: 'https://a.example',
            'Accept-Encoding': 'gzip',
            Accept: 'text/html',
            'If-None-Match': '"x"',
          },
        });
      }

      expect(warned()).toEqual([]);
      expect(agents).toEqual(['test', 'test', 'test']);
    });
  },
);
