import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Module, type Type } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { CacheKey, CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startApp, type HttpApp } from './http-app.js';

/** A module with a controller that is called as that of every other one. */
function moduleOf(text: string): Type<unknown> {
  @Controller('stats')
  @CachePage(60)
  class Stats {
    @Get('made')
    @CacheKey(() => 'all')
    made(): string {
      return text;
    }

    @Get('named')
    @CacheKey('front')
    named(): string {
      return text;
    }
  }
  @Module({ controllers: [Stats] })
  class Part {}
  return Part;
}

@Controller('greeting')
@CachePage(60)
class Greeting {
  constructor(@Inject('TEXT') private readonly text: string) {}

  @Get('made')
  @CacheKey(() => 'all')
  made(): string {
    return this.text;
  }

  @Get('named')
  @CacheKey('front')
  named(): string {
    return this.text;
  }
}

function greetingOf(text: string): Type<unknown> {
  @Module({ controllers: [Greeting], providers: [{ provide: 'TEXT', useValue: text }] })
  class Part {}
  return Part;
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('controllers of one name and path, on %s', (platform) => {
  it.each(['made', 'named'])(
    'share no page where RouterModule parts them, whatever @CacheKey() says: %s',
    async (path) => {
      const [admin, open] = [moduleOf('for admins'), moduleOf('for all')];
      http = await startApp(platform, {
        imports: [
          admin,
          open,
          RouterModule.register([
            { path: 'admin', module: admin },
            { path: 'open', module: open },
          ]),
        ],
      });

      const answers = [
        await http.ask(`/admin/stats/${path}`),
        await http.ask(`/open/stats/${path}`),
      ];

      expect(answers.map(({ body }) => body)).toEqual(['for admins', 'for all']);
    },
  );
});

describe.each(PLATFORMS)('one controller in two modules, on %s', (platform) => {
  it.each(['made', 'named'])(
    'has pages for each of them, whatever @CacheKey() says: %s',
    async (path) => {
      const [one, two] = [greetingOf('one'), greetingOf('two')];
      http = await startApp(platform, {
        imports: [
          one,
          two,
          RouterModule.register([
            { path: 'one', module: one },
            { path: 'two', module: two },
          ]),
        ],
      });

      const answers = [
        await http.ask(`/one/greeting/${path}`),
        await http.ask(`/two/greeting/${path}`),
        await http.ask(`/one/greeting/${path}?x=1`),
      ];

      expect(answers.map(({ body }) => body)).toEqual(['one', 'two', 'one']);
      expect(answers[2]!.cache).toBe(path === 'made' ? 'HIT' : 'MISS');
    },
  );
});
