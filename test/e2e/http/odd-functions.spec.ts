import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  UseGuards,
  VERSION_NEUTRAL,
  Version,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { CachePage, VaryOn, user } from 'nestjs-cache-framework';
import { PLATFORMS, startApp, startController, type HttpApp } from './http-app.js';

const NOTHING = (() => undefined) as never;

let runs = 0;
const run = (): string => `run ${++runs}`;

@Controller()
class Odd {
  @Get('no-tags')
  @CachePage(60, { tags: NOTHING })
  noTags(): string {
    return run();
  }

  @Get('one-tag')
  @CachePage(60, { tags: (() => 'news') as never })
  oneTag(): string {
    return run();
  }

  @Get('broken-tags')
  @CachePage(60, { tags: (() => ['news', undefined]) as never })
  brokenTags(): string {
    return run();
  }

  @Get('no-timeout')
  @CachePage(NOTHING)
  noTimeout(): string {
    return run();
  }
}

class Knowing implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user: object }>().user = { id: 1 };
    return true;
  }
}

@Controller()
@UseGuards(Knowing)
class OfUser {
  @Get('user')
  @CachePage(60)
  @VaryOn(user((() => Promise.reject(new Error('no user'))) as never))
  user(): string {
    return run();
  }
}

@Controller()
class Neutral {
  @Get('page')
  @Version(VERSION_NEUTRAL)
  @CachePage(60, { early: true })
  page(): string {
    return 'neutral';
  }
}

@Controller()
class Second {
  @Get('page')
  @Version('2')
  @CachePage(60, { early: true })
  page(): string {
    return 'second';
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)(
  'functions of an application that give what they should not, on %s',
  (platform) => {
    it.each([
      ['/no-tags', 'its tags could not be read'],
      ['/one-tag', 'its tags could not be read'],
      ['/broken-tags', 'its tags could not be read'],
      ['/no-timeout', 'the function of @CacheTTL() failed'],
    ])('leave the request uncached, with a log line: %s', async (path, reason) => {
      http = await startController(platform, Odd);

      const answers = [await http.ask(path), await http.ask(path)];

      expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
        ['BYPASS', 'run 1'],
        ['BYPASS', 'run 2'],
      ]);
      expect(http.log.said()).toEqual([expect.stringContaining(reason)]);
    });

    it('end no process by a promise that rejects, where none is expected', async () => {
      http = await startController(platform, OfUser);

      const answers = [await http.ask('/user'), await http.ask('/user')];

      expect(answers.map(({ status, cache }) => [status, cache])).toEqual([
        [200, 'BYPASS'],
        [200, 'BYPASS'],
      ]);
      expect(http.log.said()).toEqual([expect.stringContaining('The error was: no user')]);
    });

    it.each([[undefined], [null], [[]], ['']])(
      'fail no request by a version that is %j',
      async (version) => {
        http = await startController(platform, Neutral, {
          configure: (app) => {
            app.enableVersioning({
              type: VersioningType.CUSTOM,
              extractor: () => version as never,
            });
          },
        });

        const answers = [await http.ask('/page'), await http.ask('/page')];

        expect(answers.map(({ status, cache }) => [status, cache])).toEqual([
          [200, 'MISS'],
          [200, 'HIT'],
        ]);
      },
    );
  },
);

describe.each(PLATFORMS)('an extractor that finds no version, on %s', (platform) => {
  it('gives no version the early page of none', async () => {
    http = await startApp(platform, {
      controllers: [Second, Neutral],
      configure: (app) => {
        app.enableVersioning({
          type: VersioningType.CUSTOM,
          extractor: (request) => {
            const version = (request as { headers: Record<string, string> }).headers['x-version'];
            return version === undefined ? [] : [version];
          },
        });
      },
    });
    const bodies: string[] = [];
    for (const headers of [{}, { 'X-Version': '2' }, {}, { 'X-Version': '2' }]) {
      bodies.push((await http.ask('/page', { headers })).body);
    }

    expect(bodies).toEqual(['neutral', 'second', 'neutral', 'second']);
  });
});
