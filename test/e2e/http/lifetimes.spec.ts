import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, UseInterceptors, type ExecutionContext } from '@nestjs/common';
import { CacheInterceptor, CacheTTL, type Timeout } from 'nestjs-cache-framework';
import { PLATFORMS, cachesAt, cachesOf, startController, type HttpApp } from './http-app.js';

let runs = 0;
const answer = (): object => ({ run: ++runs });

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

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('how long pages live, on %s', (platform) => {
  it('is what the class says, and what the method says over it', async () => {
    http = await startController(platform, Lifetimes);

    expect(await cachesAt(http, '/ttl/class', [0, 99, 101])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(http, '/ttl/method', [0, 9, 11])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('is what the route says over what the response says', async () => {
    http = await startController(platform, Lifetimes);

    expect(await cachesAt(http, '/ttl/over-response', [0, 9, 11])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('is for ever with null', async () => {
    http = await startController(platform, Lifetimes);

    expect(await cachesAt(http, '/ttl/for-ever', [0, 1e9])).toEqual(['MISS', 'HIT']);
  });

  it.each(['zero', 'negative'])('is nothing with %s [W32]', async (path) => {
    http = await startController(platform, Lifetimes);

    expect(await cachesOf(http, [`/ttl/${path}`, `/ttl/${path}`])).toEqual(['BYPASS', 'BYPASS']);
  });

  it('is what a function says of each request', async () => {
    http = await startController(platform, Lifetimes);

    expect(await cachesAt(http, '/ttl/function?ttl=5', [0, 4, 6])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(http, '/ttl/promise?ttl=20s', [0, 19, 21])).toEqual([
      'MISS',
      'HIT',
      'MISS',
    ]);
    expect(await cachesOf(http, ['/ttl/function?ttl=0', '/ttl/function?ttl=0'])).toEqual([
      'BYPASS',
      'BYPASS',
    ]);
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

    expect(await cachesAt(http, '/bare/max-age', [0, 19, 21])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(http, '/bare/s-maxage', [0, 19, 21])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it.each([
    ['300 seconds by default [W28]', {}, [0, 299, 301], ['MISS', 'HIT', 'MISS']],
    ['a timeout of its own', { timeout: '1h' }, [0, 3599, 3601], ['MISS', 'HIT', 'MISS']],
    ['a timeout of 0', { timeout: 0 }, [0, 0], ['BYPASS', 'BYPASS']],
  ] as const)('is the cache’s if nobody says anything: %s', async (_what, cache, times, caches) => {
    http = await startController(platform, Bare, { cache });

    expect(await cachesAt(http, '/bare/plain', times)).toEqual(caches);
  });
});
