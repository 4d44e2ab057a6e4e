import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConflictException, Controller, Get, Param, Post, Put } from '@nestjs/common';
import { of } from 'rxjs';
import { CachePage, InvalidateTags, type InvalidatedTags } from 'nestjs-cache-framework';
import { PLATFORMS, cachesOf, startController, type HttpApp } from './http-app.js';

const tagOfSaved: InvalidatedTags = (_context, saved) => [`news:${(saved as { id: string }).id}`];
const tagOfCall: InvalidatedTags = async (context) => [
  `news:${context.switchToHttp().getRequest<{ params: { id: string } }>().params.id}`,
];
const failing: InvalidatedTags = () => {
  throw new Error('no tags today');
};

const idOf = (context: Parameters<InvalidatedTags>[0]): string =>
  context.switchToHttp().getRequest<{ params: { id: string } }>().params.id;

@Controller()
class News {
  @Get('list')
  @CachePage(60, { tags: ['news'] })
  list(): string {
    return 'list';
  }

  @Get('read/:id')
  @CachePage(60, { tags: (context) => [`news:${idOf(context)}`] })
  read(@Param('id') id: string): string {
    return id;
  }

  @Post('add')
  @InvalidateTags('news')
  add(): string {
    return 'added';
  }

  @Post('save')
  @InvalidateTags('news', tagOfSaved)
  save(): object {
    return { id: '7' };
  }

  @Put('edit/:id')
  @InvalidateTags(tagOfCall)
  edit(): object {
    return of('edited');
  }

  @Post('fail')
  @InvalidateTags('news')
  fail(): never {
    throw new ConflictException();
  }

  @Post('lost')
  @InvalidateTags('news', failing)
  lost(): string {
    return 'done';
  }
}

@Controller('class')
@InvalidateTags('news')
class OfClass {
  @Post('add')
  add(): string {
    return 'added';
  }

  @Post('more/:id')
  @InvalidateTags(tagOfCall)
  more(): string {
    return 'added';
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

const PAGES = ['/list', '/read/7', '/read/8'];

describe.each(PLATFORMS)('@InvalidateTags(), on %s', (platform) => {
  beforeEach(async () => {
    http = await startController(platform, News);
    await cachesOf(http, PAGES);
  });

  it.each<[string, string, string[]]>([
    ['POST', '/add', ['MISS', 'HIT', 'HIT']],
    ['POST', '/save', ['MISS', 'MISS', 'HIT']],
    ['PUT', '/edit/8', ['HIT', 'HIT', 'MISS']],
  ])(
    'removes what bears the tags by the time that the answer is there: %s %s',
    async (method, path, caches) => {
      await http.cache.set('value', 1, { tags: ['news'] });

      expect((await http.ask(path, { method })).status).toBeLessThan(300);

      expect(await cachesOf(http, PAGES)).toEqual(caches);
      expect(await http.cache.get('value')).toBe(caches[0] === 'MISS' ? undefined : 1);
    },
  );

  it('removes nothing if the handler fails', async () => {
    expect((await http.ask('/fail', { method: 'POST' })).status).toBe(409);

    expect(await cachesOf(http, PAGES)).toEqual(['HIT', 'HIT', 'HIT']);
  });

  it('lets the answer go out if the tags cannot be told, which is logged', async () => {
    const { status, body } = await http.ask('/lost', { method: 'POST' });

    expect([status, body]).toEqual([201, 'done']);
    expect(http.log.errors()).toEqual([
      'News.lost was carried out, but its tags could not be invalidated: no tags today.',
    ]);
  });

  it('lets the answer go out if the cache fails, which is logged', async () => {
    await http.cache.close();

    const { status, body } = await http.ask('/add', { method: 'POST' });

    expect([status, body]).toEqual([201, 'added']);
    expect(http.log.errors()).toEqual([
      expect.stringMatching(/^News\.add was carried out, but its tags could not be invalidated: /),
    ]);
  });
});

describe.each(PLATFORMS)('@InvalidateTags() on a class, on %s', (platform) => {
  it('holds for its handlers, and adds to what they say', async () => {
    http = await startController(platform, OfClass);
    const tagged = async (): Promise<unknown[]> => [
      await http.cache.get('list'),
      await http.cache.get('seven'),
    ];
    const fill = async (): Promise<void> => {
      await http.cache.set('list', 1, { tags: ['news'] });
      await http.cache.set('seven', 1, { tags: ['news:7'] });
    };

    await fill();
    await http.ask('/class/add', { method: 'POST' });
    const one = await tagged();
    await fill();
    await http.ask('/class/more/7', { method: 'POST' });

    expect(one).toEqual([undefined, 1]);
    expect(await tagged()).toEqual([undefined, undefined]);
  });
});
