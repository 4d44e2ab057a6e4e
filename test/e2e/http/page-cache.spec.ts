import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, Param, SetMetadata } from '@nestjs/common';
import { CacheKey, CachePage, PageCache, VaryOnHeaders } from 'nestjs-cache-framework';
import {
  PLATFORMS,
  cachesOf,
  startApp,
  startController,
  type HttpApp,
  type Platform,
} from './http-app.js';

/** As decorators of methods often do: puts another function in the place of the method. */
function Traced(): MethodDecorator {
  return (_target, _property, descriptor) => {
    const method = descriptor.value as unknown as (...args: unknown[]) => unknown;
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      return method.apply(this, args);
    };
    for (const key of Reflect.getMetadataKeys(method)) {
      SetMetadata(key as string, Reflect.getMetadata(key, method))(wrapper);
    }
    descriptor.value = wrapper as never;
  };
}

@Controller()
class News {
  @Get('news')
  @CachePage(60)
  list(): string {
    return 'list';
  }

  @Get('news/:id')
  @CachePage(60)
  @VaryOnHeaders('Accept-Language')
  one(@Param('id') id: string): string {
    return id;
  }

  @Get('keyed/:id')
  @CachePage(60)
  @CacheKey('by-name')
  keyed(@Param('id') id: string): string {
    return id;
  }

  @Get('made/:id')
  @CachePage(60)
  @CacheKey((context) => context.switchToHttp().getRequest<{ params: { id: string } }>().params.id)
  made(@Param('id') id: string): string {
    return id;
  }

  @Get('apart')
  @CachePage(60, { cache: 'apart', tags: ['apart'] })
  apart(): string {
    return 'apart';
  }

  @Traced()
  @Get('traced')
  @CachePage(60)
  traced(): string {
    return 'traced';
  }
}

@Controller('sub')
class SubNews extends News {}

@Injectable()
class Editor {
  constructor(readonly pages: PageCache) {}
}

@Module({ providers: [Editor] })
class EditorModule {}

let http: HttpApp;
let pages: PageCache;

afterEach(async () => {
  await http.close();
});

const NEWS = ['/news', '/news?page=2', '/news/7', '/news/7?x=1', '/news/8', '/keyed/1', '/made/1'];

/** Which of these are no pages any more. */
async function gone(paths: readonly string[] = NEWS): Promise<string[]> {
  const caches = await cachesOf(http, paths);
  return paths.filter((_, index) => caches[index] !== 'HIT');
}

describe.each(PLATFORMS)('PageCache, on %s', (platform: Platform) => {
  beforeEach(async () => {
    http = await startApp(platform, {
      imports: [EditorModule],
      controllers: [News, SubNews],
      cache: { caches: { default: {}, apart: { location: 'apart' } } },
    });
    pages = http.app.get(PageCache);
    await cachesOf(http, NEWS);
  });

  it('is injected where no module was imported for it', () => {
    expect(http.app.get(Editor).pages).toBe(pages);
  });

  it('removes the pages of a path, of every query, host and variant', async () => {
    const other = { headers: { Host: 'b.example', 'Accept-Language': 'fr' } };
    await http.ask('/news/7', other);

    await pages.invalidate('/news/7');

    expect(await gone()).toEqual(['/news/7', '/news/7?x=1']);
    expect((await http.ask('/news/7', other)).cache).toBe('MISS');
  });

  it.each(['http://a.example/news/7?y=2', 'https://b.example:8080/News/7/#top', '/news//7;a=1'])(
    'removes those of the path of a URL: %s',
    async (url) => {
      await pages.invalidate(url);

      expect(await gone()).toEqual(['/news/7', '/news/7?x=1']);
    },
  );

  it('removes those of a key, whether it is a name or was made', async () => {
    await pages.invalidateKey('by-name');
    expect(await gone()).toEqual(['/keyed/1']);

    await pages.invalidateKey('1');
    expect(await gone()).toEqual(['/made/1']);
  });

  it('removes those of a handler', async () => {
    await pages.invalidateRoute(News, 'one');

    expect(await gone()).toEqual(['/news/7', '/news/7?x=1', '/news/8']);
  });

  it('removes those of the class that is named, not of one that inherits the handler', async () => {
    await cachesOf(http, ['/sub/news']);

    await pages.invalidateRoute(News, 'list');

    expect(await gone(['/news', '/sub/news'])).toEqual(['/news']);
    await pages.invalidateRoute(SubNews, 'list');
    expect(await gone(['/news', '/sub/news'])).toEqual(['/sub/news']);
  });

  it('removes those of a handler that a decorator has replaced', async () => {
    await cachesOf(http, ['/traced']);

    await pages.invalidateRoute(News, 'traced');

    expect(await gone(['/traced'])).toEqual(['/traced']);
  });

  it('removes pages wherever they are kept', async () => {
    const apart = ['/apart'];
    for (const remove of [
      () => pages.invalidate('/apart'),
      () => pages.invalidateRoute(News, 'apart'),
      () => pages.invalidateTags('apart'),
    ]) {
      await cachesOf(http, apart);
      expect(await gone(apart)).toEqual([]);

      await remove();

      expect(await gone(apart)).toEqual(apart);
    }
  });

  it('removes values of services with the tags of pages', async () => {
    await http.cache.set('value', 1, { tags: ['apart'] });
    await http.cache.set('other', 1, { tags: ['other'] });

    await pages.invalidateTags('apart', 'none');

    expect([await http.cache.get('value'), await http.cache.get('other')]).toEqual([undefined, 1]);
  });

  it('removes nothing for no tags', async () => {
    await pages.invalidateTags();

    expect(await gone()).toEqual([]);
  });
});

describe('PageCache refuses', () => {
  beforeEach(async () => {
    http = await startController('express', News, {
      cache: { caches: { default: {}, apart: {} } },
    });
    pages = http.app.get(PageCache);
  });

  it.each([
    ['news'],
    [''],
    [undefined],
    [null],
    [7],
    ['javascript:alert(1)'],
    [' /news'],
    ['http:/x'],
  ])('the URL %j', async (url) => {
    await expect(pages.invalidate(url as string)).rejects.toThrow(
      /^invalidate\(\) needs a path that begins with "\/", or an absolute URL, but got/,
    );
  });

  it.each([[''], [undefined], [{}]])('the key %j', async (key) => {
    await expect(pages.invalidateKey(key as string)).rejects.toMatchObject({
      code: 'CACHE_INVALID_KEY',
    });
  });

  it.each<[unknown, unknown]>([
    [News, 'latest'],
    [News, 'toString2'],
    [News, undefined],
    [undefined, 'list'],
    [{}, 'list'],
    ['News', 'list'],
  ])('the route %p %j', async (controller, method) => {
    await expect(pages.invalidateRoute(controller as never, method as never)).rejects.toThrow(
      /^invalidateRoute\(\) needs a controller and the name of one of its methods/,
    );
  });

  it.each([[''], [7], [null]])('the tag %j', async (tag) => {
    await expect(pages.invalidateTags('news', tag as string)).rejects.toThrow(TypeError);
  });

  it('to pass over a cache that fails, whatever "onError" says', async () => {
    await http.pages.close();

    await expect(pages.invalidate('/news')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });
});
