import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  NotFoundException,
  Req,
  type ExecutionContext,
} from '@nestjs/common';
import {
  CachePage,
  VaryOn,
  VaryOnCookie,
  VaryOnHeaders,
  cookie,
  header,
  query,
} from 'nestjs-cache-framework';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';
import { variesOn } from './real-layers.js';

interface Asked {
  readonly headers: Record<string, string | undefined>;
  readonly query: Record<string, string | undefined>;
}

let runs = 0;

const tenantOf = (context: ExecutionContext): string | undefined =>
  context.switchToHttp().getRequest<Asked>().headers['x-tenant'];

/** Tells tenants apart, however they come: by a promise, not at all, by what has no text. */
const tellApart = (context: ExecutionContext): never => {
  const tenant = tenantOf(context);
  if (tenant === 'throws') throw new Error('no tenant');
  const told: Record<string, unknown> = {
    number: 1,
    text: '1',
    bigint: 1n,
    true: true,
    null: null,
    undefined: undefined,
    'text null': 'null',
    empty: '',
    object: {},
    list: ['a'],
    symbol: Symbol('a'),
    nan: Number.NaN,
    rejects: Promise.reject.bind(Promise),
  };
  return (tenant === undefined ? undefined : told[tenant]) as never;
};

const see = ({ headers }: Asked): string =>
  `run ${++runs}: ${headers['accept-language'] ?? '-'} ${headers['x-tenant'] ?? '-'}`;

@Controller()
@VaryOnHeaders('X-Class')
class Pages {
  @Get('header')
  @CachePage(60)
  @VaryOnHeaders('Accept-Language')
  header(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('header-outside')
  @VaryOnHeaders('accept-language')
  @CachePage(60)
  @Header('Vary', 'Origin, ACCEPT-LANGUAGE')
  headerOutside(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('cookie')
  @CachePage(60)
  @VaryOnCookie('currency', 'theme')
  cookie(): string {
    return `run ${++runs}`;
  }

  @Get('several')
  @CachePage(60)
  @VaryOn(header('X-Tenant'), cookie('currency'), query('page'))
  several(): string {
    return `run ${++runs}`;
  }

  @Get('function')
  @CachePage(60)
  @VaryOn(tenantOf)
  function(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('promise')
  @CachePage(60)
  @VaryOn((context) => Promise.resolve(tenantOf(context)))
  promise(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('values')
  @CachePage(60)
  @VaryOn(tellApart)
  values(): string {
    return `run ${++runs}`;
  }

  @Get('hostile')
  @CachePage(60)
  @VaryOn(header('constructor'), header('__proto__'), cookie('__proto__'))
  hostile(): string {
    return `run ${++runs}`;
  }

  @Get('missing')
  @CachePage(60)
  @VaryOnHeaders('Accept-Language')
  missing(): never {
    throw new NotFoundException();
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

async function all(path: string, requests: Record<string, string | string[]>[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const headers of requests) answers.push(await http.ask(path, { headers }));
  return answers;
}

const caches = async (...args: Parameters<typeof all>): Promise<unknown[]> =>
  (await all(...args)).map(({ cache }) => cache);

const french = { 'Accept-Language': 'fr' };
const german = { 'Accept-Language': 'de' };

describe.each(PLATFORMS)('@VaryOn(), on %s', (platform) => {
  beforeEach(async () => {
    http = await startController(platform, Pages);
  });

  it.each(['/header', '/header-outside'])(
    'gives each value of a header a page, in whatever order decorators stand: %s',
    async (path) => {
      const answers = await all(path, [
        french,
        german,
        {},
        { 'Accept-Language': '' },
        french,
        german,
      ]);

      expect(answers.map(({ cache }) => cache)).toEqual([
        'MISS',
        'MISS',
        'MISS',
        'MISS',
        'HIT',
        'HIT',
      ]);
      expect(answers[4]!.body).toBe('run 1: fr -');
    },
  );

  it('needs no list of variants for what it names, so that a page is found in one read', async () => {
    await all('/header', [french, german]);

    expect(http.stored()).toBe(2);
  });

  it('lists headers and cookies in the Vary of every answer, each once', async () => {
    const [miss, hit] = await all('/header', [french, french]);
    const [outside] = await all('/header-outside', [french]);
    const [several] = await all('/several', [{}]);
    const [error] = await all('/missing', [french]);

    expect(variesOn(miss!)).toEqual(['accept-language', 'x-class']);
    expect(hit!.headers.vary).toBe(miss!.headers.vary);
    expect(variesOn(outside!)).toEqual(['accept-language', 'origin', 'x-class']);
    expect(variesOn(several!)).toEqual(['cookie', 'x-class', 'x-tenant']);
    expect(error!.status).toBe(404);
    expect(variesOn(error!)).toEqual(['accept-language', 'x-class']);
  });

  it('adds what stands on a method to what stands on the class', async () => {
    expect(
      await caches('/header', [
        french,
        { ...french, 'X-Class': '1' },
        { ...french, 'X-Class': '1' },
      ]),
    ).toEqual(['MISS', 'MISS', 'HIT']);
  });

  it('gives each set of cookies a page, whatever else there is', async () => {
    expect(
      await caches('/cookie', [
        { Cookie: 'currency=EUR; theme=dark' },
        { Cookie: 'utm=1; theme=dark; currency=EUR' },
        { Cookie: 'currency=EUR' },
        { Cookie: 'currency=EURtheme=dark' },
        { Cookie: 'theme=EUR; currency=dark' },
        {},
      ]),
    ).toEqual(['MISS', 'HIT', 'MISS', 'MISS', 'MISS', 'MISS']);
  });

  it('gives no page of a cookie to who bears one that only looks like it', async () => {
    const cookies = ['currency=\u00a0EUR', '\u00a0currency=EUR', 'currency=EUR\u00a0', 'currency'];

    await caches(
      '/cookie',
      cookies.map((Cookie) => ({ Cookie })),
    );

    expect(await caches('/cookie', [{ Cookie: 'currency=EUR' }, { Cookie: 'currency=' }])).toEqual([
      'MISS',
      'MISS',
    ]);
  });

  it('tells apart everything that it was told', async () => {
    const one = { 'X-Tenant': 'a', Cookie: 'currency=EUR' };

    expect(await caches('/several?page=1', [one, { ...one, 'X-Tenant': 'b' }])).toEqual([
      'MISS',
      'MISS',
    ]);
    expect(await caches('/several?page=1', [{ ...one, Cookie: 'currency=USD' }])).toEqual(['MISS']);
    expect(await caches('/several?page=2', [one])).toEqual(['MISS']);
    expect(await caches('/several?utm=1&page=1', [one])).toEqual(['HIT']);
  });

  it.each(['/function', '/promise'])('tells apart what a function tells: %s', async (path) => {
    const answers = await all(path, [
      { 'X-Tenant': 'a' },
      { 'X-Tenant': 'b' },
      {},
      { 'X-Tenant': 'a' },
    ]);

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'MISS', 'HIT']);
    expect(answers[3]!.body).toBe('run 1: - a');
    expect(variesOn(answers[0]!)).toEqual(['x-class']);
  });

  it('tells plain values apart by kind and text', async () => {
    const values = ['number', 'text', 'bigint', 'true', 'null', 'undefined', 'text null', 'empty'];
    const requests = values.map((value) => ({ 'X-Tenant': value }));

    expect(await caches('/values', requests)).toEqual(values.map(() => 'MISS'));
    expect(await caches('/values', requests)).toEqual(values.map(() => 'HIT'));
  });

  it.each(['throws', 'object', 'list', 'symbol', 'nan', 'rejects'])(
    'leaves a request uncached whose function gives what tells nothing apart: %s',
    async (value) => {
      const tenant = { 'X-Tenant': value };

      const answers = await all('/values', [tenant, tenant]);

      expect(answers.map(({ cache, status }) => [cache, status])).toEqual([
        ['BYPASS', 200],
        ['BYPASS', 200],
      ]);
      expect(http.log.said()).toEqual([
        expect.stringMatching(
          /^Pages\.values is not cached: a function of @VaryOn\(\) failed\. The error/,
        ),
      ]);
    },
  );

  it('takes names that objects have by themselves for what they are', async () => {
    expect(
      await caches('/hostile', [
        {},
        { Constructor: 'a' },
        { __proto__x: 'a' },
        { Cookie: '__proto__=a' },
        { Constructor: 'a' },
      ]),
    ).toEqual(['MISS', 'MISS', 'HIT', 'MISS', 'HIT']);
  });

  it('keeps values apart that try to look like two', async () => {
    const sent = [
      { 'Accept-Language': 'fr', 'X-Class': 'de' },
      { 'Accept-Language': 'fr1:de', 'X-Class': '' },
      { 'Accept-Language': ['fr', 'de'] },
      { 'Accept-Language': 'fr, de' },
    ];

    expect(await caches('/header', sent)).toEqual(['MISS', 'MISS', 'MISS', 'MISS']);
  });
});
