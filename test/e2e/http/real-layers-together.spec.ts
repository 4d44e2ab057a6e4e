import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  Get,
  Header,
  Redirect,
  Session,
  StreamableFile,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { Readable } from 'node:stream';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, type Answer, type Asking, type HttpApp } from './http-app.js';
import {
  allowsOrigins,
  compresses,
  decoded,
  keepsSessions,
  sessionsOf,
  SESSION_COOKIE,
  startLayered,
  variesOn,
  type Layer,
} from './real-layers.js';

const LINES = 'a line of a page, of which there are many\n'.repeat(100);
const A = 'https://a.example';
const B = 'https://b.example';

const runs: Record<string, number> = {};

function run(name: string): number {
  return (runs[name] = (runs[name] ?? 0) + 1);
}

/** An interceptor outside that takes it for granted that a handler has answered. */
class Mapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(map((value: { rows: string[] }) => ({ rows: value.rows.map((row) => row.trim()) })));
  }
}

@Controller()
@UseInterceptors(Mapping, CacheInterceptor)
class Mapped {
  @Get('mapped')
  mapped(): object {
    return { run: run('mapped'), rows: [LINES] };
  }

  @Get('moved')
  @Redirect('/mapped', 301)
  moved(): object {
    run('moved');
    return { rows: [] };
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  page(): string {
    run('page');
    return LINES;
  }

  @Get('tagged')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Header('ETag', 'W/"one"')
  tagged(): string {
    return `tagged ${run('tagged')} ${LINES}`;
  }

  @Get('stream')
  stream(): StreamableFile {
    run('stream');
    const parts = Array.from({ length: 8 }, () => Buffer.from(LINES));
    return new StreamableFile(Readable.from(parts), { type: 'text/plain; charset=utf-8' });
  }

  @Get('basket')
  basket(@Session() session: { items?: number }): object {
    session.items = (session.items ?? 0) + 1;
    return { run: run('basket'), items: session.items };
  }
}

let requests = 0;

/** What every answer bears, whoever asks, and the number of the request. */
const bearsHeaders: Layer = (app: INestApplication) => {
  app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.setHeader('Strict-Transport-Security', 'max-age=15552000; includeSubDomains');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', "default-src 'self'");
    response.setHeader('X-Request-Id', `request ${++requests}`);
    response.setHeader('X-Visit', String(requests));
    next();
  });
};

const LAYERS: readonly Layer[] = [
  bearsHeaders,
  allowsOrigins({ origin: true, credentials: true }),
  compresses,
  keepsSessions({ saveUninitialized: false, rolling: true }),
];

const ORDERS = [
  ['sessions within', LAYERS],
  ['sessions outside', LAYERS.toReversed()],
] as const;

const asking = (encoding: string, origin: string, others: Asking['headers'] = {}): Asking => ({
  headers: { 'Accept-Encoding': encoding, Origin: origin, ...others },
});

/** What the request of this answer is due, whatever page it gets. */
function expectOwnHeaders(answer: Answer, origin: string): void {
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'strict-transport-security': 'max-age=15552000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'self'",
    'x-request-id': `request ${requests}`,
    'x-visit': String(requests),
  });
  expect(variesOn(answer)).toContain('origin');
}

describe.each(
  PLATFORMS.flatMap((platform) =>
    ORDERS.map(([name, layers]) => [platform, name, layers] as const),
  ),
)('all layers at once, on %s, with %s', (platform, _name, layers) => {
  let http: HttpApp;

  beforeEach(async () => {
    for (const name of Object.keys(runs)) delete runs[name];
    http = await startLayered(platform, [Mapped, Pages], layers);
  });

  afterEach(async () => {
    await http.close();
  });

  it.each(['page', 'stream'])('give each client its own headers and bytes: %s', async (name) => {
    const body = name === 'page' ? LINES : LINES.repeat(8);
    for (const round of ['MISS', 'HIT']) {
      for (const encoding of ['gzip', 'identity', 'br']) {
        for (const origin of [A, B]) {
          const answer = await http.ask(`/${name}`, asking(encoding, origin));

          expectOwnHeaders(answer, origin);
          expect(decoded(answer) === body).toBe(true);
          expect([undefined, encoding]).toContain(answer.headers['content-encoding']);
          expect([undefined, String(answer.bytes.length)]).toContain(
            answer.headers['content-length'],
          );
          expect(sessionsOf(answer)).toEqual([]);
          if (round === 'HIT') expect(answer.cache).toBe('HIT');
        }
      }
    }
  });

  it('answer a redirect and a mapped page from the cache, without an error', async () => {
    for (const path of ['/moved', '/mapped']) {
      const [miss, hit] = [
        await http.ask(path, asking('gzip', A)),
        await http.ask(path, asking('gzip', A)),
      ];

      expectOwnHeaders(hit, A);
      expect([miss.cache, hit.cache, hit.status]).toEqual(['MISS', 'HIT', miss.status]);
      expect([hit.headers.location, decoded(hit)]).toEqual([miss.headers.location, decoded(miss)]);
    }
    expect(runs).toEqual({ moved: 1, mapped: 1 });
    expect(http.log.errors()).toEqual([]);
  });

  it('keep the whole page though the first client asks on a condition', async () => {
    const condition = { 'If-None-Match': '"one"' };
    const first = await http.ask('/tagged', asking('gzip', A, condition));
    const second = await http.ask('/tagged', asking('gzip', A));
    const third = await http.ask('/tagged', asking('gzip', A, condition));

    expect([first.status, first.cache, first.body]).toEqual([304, 'MISS', '']);
    expect([second.status, second.cache]).toEqual([200, 'HIT']);
    expect(decoded(second)).toBe(`tagged 1 ${LINES}`);
    expect([third.status, third.cache, third.body]).toEqual([304, 'HIT', '']);
    expectOwnHeaders(third, A);
  });

  it('answer HEAD from the page', async () => {
    const got = await http.ask('/page', asking('gzip', A));
    const head = await http.ask('/page', { ...asking('gzip', A), method: 'HEAD' });

    expect([head.status, head.cache, head.body]).toEqual([200, 'HIT', '']);
    expectOwnHeaders(head, A);
    expect(variesOn(head)).toEqual(variesOn(got));
  });

  it('hand a session to nobody else, and show no shared page to whom it belongs', async () => {
    const first = await http.ask('/basket', asking('gzip', A));
    const second = await http.ask('/basket', asking('gzip', A));
    const own = { Cookie: `${SESSION_COOKIE}=${sessionsOf(first)[0]}` };
    await http.ask('/page', asking('gzip', A));
    const hers = await http.ask('/page', asking('gzip', A, own));
    const again = await http.ask('/basket', asking('gzip', A, own));
    const shared = await http.ask('/page', asking('gzip', A));

    expect([decoded(first), decoded(second)]).toEqual([
      '{"run":1,"items":1}',
      '{"run":2,"items":1}',
    ]);
    expect(sessionsOf(second)).not.toEqual(sessionsOf(first));
    expect([hers.cache, decoded(hers), sessionsOf(hers).length]).toEqual(['BYPASS', LINES, 1]);
    expect(decoded(again)).toBe('{"run":3,"items":2}');
    expect([shared.cache, sessionsOf(shared)]).toEqual(['HIT', []]);
  });

  it('answer 48 clients at once each with what is theirs', async () => {
    const clients = Array.from({ length: 48 }, (_, index) => ({
      path: ['/page', '/stream', '/basket'][index % 3]!,
      encoding: ['gzip', 'br', 'identity', 'deflate'][index % 4]!,
      origin: `https://o${index % 2}.example`,
    }));
    const answers = await Promise.all(
      clients.map(({ path, encoding, origin }) => http.ask(path, asking(encoding, origin))),
    );

    for (const [index, answer] of answers.entries()) {
      const { path, encoding, origin } = clients[index]!;
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
      expect([undefined, encoding]).toContain(answer.headers['content-encoding']);
      if (path !== '/basket') {
        expect(decoded(answer) === LINES.repeat(path === '/page' ? 1 : 8)).toBe(true);
      }
      expect(sessionsOf(answer)).toHaveLength(path === '/basket' ? 1 : 0);
    }
    const ids = answers.map(({ headers }) => headers['x-request-id']);
    const sessions = answers.flatMap(sessionsOf);
    expect([new Set(ids).size, new Set(sessions).size]).toEqual([48, 16]);
    expect(http.log.errors()).toEqual([]);
  });
});
