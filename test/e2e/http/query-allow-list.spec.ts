import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Query, Req } from '@nestjs/common';
import { CachePage, VaryOn, query } from 'nestjs-cache-framework';
import { parse } from 'qs';
import { PLATFORMS, cachesOf, startController, type HttpApp, type Platform } from './http-app.js';

interface Asked {
  readonly url: string;
  readonly originalUrl: string;
  readonly query: unknown;
}

let runs = 0;

const see = ({ url, originalUrl, query: seen }: Asked): object => ({
  run: ++runs,
  url,
  originalUrl,
  query: seen,
});

@Controller()
class Lists {
  @Get('list')
  @CachePage(60)
  list(@Req() asked: Asked): object {
    return see(asked);
  }

  @Get('one')
  @CachePage(60)
  one(@Query('page') page: string): object {
    return { run: ++runs, page };
  }

  @Get('own')
  @CachePage(60)
  @VaryOn(query('q'))
  own(@Req() asked: Asked): object {
    return see(asked);
  }

  @Get('part')
  @CachePage(60)
  @VaryOn(query('filter[x]'))
  part(@Req() asked: Asked): object {
    return see(asked);
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

/** How frameworks may be told to read queries. */
type Parser = 'its own' | 'qs' | 'by semicolons too';

const bySemicolons = (text: string): Record<string, unknown> => parse(text, { delimiter: /[&;]/ });

async function start(platform: Platform, parser: Parser = 'its own'): Promise<void> {
  const parsers = { 'its own': undefined, qs: parse, 'by semicolons too': bySemicolons };
  const own = parsers[parser];
  http = await startController(platform, Lists, {
    cache: { http: { query: ['page'] } },
    ...(own ? { fastify: { routerOptions: { querystringParser: own } } } : {}),
    configure: (app) => {
      if (platform === 'express' && own) {
        (app as unknown as { set(name: string, value: unknown): void }).set('query parser', own);
      }
    },
  });
}

async function bodyOf(path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await http.ask(path)).body) as Record<string, unknown>;
}

describe.each(PLATFORMS)('parameters that do not matter, on %s', (platform) => {
  it('make no page of their own', async () => {
    await start(platform);

    expect(
      await cachesOf(http, [
        '/list?page=1&utm_source=a',
        '/list?utm_source=b&page=1',
        '/list?page=1',
        '/list?page=2',
        '/list?fbclid=x',
        '/list',
      ]),
    ).toEqual(['MISS', 'HIT', 'HIT', 'MISS', 'MISS', 'HIT']);
  });

  it('are not seen by the handler in any way', async () => {
    await start(platform);

    expect(await bodyOf('/list?utm_source=a&page=1&callback=evil')).toMatchObject({
      url: '/list?page=1',
      originalUrl: '/list?page=1',
      query: { page: '1' },
    });
  });

  it('are those of the route where it names its own', async () => {
    await start(platform);

    expect(await bodyOf('/own?page=1&q=a')).toMatchObject({ query: { q: 'a' } });
    expect(await cachesOf(http, ['/own?page=2&q=a', '/own?q=b'])).toEqual(['HIT', 'MISS']);
  });

  it('are seen by requests that make no page', async () => {
    await start(platform);
    const { body } = await http.ask('/list?utm_source=a', { headers: { Authorization: 'a' } });

    expect(JSON.parse(body)).toMatchObject({ query: { utm_source: 'a' } });
  });

  it.each<[Parser, string]>(
    (['its own', 'qs', 'by semicolons too'] as const).flatMap((parser) =>
      [
        'utm_content=x;page=evil',
        'utm_content=x%3Bpage=evil',
        'utm_content=x%26page=evil',
        'utm_content[page]=evil',
        '[page]=evil',
        '%5Bpage%5D=evil',
        '%5Bpage%5D%FF=evil',
        'page%5B%FF%5D=evil',
        'page%FF=evil',
        'page[]=evil',
        'page%5B%5D=evil',
        'page.x=evil',
        'PAGE=evil',
        'pag%65=evil',
        '?page=evil',
        'page;=evil',
        'page%00=evil',
        '+page=evil',
        'page=evil&page=1',
        'page=1&page=evil',
        `${'utm=x&'.repeat(1100)}page=evil`,
      ].map((attack): [Parser, string] => [parser, attack]),
    ),
  )(
    'hide nothing from a page that others get, with a parser %s: %s [K4]',
    async (parser, attack) => {
      await start(platform, parser);
      await http.ask(`/list?${attack}`);
      await http.ask(`/list?page=1&${attack}`);
      await http.ask(`/list?${attack}&page=1`);

      const plain = await http.ask('/list');
      const first = await http.ask('/list?page=1');

      expect(plain.body).not.toContain('evil');
      expect(JSON.parse(first.body)).toMatchObject({ query: { page: '1' } });
      expect(first.body).not.toContain('evil');
    },
  );

  it('leave a list of values whole, in its order', async () => {
    await start(platform, 'qs');

    expect(await bodyOf('/list?page[]=2&utm=a&page[]=1')).toMatchObject({
      query: { page: ['2', '1'] },
    });
    expect(await cachesOf(http, ['/list?page[]=2&page[]=1', '/list?page[]=1&page[]=2'])).toEqual([
      'HIT',
      'MISS',
    ]);
  });

  it.each<Parser>(['its own', 'qs', 'by semicolons too'])(
    'lose and hide nothing of a value of which one part matters, with a parser %s',
    async (parser) => {
      await start(platform, parser);
      const plain = await bodyOf('/part?filter[x]=2');
      await http.ask('/part?filter[x]=1&utm=a');
      await http.ask('/part?filter[x]=1&filter[y]=evil&utm=a');

      const { query: seen } = await bodyOf('/part?filter[x]=1');

      expect(JSON.stringify(seen)).toBe(JSON.stringify(plain['query']).replace('2', '1'));
    },
  );

  it('leave what a handler takes of the query', async () => {
    await start(platform);

    expect(await bodyOf('/one?utm=a&page=7')).toMatchObject({ page: '7' });
    expect(await cachesOf(http, ['/one?page=7', '/one?page=8'])).toEqual(['HIT', 'MISS']);
  });

  it('lend a query no property that was not sent', async () => {
    await start(platform);

    expect(await bodyOf('/list?constructor=a&__proto__[page]=evil')).toMatchObject({ query: {} });
    expect((await bodyOf('/list'))['query']).toEqual({});
  });
});
