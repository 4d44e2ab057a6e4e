import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  Param,
  Post,
  Redirect,
  Session,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { CacheInterceptor, CacheKey } from 'nestjs-cache-framework';
import type { Answer, HttpApp } from './http-app.js';
import { describeOnGrounds, pageGround, type PageGround } from './page-grounds.js';
import {
  allowsOrigins,
  compresses,
  decoded,
  keepsSessions,
  sessionsOf,
  SESSION_COOKIE,
  startLayered,
} from './real-layers.js';

const CLIENTS = 20;
const LINES = 'a line of a page, of which there are many\n'.repeat(100);
const ENCODINGS = ['gzip', 'br', 'identity', 'deflate'];
const ORIGINS = ['https://a.example', 'https://b.example', 'https://c.example'];

let runs = 0;

class NotMallory implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-name'] !== 'mallory';
  }
}

/** Takes it for granted that a handler has answered. */
class Mapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(map((value: { rows: string[] }) => ({ rows: value.rows.map((row) => row.trim()) })));
  }
}

@Controller()
@UseGuards(NotMallory)
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page/:name')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Header('ETag', 'W/"one"')
  page(@Param('name') name: string): string {
    return `${name} ${++runs} ${LINES}`;
  }

  @Get('basket')
  basket(@Session() session: { items?: number }): object {
    session.items = (session.items ?? 0) + 1;
    return { run: ++runs, items: session.items, lines: LINES };
  }

  @Get('items/:id')
  @CacheKey('x')
  item(@Param('id') id: string): object {
    return { id, run: ++runs, lines: LINES };
  }

  @Post('items/:id')
  @CacheKey('x')
  change(@Param('id') id: string): object {
    return { id, run: ++runs };
  }
}

@Controller()
@UseInterceptors(Mapping, CacheInterceptor)
class Mapped {
  @Get('mapped')
  mapped(): object {
    return { run: ++runs, rows: [LINES] };
  }

  @Get('moved')
  @Redirect('/mapped', 301)
  moved(): object {
    return { run: ++runs, rows: [LINES] };
  }
}

/** What a client says of itself, by its number: no two neighbours the same. */
const headersOf = (client: number): Record<string, string> => ({
  'Accept-Encoding': ENCODINGS[client % ENCODINGS.length]!,
  Origin: ORIGINS[client % ORIGINS.length]!,
});

/** Nothing of another client's: neither its origin, nor its encoding, nor a session. */
function expectOwnHead(answer: Answer, client: number): void {
  const { Origin: origin, 'Accept-Encoding': encoding } = headersOf(client);
  expect(answer.headers['access-control-allow-origin']).toBe(origin);
  expect([undefined, encoding]).toContain(answer.headers['content-encoding']);
  expect([undefined, String(answer.bytes.length)]).toContain(answer.headers['content-length']);
  expect(sessionsOf(answer)).toEqual([]);
}

const idsOf = (answers: readonly Answer[]): string[] =>
  answers.map((answer) => (JSON.parse(decoded(answer)) as { id: string }).id);

describeOnGrounds('behind compression, CORS and sessions', (platform, backend) => {
  let ground: PageGround;
  let http: HttpApp;

  beforeAll(async () => {
    ground = await pageGround(backend);
    http = await startLayered(
      platform,
      [Pages, Mapped],
      [
        allowsOrigins({ origin: true, credentials: true }),
        compresses,
        keepsSessions({ saveUninitialized: false, rolling: true }),
      ],
      ground.options,
    );
  });

  beforeEach(() => {
    runs = 0;
    http.log.lines.length = 0;
  });

  afterAll(async () => {
    await http.close();
    await ground.remove();
  });

  const all = (path: string, more: Record<string, string> = {}): Promise<Answer[]> =>
    Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        http.ask(path, { headers: { ...headersOf(client), ...more } }),
      ),
    );

  /** Lines about anything that went wrong. */
  const complaints = (): unknown[] => http.log.lines.filter(({ level }) => level !== 'log');

  it('a page is for each of 20 at once in an encoding and for an origin of its own', async () => {
    const rounds = [await all('/page/each'), await all('/page/each'), await all('/page/each')];

    for (const answers of rounds) {
      for (const [client, answer] of answers.entries()) {
        expectOwnHead(answer, client);
        expect(decoded(answer)).toMatch(/^each \d+ a line/);
        expect(decoded(answer).endsWith(LINES)).toBe(true);
      }
    }
    expect(rounds.at(-1)!.map(({ cache }) => cache)).toEqual(Array(CLIENTS).fill('HIT'));
    expect(complaints()).toEqual([]);
  });

  it('no session of 20 that are begun at once is that of another', async () => {
    const baskets = await all('/basket');
    const shared = await all('/page/shared');
    const owners = await Promise.all(
      baskets.map((basket, client) =>
        http.ask('/basket', {
          headers: { ...headersOf(client), Cookie: `${SESSION_COOKIE}=${sessionsOf(basket)[0]}` },
        }),
      ),
    );

    expect(new Set(baskets.flatMap(sessionsOf)).size).toBe(CLIENTS);
    expect(shared.flatMap(sessionsOf)).toEqual([]);
    expect(
      owners.map((answer) => (JSON.parse(decoded(answer)) as { items: number }).items),
    ).toEqual(Array(CLIENTS).fill(2));
    expect([...baskets, ...owners].map(({ cache }) => cache)).not.toContain('HIT');
  });

  it('a redirect and a mapped page are answered again without an error or a word in the log', async () => {
    for (const path of ['/moved', '/mapped']) {
      await all(path);
      const ran = runs;
      const hits = await all(path);

      expect(runs).toBe(ran);
      for (const [client, hit] of hits.entries()) {
        expectOwnHead(hit, client);
        expect(hit.status).toBe(path === '/moved' ? 301 : 200);
        if (path === '/mapped') expect(JSON.parse(decoded(hit))).toEqual({ rows: [LINES.trim()] });
      }
    }
    expect(complaints()).toEqual([]);
  });

  it('a page that 20 at once ask for on a condition first is there for all', async () => {
    const first = await all('/page/condition', { 'If-None-Match': '"one"' });
    const ran = runs;
    const later = await all('/page/condition');
    const last = await all('/page/condition');

    expect(first.map(({ status, body }) => [status, body])).toEqual(Array(CLIENTS).fill([304, '']));
    for (const [client, answer] of [...later, ...last].entries()) {
      expectOwnHead(answer, client % CLIENTS);
      expect(decoded(answer).endsWith(LINES)).toBe(true);
    }
    expect(last.map(({ cache }) => cache)).toEqual(Array(CLIENTS).fill('HIT'));
    expect(ran).toBeGreaterThan(0);
  });

  it('no id is answered for another under one @CacheKey(), and each POST runs', async () => {
    const ids = Array.from({ length: CLIENTS }, (_, client) => String(client % 5));
    const items = (method: string): Promise<Answer[]> =>
      Promise.all(
        ids.map((id, client) => http.ask(`/items/${id}`, { method, headers: headersOf(client) })),
      );

    const [made, got] = [await items('GET'), await items('GET')];
    const ran = runs;
    const posted = [...(await items('POST')), ...(await items('POST'))];

    expect([idsOf(made), idsOf(got)]).toEqual([ids, ids]);
    expect(idsOf(posted)).toEqual([...ids, ...ids]);
    expect(runs - ran).toBe(2 * CLIENTS);
  });

  it('a guard that refuses is obeyed though the page is there', async () => {
    await all('/page/guarded');

    const refused = await all('/page/guarded', { 'X-Name': 'mallory' });
    const served = await all('/page/guarded');

    expect(refused.map(({ status }) => status)).toEqual(Array(CLIENTS).fill(403));
    expect(refused.some(({ bytes }) => bytes.includes('a line'))).toBe(false);
    expect(served.map(({ status }) => status)).toEqual(Array(CLIENTS).fill(200));
  });
});
