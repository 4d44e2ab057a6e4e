import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Put,
  UseInterceptors,
  type ExecutionContext,
} from '@nestjs/common';
import {
  CacheControl,
  CacheInterceptor,
  CachePage,
  Condition,
  VaryOnCookie,
  VaryOnHeaders,
} from 'nestjs-cache-framework';
import { PLATFORMS, startApp, type Answer, type HttpApp } from './http-app.js';

let runs = 0;
let version: unknown;
let changed: unknown;
/** What the functions were asked with. */
let asked: ExecutionContext[];

const etag = (context: ExecutionContext): never => {
  asked.push(context);
  return version as never;
};
const lastModified = (): never => Promise.resolve(changed) as never;

const run = (): string => `run ${++runs} of ${String(version)}`;

@Controller()
class Items {
  @Get('item')
  @Condition({ etag, lastModified })
  item(): string {
    return run();
  }

  @Get('dated')
  @Condition({ lastModified })
  dated(): string {
    return run();
  }

  @Get('own')
  @Condition({ etag, lastModified })
  @Header('Last-Modified', 'Sun, 01 Nov 2026 10:00:00 GMT')
  own(): string {
    return run();
  }

  @Get('missing')
  @HttpCode(404)
  @Condition({ etag })
  missing(): string {
    return run();
  }

  @Put('item')
  @Condition({ etag, lastModified })
  write(): string {
    return run();
  }

  @Get('cached-outside')
  @Condition({ etag })
  @CachePage(60)
  cachedOutside(): string {
    return run();
  }

  @Get('cached-inside')
  @CachePage(60)
  @Condition({ etag })
  cachedInside(): string {
    return run();
  }

  @Get('told-inside')
  @CacheControl({ public: true, maxAge: '5m' })
  @VaryOnHeaders('Accept-Language')
  @Condition({ etag })
  toldInside(): string {
    return run();
  }

  @Get('told-outside')
  @Condition({ etag })
  @CacheControl({ public: true, maxAge: '5m' })
  @VaryOnHeaders('Accept-Language')
  toldOutside(): string {
    return run();
  }

  @Get('told-page')
  @CacheControl({ public: true, maxAge: '5m' })
  @VaryOnHeaders('Accept-Language')
  @CachePage(60)
  @Condition({ etag })
  toldPage(): string {
    return run();
  }

  @Get('told-page-outside')
  @Condition({ etag })
  @CacheControl({ public: true, sMaxAge: 600 })
  @CachePage(60)
  toldPageOutside(): string {
    return run();
  }

  @Get('told-page-bare')
  @CacheControl({ public: true })
  @CachePage(60)
  @Condition({ etag })
  toldPageBare(): string {
    return run();
  }

  @Put('invalidating')
  @UseInterceptors(CacheInterceptor)
  @Condition({ etag })
  invalidating(): string {
    return run();
  }
}

@Controller('class')
@Condition({ etag })
@CacheControl({ sMaxAge: 60, maxAge: '10m' })
@VaryOnCookie('currency')
class ItemsOfClass {
  @Get('told')
  @CacheControl({ public: true, sMaxAge: 30, maxAge: '5m' })
  @VaryOnHeaders('Accept-Language')
  told(): string {
    return run();
  }
}

const MORNING = new Date('2026-11-22T10:00:00.400Z');
const MORNING_TEXT = 'Sun, 22 Nov 2026 10:00:00 GMT';

let http: HttpApp;

beforeEach(() => {
  runs = 0;
  version = 'v1';
  changed = MORNING;
  asked = [];
});

afterEach(async () => {
  await http.close();
});

const ask = (path: string, headers = {}, method = 'GET'): Promise<Answer> =>
  http.ask(path, { headers, method });

const sorted = (list: string | undefined): string => (list ?? '').split(', ').toSorted().join(', ');

const statusOf = async (...args: Parameters<typeof ask>): Promise<number> =>
  (await ask(...args)).status;

describe.each(PLATFORMS)('@Condition(), on %s', (platform) => {
  beforeEach(async () => {
    http = await startApp(platform, { controllers: [Items, ItemsOfClass] });
  });

  it('gives answers the validators', async () => {
    const { status, headers, body } = await ask('/item');

    expect([status, body]).toEqual([200, 'run 1 of v1']);
    expect(headers).toMatchObject({ etag: '"v1"', 'last-modified': MORNING_TEXT });
    expect(asked).toHaveLength(1);
  });

  it.each(['GET', 'HEAD'])('answers %s with 304 in place of the handler', async (method) => {
    const answers = [
      await ask('/item', { 'If-None-Match': '"v0", W/"v1"' }, method),
      await ask('/item', { 'If-None-Match': '*' }, method),
      await ask('/dated', { 'If-Modified-Since': MORNING_TEXT }, method),
    ];

    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(3).fill([304, '']));
    expect(answers[0]!.headers).toMatchObject({ etag: '"v1"', 'last-modified': MORNING_TEXT });
    expect(answers[0]!.headers).not.toHaveProperty('content-type');
    expect(runs).toBe(0);
  });

  it('lets the handler answer who holds something else', async () => {
    expect(await statusOf('/item', { 'If-None-Match': '"v2"' })).toBe(200);
    expect(
      await statusOf('/item', { 'If-None-Match': '"v2"', 'If-Modified-Since': MORNING_TEXT }),
    ).toBe(200);
    expect(await statusOf('/dated', { 'If-Modified-Since': 'Sun, 22 Nov 2026 09:59:59 GMT' })).toBe(
      200,
    );
    expect(runs).toBe(3);
  });

  it.each<[string, Record<string, string>, string]>([
    ['another state', { 'If-Match': '"v0"' }, 'PUT'],
    ['a state by a weak tag', { 'If-Match': 'W/"v1"' }, 'PUT'],
    ['nothing there yet', { 'If-None-Match': '*' }, 'PUT'],
    ['a time before it changed', { 'If-Unmodified-Since': 'Sun, 22 Nov 2026 09:59:59 GMT' }, 'PUT'],
    ['another state, to read', { 'If-Match': '"v0"' }, 'GET'],
  ])('refuses with 412 what is meant for %s', async (_what, headers, method) => {
    expect(await statusOf('/item', headers, method)).toBe(412);
    expect(runs).toBe(0);
  });

  it('carries out what is meant for what is there, with no validators of the state before', async () => {
    const written = await ask('/item', { 'If-Match': '"v1"' }, 'PUT');

    expect([written.status, written.body]).toEqual([200, 'run 1 of v1']);
    expect(written.headers['etag']).not.toBe('"v1"');
    expect(written.headers).not.toHaveProperty('last-modified');
  });

  it('meets no condition while nothing is there', async () => {
    version = undefined;
    changed = null;

    expect(await statusOf('/item', { 'If-None-Match': '*' }, 'PUT')).toBe(200);
    expect(await statusOf('/item', { 'If-Match': '*' }, 'PUT')).toBe(412);
  });

  it('leaves what the handler says of the date, and answers that are none of success', async () => {
    expect((await ask('/own')).headers['last-modified']).toBe('Sun, 01 Nov 2026 10:00:00 GMT');
    const missing = await ask('/missing');

    expect(missing.status).toBe(404);
    expect(missing.headers['etag']).not.toBe('"v1"');
  });

  it('takes whole tags, strong and weak', async () => {
    version = 'W/"v1"';
    expect((await ask('/item')).headers['etag']).toBe('W/"v1"');
    version = '"v1"';
    expect((await ask('/item')).headers['etag']).toBe('"v1"');
  });

  it.each([['a b'], ['a"b'], ['a\r\nX-Evil: yes'], [''.padEnd(3, '\u20ac')], [7], ['W/"open']])(
    'is an error of the server if the tag cannot be sent: %j',
    async (tag) => {
      version = tag;

      const { status, headers } = await ask('/item');

      expect(status).toBe(500);
      expect(headers).not.toHaveProperty('x-evil');
      expect(runs).toBe(0);
      expect(http.log.errors()[0]).toContain('"etag" of @Condition() must give');
    },
  );

  it('is one if the date is none, or the function fails', async () => {
    changed = new Date(Number.NaN);
    expect(await statusOf('/dated')).toBe(500);
    changed = 'yesterday';
    expect(await statusOf('/dated')).toBe(500);
    changed = Promise.reject(new Error('no database'));
    expect(await statusOf('/dated')).toBe(500);
    expect(runs).toBe(0);
  });

  it.each(['/cached-outside', '/cached-inside'])(
    'goes together with pages, in whatever order they stand: %s',
    async (path) => {
      const miss = await ask(path);
      const hit = await ask(path);
      const held = await ask(path, { 'If-None-Match': '"v1"' });

      expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
      expect([miss.headers['etag'], hit.headers['etag']]).toEqual(['"v1"', '"v1"']);
      expect(held.status).toBe(304);
      expect(runs).toBe(1);
    },
  );

  it.each(['/cached-outside', '/cached-inside'])(
    'gives a page that was made before the tag that it was made with: %s',
    async (path) => {
      await ask(path);
      version = 'v2';

      const hit = await ask(path);
      const held = await ask(path, { 'If-None-Match': '"v1"' });
      const newer = await ask(path, { 'If-None-Match': '"v2"' });

      expect([hit.cache, hit.body, hit.headers['etag']]).toEqual(['HIT', 'run 1 of v1', '"v1"']);
      expect(held.status).toBe(304);
      // Who holds what is there now may keep it, whatever lies here.
      expect(newer.status).toBe(path === '/cached-outside' ? 200 : 304);
    },
  );

  it('answers a miss with 304 of its own, and the page is stored whole', async () => {
    const held = await ask('/cached-outside', { 'If-None-Match': '"v1"' });
    const hit = await ask('/cached-outside');

    expect(held).toMatchObject({ status: 304, cache: 'MISS' });
    expect(hit).toMatchObject({ cache: 'HIT', body: 'run 1 of v1' });
  });

  it.each<[path: string, control: string, vary: string]>([
    ['/told-inside', 'max-age=300, public', 'Accept-Language'],
    ['/told-outside', 'max-age=300, public', 'Accept-Language'],
    ['/class/told', 'max-age=300, public, s-maxage=30', 'Accept-Language, Cookie'],
  ])(
    'answers 304 with the Cache-Control and the Vary of the 200, in whatever order they stand: %s',
    async (path, control, vary) => {
      const whole = await ask(path);
      const held = await ask(path, { 'If-None-Match': '"v1"' });

      expect([whole.status, held.status]).toEqual([200, 304]);
      const told = [whole, held].map(({ headers }) => [
        sorted(headers['cache-control']),
        sorted(headers['vary']),
      ]);
      expect(told).toEqual(Array(2).fill([sorted(control), sorted(vary)]));
    },
  );

  it.each(['/told-page', '/told-page-outside', '/told-page-bare'])(
    'grants nothing in a 304 that the page does not: %s',
    async (path) => {
      const held = await ask(path, { 'If-None-Match': '"v1"' });
      const miss = await ask(path);

      expect([held.status, miss.status]).toEqual([304, 200]);
      expect(held.headers['cache-control']).toMatch(/public/);
      expect(sorted(held.headers['cache-control'])).toBe(sorted(miss.headers['cache-control']));
      expect(held.headers['vary']).toBe(miss.headers['vary']);
    },
  );

  it('invalidates nothing with what it refuses', async () => {
    await ask('/cached-inside');

    expect(await statusOf('/invalidating', { 'If-Match': '"v0"' }, 'PUT')).toBe(412);
    expect((await ask('/cached-inside')).cache).toBe('HIT');
  });
});
