import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Controller,
  Get,
  Header,
  Req,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import {
  CachePage,
  VaryOn,
  VaryOnHeaders,
  user,
  type CacheModuleOptions,
} from 'nestjs-cache-framework';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';
import { moveTime } from './time.js';

interface User {
  readonly id: unknown;
  readonly name: string;
}

interface Asked {
  readonly headers: Record<string, string | undefined>;
  user?: User | undefined;
}

const IDS: Record<string, unknown> = {
  alice: 1,
  'text alice': '1',
  'big alice': 1n,
  bob: 2,
  nobody: undefined,
  null: null,
  empty: '',
  nan: Number.NaN,
  object: { hex: 'a' },
};

/** Finds who it is by a token or by a cookie. */
class FindsUser implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const asked = context.switchToHttp().getRequest<Asked>();
    const { authorization, cookie } = asked.headers;
    const name = authorization ?? cookie?.replace('sid=', '');
    if (name !== undefined) asked.user = { id: IDS[name], name };
    return true;
  }
}

let runs = 0;

const greet = ({ user: found }: Asked): string => `run ${++runs} for ${found?.name ?? 'anybody'}`;

const byId = user((found: User) => found.id as never);

@Controller()
@UseGuards(FindsUser)
class Pages {
  @Get('mine')
  @CachePage(10, { staleWhileRevalidate: 60, staleIfError: 60 })
  @VaryOn(byId)
  mine(@Req() asked: Asked): string {
    return greet(asked);
  }

  @Get('public')
  @CachePage(10)
  @VaryOn(byId)
  @Header('Cache-Control', 'public, max-age=5')
  public(@Req() asked: Asked): string {
    return greet(asked);
  }

  @Get('broken')
  @CachePage(10)
  @VaryOn(
    user((found: User) => {
      throw new Error(`no id of ${found.name}`);
    }),
  )
  broken(@Req() asked: Asked): string {
    return greet(asked);
  }

  @Get('language')
  @CachePage(10)
  @VaryOn(byId)
  @VaryOnHeaders('Accept-Language')
  language(@Req() asked: Asked): string {
    return greet(asked);
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

const as = (name: string, path = '/mine', more = {}): Promise<Answer> =>
  http.ask(path, { headers: { Authorization: name, ...more } });

const seen = ({ cache, body }: Answer): unknown[] => [cache, body];

describe.each(PLATFORMS)('pages of users, on %s', (platform) => {
  const start = async (cache: CacheModuleOptions = {}): Promise<void> => {
    http = await startController(platform, Pages, { cache });
  };

  it('are never another user’s', async () => {
    await start();

    const answers = [await as('alice'), await as('bob'), await as('alice'), await as('bob')];

    expect(answers.map(seen)).toEqual([
      ['MISS', 'run 1 for alice'],
      ['MISS', 'run 2 for bob'],
      ['HIT', 'run 1 for alice'],
      ['HIT', 'run 2 for bob'],
    ]);
  });

  it('are one user’s, however the user is known', async () => {
    await start();
    await as('alice');

    const byCookie = await http.ask('/mine', { headers: { Cookie: 'sid=alice' } });

    expect(seen(byCookie)).toEqual(['HIT', 'run 1 for alice']);
  });

  it('are apart by the kind of what tells them apart', async () => {
    await start();

    const answers = [await as('alice'), await as('text alice'), await as('big alice')];

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'MISS']);
  });

  it('are nobody’s without a user, or without what tells users apart', async () => {
    await start();
    const visitors = [await http.ask('/mine'), await http.ask('/mine')];
    const others: Answer[] = [];
    for (const name of ['nobody', 'null', 'empty']) others.push(await as(name), await as(name));

    expect([...visitors, ...others].map(({ cache }) => cache)).toEqual(Array(8).fill('BYPASS'));
    expect(new Set([...visitors, ...others].map(({ body }) => body)).size).toBe(8);
    expect(http.log.said()).toEqual([
      expect.stringContaining('@VaryOn(user()) found nobody whom a guard knows'),
    ]);
  });

  it.each(['nan', 'object'])(
    'are nobody’s if users have no text of their own: %s',
    async (name) => {
      await start();

      const answers = [await as(name), await as(name)];

      expect(answers.map(({ cache }) => cache)).toEqual(['BYPASS', 'BYPASS']);
      expect(http.log.said()).toEqual([
        expect.stringMatching(
          /a function of @VaryOn\(\) failed\. The error was: @VaryOn\(\) needs a text/,
        ),
      ]);
    },
  );

  it('are nobody’s if the function fails', async () => {
    await start();

    expect((await as('alice', '/broken')).cache).toBe('BYPASS');
    expect(http.log.said()).toEqual([expect.stringContaining('no id of alice')]);
  });

  it('tell other caches that they are private, on hits too, whatever the handler says', async () => {
    await start({ http: { sMaxAge: 60, browserMaxAge: 5 } });

    const mine = [await as('alice'), await as('alice')];
    const open = [await as('alice', '/public'), await as('alice', '/public')];

    expect(mine.map(({ headers }) => headers['cache-control'])).toEqual(
      Array(2).fill('private, max-age=5'),
    );
    expect(open.map(({ headers }) => headers['cache-control'])).toEqual(
      Array(2).fill('max-age=5, private'),
    );
  });

  it('are apart by what else they vary on', async () => {
    await start();
    const french = { 'Accept-Language': 'fr' };
    await as('alice', '/language', french);

    expect((await as('alice', '/language')).cache).toBe('MISS');
    expect((await as('bob', '/language', french)).cache).toBe('MISS');
    expect((await as('alice', '/language', french)).cache).toBe('HIT');
  });

  it('are never made anew in the background, which has no user', async () => {
    const time = moveTime();
    await start();
    await as('alice');
    time.at(15);

    const late = await as('alice');
    await sleep(50);
    time.end();

    expect(seen(late)).toEqual(['MISS', 'run 2 for alice']);
    expect(runs).toBe(2);
  });

  it('are made by each for themselves when all come at once', async () => {
    await start();
    const names = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'));

    const answers = await Promise.all(names.map((name) => as(name)));

    expect(answers.map(({ body }) => body.replace(/^run \d for /, ''))).toEqual(names);
    expect(runs).toBe(2);
  });
});
