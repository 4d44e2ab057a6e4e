import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  Module,
  Post,
  Res,
  UseInterceptors,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  CacheInterceptor,
  CacheKey,
  CacheTTL,
  NeverCache,
  type Timeout,
} from 'nestjs-cache-framework';
import { PLATFORMS, startApp, startController, type Answer, type HttpApp } from './http-app.js';

let runs = 0;
const answer = (): object => ({ run: ++runs });
const GLOBALLY = { provide: APP_INTERCEPTOR, useClass: CacheInterceptor };
const NEVER = 'max-age=0, no-cache, no-store, must-revalidate, private';

interface Asked {
  readonly query: Record<string, string>;
}

const asked = (context: ExecutionContext): Asked => context.switchToHttp().getRequest<Asked>();

@Controller('ttl')
@CacheTTL(100)
@UseInterceptors(CacheInterceptor)
class Lifetimes {
  @Get('class')
  class(): object {
    return answer();
  }

  @Get('method')
  @CacheTTL('10s')
  method(): object {
    return answer();
  }

  @Get('over-response')
  @CacheTTL(10)
  @Header('Cache-Control', 'max-age=1000')
  overResponse(): object {
    return answer();
  }

  @Get('for-ever')
  @CacheTTL(null)
  forEver(): object {
    return answer();
  }

  @Get('zero')
  @CacheTTL(0)
  zero(): object {
    return answer();
  }

  @Get('negative')
  @CacheTTL(-1)
  negative(): object {
    return answer();
  }

  @Get('function')
  @CacheTTL((context) => Number(asked(context).query['ttl']))
  function(): object {
    return answer();
  }

  @Get('promise')
  @CacheTTL(async (context) => asked(context).query['ttl'] as Timeout)
  promise(): object {
    return answer();
  }

  @Get('throws')
  @CacheTTL(() => {
    throw new Error('no lifetime today');
  })
  throws(): object {
    return answer();
  }
}

@Controller('bare')
@UseInterceptors(CacheInterceptor)
class Bare {
  @Get('plain')
  plain(): object {
    return answer();
  }

  @Get('max-age')
  @Header('Cache-Control', 'max-age=20')
  maxAge(): object {
    return answer();
  }

  @Get('s-maxage')
  @Header('Cache-Control', 'max-age=1000, s-maxage=20')
  sMaxage(): object {
    return answer();
  }
}

@Controller('keys')
@UseInterceptors(CacheInterceptor)
class Keys {
  @Get('made')
  @CacheKey((context) => asked(context).query['page'])
  made(): object {
    return answer();
  }

  @Get('promised')
  @CacheKey(async (context) => asked(context).query['page'])
  promised(): object {
    return answer();
  }

  @Get('throws')
  @CacheKey(() => {
    throw new Error('no key today');
  })
  throws(): object {
    return answer();
  }

  @Get('wrong')
  @CacheKey((() => 42) as never)
  wrong(): object {
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
  jest.restoreAllMocks();
  await http?.close();
});

/** The `X-Cache` of requests at these seconds from now. */
async function at(path: string, ...seconds: number[]): Promise<(string | undefined)[]> {
  const start = Date.now();
  const now = jest.spyOn(Date, 'now');
  const caches: (string | undefined)[] = [];
  for (const second of seconds) {
    now.mockReturnValue(start + second * 1000);
    caches.push((await http.ask(path)).cache);
  }
  now.mockRestore();
  return caches;
}

async function ask(...paths: string[]): Promise<(string | undefined)[]> {
  const caches: (string | undefined)[] = [];
  for (const path of paths) caches.push((await http.ask(path)).cache);
  return caches;
}

const run = ({ body }: Answer): number => (JSON.parse(body) as { run: number }).run;

describe.each(PLATFORMS)('how long pages live, on %s', (platform) => {
  it('is what the class says, and what the method says over it', async () => {
    http = await startController(platform, Lifetimes);

    expect(await at('/ttl/class', 0, 99, 101)).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await at('/ttl/method', 0, 9, 11)).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('is what the route says over what the response says', async () => {
    http = await startController(platform, Lifetimes);

    expect(await at('/ttl/over-response', 0, 9, 11)).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('is for ever with null', async () => {
    http = await startController(platform, Lifetimes);

    expect(await at('/ttl/for-ever', 0, 1e9)).toEqual(['MISS', 'HIT']);
  });

  it.each(['zero', 'negative'])('is nothing with %s [W32]', async (path) => {
    http = await startController(platform, Lifetimes);

    expect(await ask(`/ttl/${path}`, `/ttl/${path}`)).toEqual(['BYPASS', 'BYPASS']);
  });

  it('is what a function says of each request', async () => {
    http = await startController(platform, Lifetimes);

    expect(await at('/ttl/function?ttl=5', 0, 4, 6)).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await at('/ttl/promise?ttl=20s', 0, 19, 21)).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await ask('/ttl/function?ttl=0', '/ttl/function?ttl=0')).toEqual(['BYPASS', 'BYPASS']);
  });

  it.each([
    ['/ttl/throws', 'Lifetimes.throws', 'no lifetime today'],
    ['/ttl/promise?ttl=1h30', 'Lifetimes.promise', '"1h30" is not a timeout'],
    ['/ttl/function?ttl=x', 'Lifetimes.function', 'NaN is not a timeout'],
  ])(
    'is nothing if its function fails, which is logged once: %s [W32]',
    async (path, name, why) => {
      http = await startController(platform, Lifetimes);

      const answers = [await http.ask(path), await http.ask(path)];

      expect(answers).toMatchObject([
        { status: 200, cache: 'BYPASS' },
        { status: 200, cache: 'BYPASS' },
      ]);
      expect(http.log.said()).toEqual([
        expect.stringMatching(
          new RegExp(`^${name} is not cached: the function of @CacheTTL\\(\\) failed\\. .*${why}`),
        ),
      ]);
    },
  );

  it('is what the response says if the route says nothing', async () => {
    http = await startController(platform, Bare);

    expect(await at('/bare/max-age', 0, 19, 21)).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await at('/bare/s-maxage', 0, 19, 21)).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it.each([
    ['300 seconds by default [W28]', {}, [0, 299, 301], ['MISS', 'HIT', 'MISS']],
    ['a timeout of its own', { timeout: '1h' }, [0, 3599, 3601], ['MISS', 'HIT', 'MISS']],
    ['a timeout of 0', { timeout: 0 }, [0, 0], ['BYPASS', 'BYPASS']],
  ] as const)('is the cache’s if nobody says anything: %s', async (_what, cache, times, caches) => {
    http = await startController(platform, Bare, { cache });

    expect(await at('/bare/plain', ...times)).toEqual(caches);
  });
});

describe.each(PLATFORMS)('a key that a function makes, on %s', (platform) => {
  it('takes the place of path, parameters and query', async () => {
    http = await startController(platform, Keys);

    expect(
      await ask('/keys/made?page=1&x=1', '/keys/made?page=1&x=2', '/keys/made?page=2'),
    ).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await ask('/keys/promised?page=1', '/keys/promised?page=1')).toEqual(['MISS', 'HIT']);
  });

  it.each([
    ['/keys/made', 'is undefined'],
    ['/keys/made?page=', 'is empty'],
    ['/keys/wrong', 'is no text'],
  ])('leaves a request uncached if it %# %s [K6]', async (path) => {
    http = await startController(platform, Keys);

    expect(await ask(path, path)).toEqual(['BYPASS', 'BYPASS']);
    expect(http.log.said()).toHaveLength(1);
  });

  it('leaves a request uncached if the function throws, which is logged once [W33]', async () => {
    http = await startController(platform, Keys);

    const answers = [await http.ask('/keys/throws'), await http.ask('/keys/throws')];

    expect(answers.map(({ status, cache }) => [status, cache])).toEqual([
      [200, 'BYPASS'],
      [200, 'BYPASS'],
    ]);
    expect(http.log.said()).toEqual([
      'Keys.throws is not cached: @CacheKey() gave no key for the request. The error was: no key today.',
    ]);
  });
});

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

    expect(await ask(`/site/${path}`, `/site/${path}`)).toEqual(['MISS', 'HIT']);
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

    expect(await ask('/bare/plain', '/bare/plain')).toEqual(['MISS', 'HIT']);
  });

  it('may be one of two controllers that inherit a handler, for which it has pages of its own', async () => {
    http = await startApp(platform, { controllers: [One, Two] });

    expect(await ask('/one', '/one', '/two', '/two')).toEqual([
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

    expect(await at('/bare/plain', 0, 59, 61)).toEqual(['MISS', 'HIT', 'MISS']);
    expect((await http.cache.stats())[0]!.items).toBe(0);
  });

  it('says once for each route and reason why a page is not cached, and never what was asked for', async () => {
    http = await startController(platform, Bare);

    for (const path of ['/bare/plain?token=secret', '/bare/plain', '/bare/max-age']) {
      await http.ask(path, { headers: { Cookie: 'sid=secret' } });
      await http.ask(path, { headers: { Authorization: 'secret' } });
    }

    expect(http.log.said().map((line) => line.split(' is not cached: ')[0])).toEqual([
      'Bare.plain',
      'Bare.plain',
      'Bare.maxAge',
      'Bare.maxAge',
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
