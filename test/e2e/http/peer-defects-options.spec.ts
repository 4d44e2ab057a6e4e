import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Injectable, Module, Res, UseInterceptors } from '@nestjs/common';
import {
  CacheInterceptor,
  CacheKey,
  CacheModule,
  CacheService,
  CacheTTL,
  getCacheToken,
  type CacheBackend,
  type Payload,
} from 'nestjs-cache-framework';
import {
  PLATFORMS,
  cachesAt,
  cachesOf,
  startApp,
  startController,
  type HttpApp,
} from './http-app.js';

interface Reply {
  header(name: string, value: string): Reply;
}

let runs = 0;

@Injectable()
class Own extends CacheInterceptor {}

@Controller()
@UseInterceptors(CacheInterceptor)
@CacheTTL(20)
class Pages {
  @Get('class')
  class(): object {
    return { run: ++runs };
  }

  @Get('text')
  @CacheTTL('1h')
  text(): object {
    return { run: ++runs };
  }

  @Get('own')
  @CacheTTL(60)
  @UseInterceptors(Own)
  own(): object {
    return { run: ++runs };
  }

  @Get('own-key')
  @CacheKey(() => 'one for all')
  @UseInterceptors(Own)
  ownKey(): object {
    return { run: ++runs };
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Undecided {
  @Get('page')
  page(): object {
    return { run: ++runs };
  }

  @Get('result')
  result(@Res({ passthrough: true }) reply: Reply): object {
    runs += 1;
    reply.header('Cache-Control', runs === 1 ? 's-maxage=10' : 's-maxage=30');
    return { run: runs };
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('decorators, on %s', (platform) => {
  it('W32: a timeout in words lasts as long as it says', async () => {
    http = await startController(platform, Pages);

    expect(await cachesAt(http, '/text', [0, 3599, 3601])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('W32: a handler decides by its result how long the page lives', async () => {
    http = await startController(platform, Undecided);

    expect(await cachesAt(http, '/result', [0, 9, 11, 40, 42])).toEqual([
      'MISS',
      'HIT',
      'MISS',
      'HIT',
      'MISS',
    ]);
  });

  it('W34: a timeout on a class holds for its handlers', async () => {
    http = await startController(platform, Pages);

    expect(await cachesAt(http, '/class', [0, 19, 21])).toEqual(['MISS', 'HIT', 'MISS']);
  });

  it('W35: a handler has its own timeout and key, whatever interceptors stand on class and handler', async () => {
    http = await startController(platform, Pages);

    expect(await cachesAt(http, '/own', [0, 59, 61])).toEqual(['MISS', 'HIT', 'MISS']);
    expect(await cachesOf(http, ['/own?u=1', '/own?u=2', '/own?u=1'])).toEqual([
      'MISS',
      'MISS',
      'HIT',
    ]);
    expect(await cachesOf(http, ['/own-key?u=1', '/own-key?u=2'])).toEqual(['MISS', 'HIT']);
  });
});

describe.each(PLATFORMS)('options of the module, on %s', (platform) => {
  it('W38: a cache by name has its own timeout, and pages are no entries of another', async () => {
    http = await startController(platform, Undecided, {
      cache: {
        caches: { default: { timeout: 1110 }, pages: { timeout: 60, location: 'pages' } },
      },
    });
    const pages = http.app.get<CacheService>(getCacheToken('pages'));

    expect(await cachesAt(http, '/page', [0, 59, 61])).toEqual(['MISS', 'HIT', 'MISS']);
    await http.cache.clear();
    const afterDefault = await http.ask('/page');
    await pages.clear();
    const afterPages = await http.ask('/page');

    expect(pages.timeout).toBe(60);
    expect([afterDefault.cache, afterPages.cache]).toEqual(['HIT', 'MISS']);
  });

  it('W38: a prefix parts the entries of any backend', async () => {
    const entries = new Map<string, Payload>();
    http = await startController(platform, Undecided, {
      cache: { backend: mapBackend(entries), keyPrefix: 'ns1' },
    });

    await http.ask('/page');
    await http.cache.set('a', 1);

    const keys = [...entries.keys()];
    expect(keys.filter((key) => key.startsWith('ns1:'))).toHaveLength(2);
    expect(keys.every((key) => /^(~tag:3:)?ns1:/.test(key))).toBe(true);
  });

  it('W38: a second registration is refused, not ignored', async () => {
    http = await startController(platform, Undecided);

    await expect(
      startApp(platform, {
        imports: [CacheModule.forRoot({ timeout: 1110 })],
        cache: { timeout: 5 },
      }),
    ).rejects.toMatchObject({ name: 'CacheConfigError' });
  });

  it('W39: the cache that a route uses loads a value once, and knows how long it lives', async () => {
    http = await startController(platform, Undecided);
    const cache = http.app.get<CacheService>(getCacheToken('default'));
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    await cache.set('a', 1, 60);
    const ttl = await cache.ttl('a');
    now.mockRestore();

    const values = [await cache.getOrSet('a', () => 99), await cache.getOrSet('b', () => ++runs)];
    values.push(await cache.getOrSet('b', () => ++runs));

    expect(values).toEqual([1, 1, 1]);
    expect(ttl).toBe(60);
    expect(cache).toBe(http.cache);
  });

  it('W40: a backend that is handed in is used as it is, for pages and for services', async () => {
    const entries = new Map<string, Payload>();
    http = await startController(platform, Undecided, { cache: { backend: mapBackend(entries) } });

    const values = [];
    for (let call = 0; call < 3; call += 1) {
      values.push(await http.cache.getOrSet('w', () => ++runs));
    }
    const caches = await cachesOf(http, ['/page', '/page']);

    expect(values).toEqual([1, 1, 1]);
    expect(caches).toEqual(['MISS', 'HIT']);
    expect(entries.get(http.cache.makeKey('w'))?.data.toString()).toBe('1');
    expect([...entries.keys()].filter((key) => !key.startsWith('~tag:'))).toHaveLength(2);
  });

  it('W41: a module that imports nothing uses the interceptor', async () => {
    @Module({ controllers: [Undecided] })
    class Feature {}
    http = await startApp(platform, { imports: [Feature] });

    expect(await cachesOf(http, ['/page', '/page'])).toEqual(['MISS', 'HIT']);
  });
});

/** A backend of six methods around a Map. */
function mapBackend(entries: Map<string, Payload>): CacheBackend {
  const store = async (key: string, payload: Payload): Promise<boolean> => {
    entries.set(key, payload);
    return true;
  };
  return {
    name: 'map',
    get: async (key) => entries.get(key),
    set: store,
    add: async (key, payload) => !entries.has(key) && store(key, payload),
    touch: async (key) => entries.has(key),
    delete: async (key) => entries.delete(key),
    clear: async () => {
      entries.clear();
    },
  };
}
