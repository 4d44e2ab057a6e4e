import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import { CachePage, VaryOnCookie, type HttpOptions } from 'nestjs-cache-framework';
import { PLATFORMS, cachesOf, startController, type Answer, type HttpApp } from './http-app.js';

interface Asked {
  readonly headers: Record<string, string | undefined>;
  user?: unknown;
}

interface Reply {
  header(name: string, value: string): unknown;
}

let runs = 0;

@Controller()
class Pages {
  @Get('page')
  @CachePage(60)
  page(@Req() { headers }: Asked): string {
    return `run ${++runs} for ${headers['cookie'] ?? headers['x-me'] ?? 'anybody'}`;
  }

  @Get('shared')
  @CachePage(60, { shared: true })
  shared(): string {
    return `run ${++runs}`;
  }

  @Get('currency')
  @CachePage(60)
  @VaryOnCookie('currency')
  currency(@Req() { headers }: Asked): string {
    const [, currency = 'EUR'] = /currency=(\w+)/.exec(headers['cookie'] ?? '') ?? [];
    return `run ${++runs} in ${currency}`;
  }

  @Get('by-session')
  @CachePage(60)
  @VaryOnCookie('sid')
  bySession(@Req() { headers }: Asked): string {
    return `run ${++runs} for ${headers['cookie']}`;
  }

  /** As Django's session middleware does. */
  @Get('varies')
  @CachePage(60)
  @Header('Vary', 'Cookie')
  varies(@Req() { headers }: Asked): string {
    return `run ${++runs} for ${headers['cookie'] ?? 'anybody'}`;
  }

  @Get('begins')
  @CachePage(60)
  begins(@Res({ passthrough: true }) reply: Reply): string {
    reply.header('Vary', 'Cookie');
    reply.header('Set-Cookie', `sid=${++runs}`);
    return `session ${runs}`;
  }
}

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

const cachesFor = async (path: string, cookies: string[]): Promise<unknown[]> => {
  const caches: unknown[] = [];
  for (const cookie of cookies) {
    caches.push((await http.ask(path, { headers: cookie === '' ? {} : { Cookie: cookie } })).cache);
  }
  return caches;
};

describe.each(PLATFORMS)('who asks, on %s', (platform) => {
  const start = async (options: HttpOptions = {}, user?: unknown): Promise<void> => {
    runs = 0;
    http = await startController(platform, Pages, {
      cache: { http: options },
      configure: (app) => {
        app.use((request: Asked, _response: unknown, next: () => void) => {
          if (user !== undefined) request.user = user;
          next();
        });
      },
    });
  };

  it('is told by any cookie by default', async () => {
    await start();

    expect(await cachesFor('/page', ['', 'utm=1', 'utm=1'])).toEqual(['MISS', 'BYPASS', 'BYPASS']);
    expect(http.log.said()).toContainEqual(
      expect.stringContaining('list those that say who it is from'),
    );
  });

  it('is told by the listed cookies only, others do not matter', async () => {
    await start({ identityCookies: ['sid', 'remember'] });

    expect(
      await cachesFor('/page', ['utm=1', 'utm=2; a=b', '', 'sid=1', 'utm=1; remember=x', 'SID=1']),
    ).toEqual(['MISS', 'HIT', 'HIT', 'BYPASS', 'BYPASS', 'HIT']);
  });

  it('is told by a listed cookie wherever it hides', async () => {
    await start({ identityCookies: ['sid'] });
    await http.ask('/page');

    expect(
      await cachesFor('/page', ['a=1;sid=2', 'a=1;  sid = 2', 'sid', 'sid=', '; sid=1']),
    ).toEqual(Array(5).fill('BYPASS'));
    const lines = await http.ask('/page', { headers: { Cookie: ['a=1', 'sid=2'] } });
    expect(lines.cache).toBe('BYPASS');
  });

  it('is told by none if an empty list says so', async () => {
    await start({ identityCookies: [] });

    expect(await cachesFor('/page', ['sid=1', 'sid=2'])).toEqual(['MISS', 'HIT']);
  });

  it('is told by the listed headers, in any case', async () => {
    await start({ identityHeaders: ['X-Me'] });

    const mine = await http.ask('/page', { headers: { 'x-me': 'alice' } });
    const key = await http.ask('/page', { headers: { 'X-Api-Key': 'k' } });

    expect(mine).toMatchObject({ cache: 'BYPASS', body: 'run 1 for alice' });
    expect(key.cache).toBe('MISS');
    expect((await http.ask('/page')).cache).toBe('HIT');
  });

  it('is told by what a middleware found, unless pages are the same for those too', async () => {
    await start({}, { id: 1 });
    expect(await cachesOf(http, ['/page', '/page'])).toEqual(['BYPASS', 'BYPASS']);
    await http.close();

    await start({ anonymousOnly: false }, { id: 1 });
    expect(await cachesOf(http, ['/page', '/page'])).toEqual(['MISS', 'HIT']);
    const key = await http.ask('/page', { headers: { 'X-Api-Key': 'k' } });
    expect(key.cache).toBe('HIT');
    const authorized = await http.ask('/page', { headers: { Authorization: 'a' } });
    expect(authorized.cache).toBe('BYPASS');
  });

  it('does not matter to a page that is declared the same for all', async () => {
    await start({}, { id: 1 });

    const answers = [
      await http.ask('/shared', { headers: { Authorization: 'alice' } }),
      await http.ask('/shared', { headers: { Cookie: 'sid=bob', 'X-Api-Key': 'k' } }),
    ];

    expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
      ['MISS', 'run 1'],
      ['HIT', 'run 1'],
    ]);
  });

  it('does not matter to a page that depends on one cookie, which other cookies leave alone', async () => {
    await start();

    expect(
      await cachesFor('/currency', [
        'currency=USD',
        'sid=1; currency=USD',
        'currency=EUR',
        'sid=2',
        '',
      ]),
    ).toEqual(['MISS', 'HIT', 'MISS', 'MISS', 'HIT']);
    const hit = await http.ask('/currency', { headers: { Cookie: 'utm=1; currency=USD' } });
    expect(hit).toMatchObject({ cache: 'HIT', body: 'run 1 in USD' });
    expect(hit.headers.vary).toContain('Cookie');
  });

  it('keeps its page apart though a listed cookie is beside the one that it depends on', async () => {
    await start({ identityCookies: ['sid'] });

    expect(
      await cachesFor('/currency', ['currency=USD', 'currency=USD; sid=1', 'utm=1; currency=USD']),
    ).toEqual(['MISS', 'BYPASS', 'HIT']);
  });

  it('may be what a page is keyed by, cookie by cookie', async () => {
    await start({ identityCookies: ['sid'] });

    const caches = await cachesFor('/by-session', [
      'sid=1',
      'sid=2',
      'sid=1',
      'sid=1; sid=2',
      'sid=2; sid=1',
    ]);

    expect(caches).toEqual(['MISS', 'MISS', 'HIT', 'MISS', 'MISS']);
  });

  it('gets no page of another tracking cookie where the answer varies on cookies [H3 H11]', async () => {
    await start({ identityCookies: ['sid'] });

    const answers: Answer[] = [];
    for (const cookie of ['t=1', 't=2', 't=1']) {
      answers.push(await http.ask('/varies', { headers: { Cookie: cookie } }));
    }

    expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
      ['MISS', 'run 1 for t=1'],
      ['MISS', 'run 2 for t=2'],
      ['HIT', 'run 1 for t=1'],
    ]);
  });

  it('gets a session of its own, with a tracking cookie that another bears too [H3]', async () => {
    await start({ identityCookies: ['sid'] });
    const ask = (): ReturnType<HttpApp['ask']> =>
      http.ask('/begins', { headers: { Cookie: 't=1' } });

    const bodies = [(await ask()).body, (await ask()).body];

    expect(bodies).toEqual(['session 1', 'session 2']);
    expect(http.stored()).toBe(0);
  });
});
