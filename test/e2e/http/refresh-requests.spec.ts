import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingHttpHeaders } from 'node:http';
import {
  Controller,
  ForbiddenException,
  Get,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { CachePage, VaryOnCookie, VaryOnHeaders } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { moveTime, until, type MovedTime } from './time.js';

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly ip: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly originalUrl: string;
}

let runs = 0;
/** What the handler has seen, the last time last. */
let seen: Asked[];
/** What the guard throws. */
let refusal: Error | undefined;
let guarded = 0;

const whose = new AsyncLocalStorage<string>();
let storedFor: (string | undefined)[];

class Bouncer implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<Asked>();
    guarded += 1;
    if (refusal && headers.authorization === undefined) throw refusal;
    return true;
  }
}

function see({ headers, ip, protocol, hostname, originalUrl }: Asked): string {
  seen.push({ headers: { ...headers }, ip, protocol, hostname, originalUrl });
  storedFor.push(whose.getStore());
  return `run ${++runs}`;
}

const SWR = { staleWhileRevalidate: 60, shared: true };

@Controller()
class Pages {
  @Get('page')
  @CachePage(10, SWR)
  page(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('guarded')
  @UseGuards(Bouncer)
  @CachePage(10, SWR)
  guarded(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('keyed')
  @CachePage(10, { staleWhileRevalidate: 60 })
  @VaryOnCookie('currency')
  @VaryOnHeaders('X-Region')
  keyed(@Req() asked: Asked): string {
    return see(asked);
  }

  @Get('hangs')
  @CachePage(10, SWR)
  hangs(@Res() reply: { send(body: string): unknown }, @Req() asked: Asked): void {
    if (runs === 0) reply.send(see(asked));
    else runs += 1;
  }
}

const VISITOR = {
  Host: 'shop.example',
  Authorization: 'Bearer secret',
  Cookie: 'sid=secret; currency=EUR',
  'User-Agent': 'secret agent',
  'X-Api-Key': 'secret',
  'X-Region': 'north',
  Accept: 'text/html',
  'If-None-Match': '"x"',
  'X-Forwarded-For': '10.1.2.3',
};

/** A rewrite, as applications have it. */
const routed = (url = '/'): string => url.replace(/^\/alias/, '/page');

let http: HttpApp;
let time: MovedTime;

beforeEach(() => {
  runs = 0;
  guarded = 0;
  refusal = undefined;
  seen = [];
  storedFor = [];
  time = moveTime();
});

afterEach(async () => {
  time.end();
  await http.close();
});

describe.each(PLATFORMS)('the request that makes a page anew, on %s', (platform) => {
  const start = async (configure?: (app: INestApplication) => unknown): Promise<void> => {
    http = await startController(platform, Pages, configure ? { configure } : {});
  };

  it('bears nothing of the visitor but the host [V8]', async () => {
    await start();
    await http.ask('/page?x=1', { headers: VISITOR });
    time.at(15);

    const stale = await http.ask('/page?x=1', { headers: VISITOR });
    await until(() => http.stored() === 2);

    expect(stale).toMatchObject({ cache: 'STALE', body: 'run 1' });
    expect(seen[1]!.headers).toEqual({ host: 'shop.example' });
    expect(seen[1]).toMatchObject({
      originalUrl: '/page?x=1',
      protocol: 'http',
      hostname: 'shop.example',
      ip: '127.0.0.1',
    });
  });

  it('bears what the page is keyed by: headers, and of the cookies the named ones [V8]', async () => {
    await start();
    const { Authorization: _, 'X-Api-Key': __, ...headers } = VISITOR;
    await http.ask('/keyed', { headers });
    time.at(15);

    await http.ask('/keyed', { headers });
    await until(() => http.stored() === 2);

    expect(seen[1]!.headers).toEqual({
      host: 'shop.example',
      cookie: 'currency=EUR',
      'x-region': 'north',
    });
  });

  it('bears the forwarding headers, which are part of the key', async () => {
    await start();
    const headers = { ...VISITOR, 'X-Forwarded-Host': 'a.example', 'X-Forwarded-Proto': 'https' };
    await http.ask('/page', { headers });
    time.at(15);

    await http.ask('/page', { headers });
    await until(() => http.stored() === 2);

    expect(seen[1]!.headers).toEqual({
      host: 'shop.example',
      'x-forwarded-host': 'a.example',
      'x-forwarded-proto': 'https',
    });
  });

  it('has nothing of what the application keeps for the visitor’s request', async () => {
    await start((app) => {
      app.use((request: Asked, _response: unknown, next: () => void) => {
        const name = request.headers['user-agent'];
        if (name === undefined) next();
        else whose.run(name, next);
      });
    });
    await http.ask('/page', { headers: VISITOR });
    time.at(15);

    await http.ask('/page', { headers: VISITOR });
    await until(() => http.stored() === 2);

    expect(storedFor).toEqual(['secret agent', undefined]);
  });

  it('begins where the visitor’s did, before its URL was rewritten', async () => {
    http = await startController(platform, Pages, {
      fastify: { rewriteUrl: ({ url }) => routed(url) },
      configure: (app) => {
        app.use((request: { url: string }, _response: unknown, next: () => void) => {
          if (platform === 'express') request.url = routed(request.url);
          next();
        });
      },
    });
    await http.ask('/alias');
    time.at(15);

    const stale = await http.ask('/alias');
    await until(() => http.stored() === 2);

    expect(stale.cache).toBe('STALE');
    expect((await http.ask('/alias')).cache).toBe('HIT');
  });

  it('goes through the guards', async () => {
    await start();
    await http.ask('/guarded');
    time.at(15);

    await http.ask('/guarded');
    await until(() => http.stored() === 2);

    expect(guarded).toBe(3);
    expect(await http.ask('/guarded')).toMatchObject({ cache: 'HIT', body: 'run 2' });
  });

  it.each([401, 403])(
    'leaves the page as it is if a guard refuses it with %d, and who comes beyond the window waits for nothing',
    async (status) => {
      await start();
      refusal = status === 401 ? new UnauthorizedException() : new ForbiddenException();
      await http.ask('/guarded', { headers: VISITOR });
      time.at(15);

      const answers = [
        await http.ask('/guarded', { headers: VISITOR }),
        await http.ask('/guarded', { headers: VISITOR }),
      ];
      await until(() => guarded >= 4);
      time.at(71);
      const later = await http.ask('/guarded', { headers: VISITOR });

      expect(answers.map(({ cache, body }) => [cache, body])).toEqual(
        Array(2).fill(['STALE', 'run 1']),
      );
      expect(later).toMatchObject({ status: 200, cache: 'MISS', body: 'run 2' });
    },
  );

  it('may be one that is never answered, which keeps nobody from the page', async () => {
    await start();
    await http.ask('/hangs');
    time.at(15);

    await http.ask('/hangs');
    await until(() => runs === 2);

    expect(await http.ask('/hangs')).toMatchObject({ cache: 'STALE', body: 'run 1' });
    expect(runs).toBe(2);
  });
});
