import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, type Answer, type Asking, type HttpApp } from './http-app.js';
import { allowsOrigins, startLayered, variesOn, type CorsOptions } from './real-layers.js';

const A = 'https://a.example';
const B = 'https://b.example';
const STRANGER = 'https://stranger.example';

let runs = 0;

@Controller('kept')
@UseInterceptors(CacheInterceptor)
class Kept {
  @Get('page')
  page(): object {
    return { run: ++runs };
  }
}

@Controller('bare')
class Bare {
  @Get('page')
  page(): object {
    return {};
  }
}

/** How the packages are told which origins may read, each in a way that its documentation shows. */
const WAYS: readonly (readonly [name: string, options: CorsOptions])[] = [
  ['any origin by reflecting it, with credentials', { origin: true, credentials: true }],
  ['any origin by a star', { origin: '*', exposedHeaders: ['X-Cache'] }],
  ['one origin', { origin: A, credentials: true }],
  ['a list of origins', { origin: [A, B], exposedHeaders: ['X-Cache', 'ETag'] }],
  ['a pattern of origins', { origin: /^https:\/\/[ab]\.example$/, credentials: true }],
  [
    'what a function says',
    {
      origin: (origin: string, done: (error: Error | null, allowed: boolean) => void) => {
        done(null, origin === B);
      },
    } as CorsOptions,
  ],
];

const preflight = (origin: string): Asking => ({
  method: 'OPTIONS',
  headers: { Origin: origin, 'Access-Control-Request-Method': 'GET' },
});

/** The fields of a head that speak to a browser about origins, and `Vary`. */
function spokenTo(answer: Answer): object {
  const fields = Object.entries(answer.headers).filter(([name]) =>
    name.startsWith('access-control-'),
  );
  return { ...Object.fromEntries(fields), vary: variesOn(answer) };
}

describe.each(
  PLATFORMS.flatMap((platform) =>
    WAYS.map(([name, options]) => [platform, name, options] as const),
  ),
)('the package that allows origins, on %s, allowing %s', (platform, _name, options) => {
  let http: HttpApp;

  beforeEach(async () => {
    runs = 0;
    http = await startLayered(platform, [Kept, Bare], [allowsOrigins(options)]);
  });

  afterEach(async () => {
    await http.close();
  });

  const from = (origin: string | undefined, path: string): Promise<Answer> =>
    http.ask(path, { headers: origin === undefined ? {} : { Origin: origin } });

  it.each([
    [A, [A, B, undefined, STRANGER, 'null']],
    [B, [undefined, B, STRANGER, A]],
    [undefined, [A, undefined, B, STRANGER]],
    [STRANGER, [STRANGER, A, undefined, B]],
  ])('tells each origin what it would be told without the cache, after %s', async (first, then) => {
    for (const origin of [first, ...then, ...then.toReversed()]) {
      const told = await from(origin, '/kept/page');

      expect(spokenTo(told)).toEqual(spokenTo(await from(origin, '/bare/page')));
    }
  });

  it('answers an origin from the cache that has asked before', async () => {
    const answers = [await from(A, '/kept/page'), await from(B, '/kept/page')];
    const again = [await from(A, '/kept/page'), await from(B, '/kept/page')];
    const none = [await from(undefined, '/kept/page'), await from(undefined, '/kept/page')];

    expect(again.map(({ cache }) => cache)).toEqual(['HIT', 'HIT']);
    expect(again.map(({ body }) => body)).toEqual(answers.map(({ body }) => body));
    expect(none[1]!.cache).toBe('HIT');
  });

  it('tells a client that has the page its own origin in a 304', async () => {
    for (const origin of [A, B]) {
      await from(origin, '/kept/page');
      const { etag } = (await from(origin, '/kept/page')).headers;
      const unchanged = await http.ask('/kept/page', {
        headers: { Origin: origin, 'If-None-Match': etag! },
      });

      expect([unchanged.status, unchanged.cache]).toEqual([304, 'HIT']);
      expect(spokenTo(unchanged)).toEqual(spokenTo(await from(origin, '/bare/page')));
    }
  });

  it('answers a preflight itself, and the cache has no part in it', async () => {
    const before = await http.ask('/kept/page', preflight(A));
    await from(A, '/kept/page');
    const [ofA, ofB] = [
      await http.ask('/kept/page', preflight(A)),
      await http.ask('/kept/page', preflight(B)),
    ];

    const bare = [
      await http.ask('/bare/page', preflight(A)),
      await http.ask('/bare/page', preflight(B)),
    ];
    expect([before.status, ofB.status]).toEqual(bare.map(({ status }) => status));
    expect([before.cache, ofA.cache, ofB.cache]).toEqual([undefined, undefined, undefined]);
    expect([ofA, ofB].map(spokenTo)).toEqual(bare.map(spokenTo));
    expect(runs).toBe(1);
    expect((await from(A, '/kept/page')).cache).toBe('HIT');
  });

  it('tells 20 origins at once each its own', async () => {
    const origins = Array.from({ length: 20 }, (_, index) => `https://o${index % 10}.example`);
    const told = await Promise.all(origins.map((origin) => from(origin, '/kept/page')));
    const bare = await Promise.all(origins.map((origin) => from(origin, '/bare/page')));

    expect(told.map(spokenTo)).toEqual(bare.map(spokenTo));
    expect(http.log.errors()).toEqual([]);
  });
});

describe.each(PLATFORMS)('a page that any origin may read, on %s', (platform) => {
  it('is made once for all of them', async () => {
    runs = 0;
    const http = await startLayered(platform, [Kept], [allowsOrigins({ origin: '*' })]);
    const answers: Answer[] = [];
    for (const origin of [A, undefined, B, STRANGER]) {
      const headers = origin === undefined ? {} : { Origin: origin };
      answers.push(await http.ask('/kept/page', { headers }));
    }
    await http.close();

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT', 'HIT', 'HIT']);
    expect(new Set(answers.map(({ headers }) => headers['access-control-allow-origin']))).toEqual(
      new Set(['*']),
    );
    expect(runs).toBe(1);
  });
});
