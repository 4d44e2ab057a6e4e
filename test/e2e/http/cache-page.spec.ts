import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import {
  CacheControl,
  CacheInterceptor,
  CachePage,
  CacheTTL,
  PageCache,
} from 'nestjs-cache-framework';
import { PLATFORMS, cachesAt, cachesOf, startController, type HttpApp } from './http-app.js';

interface Asked {
  readonly query: Record<string, string>;
}

const asked = (context: ExecutionContext): Asked => context.switchToHttp().getRequest<Asked>();

const unlessPreview = (context: ExecutionContext): boolean => {
  const { preview } = asked(context).query;
  if (preview === 'broken') throw new Error('no preview');
  return preview !== undefined;
};

const tagOfId = (context: ExecutionContext): string[] => {
  const { id } = asked(context).query;
  if (id === undefined) throw new Error('no id');
  return [`item:${id}`];
};

class Exclaiming implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => `${String(value)}!`));
  }
}

let runs = 0;
const run = (): string => `run ${++runs}`;

@Controller('class')
@CachePage(100, { tags: ['class'] })
class OfClass {
  @Get('plain')
  plain(): string {
    return run();
  }

  @Get('method')
  @CachePage(10)
  method(): string {
    return run();
  }

  @Get('ttl')
  @CacheTTL(10)
  ttl(): string {
    return run();
  }

  @Get('never')
  @CachePage(0)
  never(): string {
    return run();
  }
}

@Controller()
class OfMethods {
  @Get('page')
  @CachePage('20s')
  page(): string {
    return run();
  }

  @Get('function')
  @CachePage((context) => Number(asked(context).query['ttl']))
  function(): string {
    return run();
  }

  @Get('over-response')
  @CachePage(10)
  @Header('Cache-Control', 'max-age=1000')
  overResponse(): string {
    return run();
  }

  @Get('unless')
  @CachePage(60, { unless: unlessPreview })
  unless(): string {
    return run();
  }

  @Get('unless-later')
  @CachePage(60, { unless: (context) => Promise.resolve(unlessPreview(context)) })
  unlessLater(): string {
    return run();
  }

  @Get('tagged')
  @CachePage(60, { tags: ['news', 'all'] })
  tagged(): string {
    return run();
  }

  @Get('tagged-by')
  @CachePage(60, { tags: tagOfId })
  taggedBy(): string {
    return run();
  }

  @Get('twice')
  @CachePage(60)
  @UseInterceptors(CacheInterceptor, Exclaiming)
  twice(): string {
    return run();
  }

  @Get('outside')
  @CacheControl({ public: true, maxAge: 5 })
  @CachePage(60)
  outside(): string {
    return run();
  }

  @Get('inside')
  @CachePage(60)
  @CacheControl({ public: true, maxAge: 5 })
  inside(): string {
    return run();
  }

  @Get('plain')
  plain(): string {
    return run();
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('@CachePage(), on %s', (platform) => {
  it('is all that a route needs', async () => {
    http = await startController(platform, OfMethods);

    expect(await cachesAt(http, '/page', [0, 19, 21])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesOf(http, ['/plain', '/plain'])).toEqual([undefined, undefined]);
  });

  it('holds for each handler of a class, unless the handler says something else', async () => {
    http = await startController(platform, OfClass);

    expect(await cachesAt(http, '/class/plain', [0, 99, 101])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(http, '/class/method', [0, 9, 11])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(http, '/class/ttl', [0, 9, 11])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesOf(http, ['/class/never', '/class/never'])).toEqual(['BYPASS', 'BYPASS']);
  });

  it('gives its options up to those of the method, all at once', async () => {
    http = await startController(platform, OfClass);
    await cachesOf(http, ['/class/plain', '/class/method', '/class/ttl']);

    await http.app.get(PageCache).invalidateTags('class');

    expect(await cachesOf(http, ['/class/plain', '/class/method', '/class/ttl'])).toEqual([
      'MISS',
      'HIT',
      'MISS',
    ]);
  });

  it('says how long a page lives over what the response says, or by a function', async () => {
    http = await startController(platform, OfMethods);

    expect(await cachesAt(http, '/over-response', [0, 9, 11])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesAt(http, '/function?ttl=5', [0, 4, 6])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it.each(['/unless', '/unless-later'])(
    'leaves requests alone that its "unless" picks, in both directions: %s',
    async (path) => {
      http = await startController(platform, OfMethods);
      await http.ask(path);

      const answers = await cachesOf(http, [
        `${path}?preview=1`,
        `${path}?preview=1`,
        `${path}?preview=broken`,
        path,
      ]);

      expect(answers).toEqual(['BYPASS', 'BYPASS', 'BYPASS', 'HIT']);
      expect(http.log.said()).toEqual([
        expect.stringContaining('its "unless" says so.'),
        expect.stringMatching(/its "unless" failed\. The error was: no preview\./),
      ]);
    },
  );

  it('puts tags on its pages, by which a service removes them', async () => {
    http = await startController(platform, OfMethods);
    await cachesOf(http, ['/tagged?a=1', '/tagged?a=2', '/page']);

    await http.app.get(PageCache).invalidateTags('news');

    expect(await cachesOf(http, ['/tagged?a=1', '/tagged?a=2', '/page'])).toEqual([
      'MISS',
      'MISS',
      'HIT',
    ]);
  });

  it('puts tags on them by a function, whose failure leaves the one request uncached', async () => {
    http = await startController(platform, OfMethods);
    await cachesOf(http, ['/tagged-by?id=1', '/tagged-by?id=2']);

    await http.app.get(PageCache).invalidateTags('item:1');

    expect(await cachesOf(http, ['/tagged-by?id=1', '/tagged-by?id=2', '/tagged-by'])).toEqual([
      'MISS',
      'HIT',
      'BYPASS',
    ]);
  });

  it('may stand beside the interceptor that it is, which runs once', async () => {
    http = await startController(platform, OfMethods);

    const answers = [await http.ask('/twice'), await http.ask('/twice')];

    expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
      ['MISS', 'run 1!'],
      ['HIT', 'run 1!'],
    ]);
    expect(http.stored()).toBe(1);
  });

  it.each(['/outside', '/inside'])(
    'takes in what @CacheControl() says, in whatever order they stand: %s',
    async (path) => {
      http = await startController(platform, OfMethods);

      const answers = [await http.ask(path), await http.ask(path)];

      expect(answers.map(({ cache, headers }) => [cache, headers['cache-control']])).toEqual([
        ['MISS', 'public, max-age=5'],
        ['HIT', 'public, max-age=5'],
      ]);
    },
  );
});
