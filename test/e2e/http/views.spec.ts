import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Redirect, Render } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

interface Reply {
  send(body: string): unknown;
}

@Controller()
class Pages {
  @Get('page')
  @CachePage(60)
  @Render('page')
  page(): object {
    return { title: 'news' };
  }

  @Get('moved')
  @CachePage(60)
  @Redirect('/page', 301)
  moved(): void {}
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

it('a view of Fastify is not rendered on a hit', async () => {
  let rendered = 0;
  http = await startController('fastify', Pages, {
    configure: (app) => {
      const fastify = app.getHttpAdapter().getInstance() as {
        decorateReply(name: string, value: unknown): void;
      };
      fastify.decorateReply('view', function view(this: Reply, page: string, data: object) {
        rendered += 1;
        return this.send(`${page} ${JSON.stringify(data)}`);
      });
    },
  });

  const answers = [await http.ask('/page'), await http.ask('/page')];

  expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
    ['MISS', 'page {"title":"news"}'],
    ['HIT', 'page {"title":"news"}'],
  ]);
  expect(rendered).toBe(1);
});

describe.each(PLATFORMS)('a redirection, on %s', (platform) => {
  it('is a hit without an error in the log', async () => {
    http = await startController(platform, Pages);

    const answers = [await http.ask('/moved'), await http.ask('/moved')];

    expect(answers.map(({ status, cache, headers }) => [status, cache, headers.location])).toEqual([
      [301, 'MISS', '/page'],
      [301, 'HIT', '/page'],
    ]);
    expect(http.log.errors()).toEqual([]);
  });
});
