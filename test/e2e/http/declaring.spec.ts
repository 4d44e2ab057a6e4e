import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Module, Post, Res, UseInterceptors } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { CacheInterceptor, CacheKey, CacheTTL, NeverCache } from 'nestjs-cache-framework';
import {
  PLATFORMS,
  cachesAt,
  cachesOf,
  startApp,
  startController,
  type Answer,
  type HttpApp,
} from './http-app.js';

let runs = 0;
const answer = (): object => ({ run: ++runs });

const GLOBALLY = { provide: APP_INTERCEPTOR, useClass: CacheInterceptor };
const NEVER = 'max-age=0, no-cache, no-store, must-revalidate, private';

@Controller('bare')
@UseInterceptors(CacheInterceptor)
class Bare {
  @Get('plain')
  plain(): object {
    return answer();
  }

  @Get('other')
  other(): object {
    return answer();
  }
}

@Controller('site')
class Site {
  @Get('undeclared')
  @Header('Cache-Control', 'max-age=60')
  undeclared(): object {
    return answer();
  }

  @Get('ttl')
  @CacheTTL(60)
  ttl(): object {
    return answer();
  }

  @Get('key')
  @CacheKey('key')
  key(): object {
    return answer();
  }

  @Get('own')
  @UseInterceptors(CacheInterceptor)
  own(): object {
    return answer();
  }

  @Post('ttl')
  @CacheTTL(60)
  post(): object {
    return answer();
  }
}

@Controller('health')
@NeverCache()
@CacheTTL(60)
class Health {
  @Get()
  @CacheTTL(60)
  up(): object {
    return answer();
  }

  @Get('stubborn')
  stubborn(@Res({ passthrough: true }) reply: { header(n: string, v: string): void }): object {
    reply.header('Cache-Control', 'public, max-age=31536000');
    reply.header('Expires', 'Thu, 01 Jan 2099 00:00:00 GMT');
    return answer();
  }

  @Post()
  post(): object {
    return answer();
  }
}

class Base {
  @Get()
  list(): object {
    return { list: this.constructor.name, run: ++runs };
  }
}

@Controller('one')
@UseInterceptors(CacheInterceptor)
class One extends Base {}

@Controller('two')
class Two extends Base {}

@Module({ controllers: [Bare] })
class FeatureModule {}

let http: HttpApp;

afterEach(async () => {
  await http?.close();
});

const run = ({ body }: Answer): number => (JSON.parse(body) as { run: number }).run;

describe.each(PLATFORMS)('a global interceptor, on %s', (platform) => {
  const start = async (): Promise<void> => {
    http = await startApp(platform, { controllers: [Site, Health], providers: [GLOBALLY] });
  };

  it('leaves routes alone that declare nothing [W36]', async () => {
    await start();

    const answers = [await http.ask('/site/undeclared'), await http.ask('/site/undeclared')];

    expect(answers.map(({ cache }) => cache)).toEqual([undefined, undefined]);
    expect(run(answers[1]!)).toBe(run(answers[0]!) + 1);
    expect(http.log.said()).toEqual([]);
  });

  it.each(['ttl', 'key', 'own'])('attends to a route that declares: %s', async (path) => {
    await start();

    expect(await cachesOf(http, [`/site/${path}`, `/site/${path}`])).toEqual(['MISS', 'HIT']);
  });

  it('leaves other methods of the same URL alone', async () => {
    await start();
    await http.ask('/site/ttl');

    const posts = [
      await http.ask('/site/ttl', { method: 'POST' }),
      await http.ask('/site/ttl', { method: 'POST' }),
    ];

    expect(posts.map(({ cache }) => cache)).toEqual([undefined, undefined]);
    expect(run(posts[1]!)).toBe(run(posts[0]!) + 1);
  });

  it('keeps health checks out of every cache under @NeverCache() [W36]', async () => {
    await start();

    const answers = [await http.ask('/health'), await http.ask('/health')];

    expect(run(answers[1]!)).toBe(run(answers[0]!) + 1);
    expect(answers[1]).toMatchObject({ status: 200, cache: 'BYPASS' });
    expect(answers[1]!.headers['cache-control']).toBe(NEVER);
    expect(Date.parse(answers[1]!.headers.expires!)).toBeLessThanOrEqual(Date.now());
    expect(http.log.said()).toEqual([]);
  });

  it('sends these headers over what the handler says, for every method', async () => {
    await start();

    const stubborn = await http.ask('/health/stubborn');
    const post = await http.ask('/health', { method: 'POST' });

    expect(stubborn.headers['cache-control']).toBe(NEVER);
    expect(stubborn.headers.expires).not.toContain('2099');
    expect(post.headers['cache-control']).toBe(NEVER);
  });
});

describe.each(PLATFORMS)('where the interceptor stands, on %s', (platform) => {
  it('may be a module that imports nothing [W41]', async () => {
    http = await startApp(platform, { imports: [FeatureModule] });

    expect(await cachesOf(http, ['/bare/plain', '/bare/plain'])).toEqual(['MISS', 'HIT']);
  });

  it('may be one of two controllers that inherit a handler, for which it has pages of its own', async () => {
    http = await startApp(platform, { controllers: [One, Two] });

    expect(await cachesOf(http, ['/one', '/one', '/two', '/two'])).toEqual([
      'MISS',
      'HIT',
      undefined,
      undefined,
    ]);
    expect((await http.ask('/two')).body).toContain('"list":"Two"');
  });

  it('keeps pages in the cache "pages" if there is one, and no place in "default" is taken', async () => {
    http = await startApp(platform, {
      controllers: [Bare],
      cache: { caches: { default: { timeout: 1 }, pages: { location: 'pages', timeout: 60 } } },
    });

    expect(await cachesAt(http, '/bare/plain', [0, 59, 61])).toEqual(['MISS', 'HIT', 'MISS']);
    expect((await http.cache.stats())[0]!.items).toBe(0);
  });

  it('says once for each route and reason why a page is not cached, and never what was asked for', async () => {
    http = await startController(platform, Bare);

    for (const path of ['/bare/plain?token=secret', '/bare/plain', '/bare/other']) {
      await http.ask(path, { headers: { Cookie: 'sid=secret' } });
      await http.ask(path, { headers: { Authorization: 'secret' } });
    }

    expect(http.log.said().map((line) => line.split(' is not cached: ')[0])).toEqual([
      'Bare.plain',
      'Bare.plain',
      'Bare.other',
      'Bare.other',
    ]);
    expect(http.log.said()[0]).toMatch(/the request bears cookies/);
    expect(JSON.stringify(http.log.lines)).not.toContain('secret');
  });
});

describe('without CacheModule', () => {
  it('an application that uses the interceptor does not start, and says what to do [W41]', async () => {
    const module = await Test.createTestingModule({ controllers: [Bare] }).compile();

    await expect(module.createNestApplication().init()).rejects.toMatchObject({
      code: 'CACHE_NO_MODULE',
      message: expect.stringContaining('Import CacheModule.forRoot() in the root module.'),
    });
    await module.close();
  });
});
