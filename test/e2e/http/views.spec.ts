import { afterEach, expect, it } from '@jest/globals';
import { Controller, Get, Render } from '@nestjs/common';
import { CachePage } from 'nestjs-cache-framework';
import { startController, type HttpApp } from './http-app.js';

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
