import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Query,
  Req,
  UseInterceptors,
  VERSION_NEUTRAL,
  Version,
  VersioningType,
  type ExecutionContext,
} from '@nestjs/common';
import { CacheInterceptor, CacheKey } from 'nestjs-cache-framework';
import { PLATFORMS, cachesOf, startController, type HttpApp } from './http-app.js';

let runs = 0;
const answer = (): object => ({ run: ++runs });

interface Asked {
  readonly query: Record<string, string>;
}

const asked = (context: ExecutionContext): Asked => context.switchToHttp().getRequest<Asked>();

@Controller('keys')
@UseInterceptors(CacheInterceptor)
class Keys {
  @Get('made')
  @CacheKey((context) => asked(context).query['page'])
  made(): object {
    return answer();
  }

  @Get('named')
  @CacheKey('front')
  named(@Query() query: object): object {
    return { ...answer(), query };
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

@Controller('versions')
@UseInterceptors(CacheInterceptor)
class Versions {
  @Get('named')
  @Version(['1', '2', VERSION_NEUTRAL])
  @CacheKey('front')
  named(@Req() { url }: { url: string }): string {
    return url;
  }

  @Get('made')
  @CacheKey(() => 'all')
  made(@Req() { url }: { url: string }): string {
    return url;
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('a key that a function makes, on %s', (platform) => {
  it('takes the place of path, parameters and query', async () => {
    http = await startController(platform, Keys);

    expect(
      await cachesOf(http, ['/keys/made?page=1&x=1', '/keys/made?page=1&x=2', '/keys/made?page=2']),
    ).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesOf(http, ['/keys/promised?page=1', '/keys/promised?page=1'])).toEqual([
      'MISS',
      'HIT',
    ]);
  });

  it.each([
    ['undefined', '/keys/made'],
    ['empty', '/keys/made?page='],
    ['no text', '/keys/wrong'],
  ])('leaves a request uncached if it is %s [K6]', async (_what, path) => {
    http = await startController(platform, Keys);

    expect(await cachesOf(http, [path, path])).toEqual(['BYPASS', 'BYPASS']);
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

describe.each(PLATFORMS)('a key that is a text, on %s', (platform) => {
  it.each(['?', '#', ';', '%3F', '#?', '?#', '#;'])(
    'keeps a query apart however it begins: %s',
    async (sign) => {
      http = await startController(platform, Keys, {
        fastify: { routerOptions: { useSemicolonDelimiter: true } as object },
      });
      await http.ask(`/keys/named${sign}page=evil`);

      const { body } = await http.ask('/keys/named');

      expect(JSON.parse(body)).toEqual({ run: runs, query: {} });
    },
  );
});

describe.each(PLATFORMS)(
  'the key of a route that has several versions in its URL, on %s',
  (platform) => {
    it.each(['named', 'made'])('has one for each of them: %s', async (path) => {
      http = await startController(platform, Versions, {
        configure: (app) =>
          app
            .setGlobalPrefix('api')
            .enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '2'] }),
      });
      const paths = ['v1', 'V1', 'v2', 'V2', '%761', '%762', '.'].map((version) =>
        `/api/${version}/versions/${path}`.replace('/./', '/'),
      );

      for (const url of [...paths, ...paths]) {
        const { status, body } = await http.ask(url);
        if (status === 200) expect(body).toBe(url);
      }

      expect(await cachesOf(http, [paths[0]!, `${paths[0]}?x=1`])).toEqual([
        'HIT',
        path === 'made' ? 'HIT' : 'MISS',
      ]);
    });
  },
);
