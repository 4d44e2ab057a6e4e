import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import {
  Controller,
  Get,
  Redirect,
  Render,
  Res,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { finalize, map, tap, timeout, type Observable } from 'rxjs';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp, type Platform } from './http-app.js';

interface Reply {
  header(name: string, value: string): Reply;
  removeHeader(name: string): unknown;
  status(code: number): Reply;
  send(body: unknown): unknown;
  raw?: ServerResponse;
}

const runs: Record<string, number> = {};
const seen: string[] = [];

function run(name: string): number {
  return (runs[name] = (runs[name] ?? 0) + 1);
}

/** Interceptors that stand outside and were written without a thought of caches. */
class Mapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((value: { items: { id: number }[] }) => ({
        data: value,
        count: value.items.map(({ id }) => id).length,
        ids: [...value.items],
      })),
    );
  }
}

class Meddling implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const reply = http.getResponse<Reply>();
    if (!http.getRequest<{ headers: object }>().headers['x-meddle' as never]) return next.handle();
    return next.handle().pipe(
      tap((value) => {
        (value as { stamp: number }).stamp = 1;
        reply.header('X-Late', 'outside').status(418);
        reply.removeHeader('ETag');
        if (reply.raw) reply.raw.setHeader('X-Raw', 'outside');
        reply.send('something else');
        const raw = reply.raw ?? (reply as unknown as ServerResponse);
        raw.write('more');
        raw.end('and more');
      }),
    );
  }
}

class Watching implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      timeout(500),
      tap({
        next: () => seen.push('next'),
        complete: () => seen.push('complete'),
        error: () => seen.push('error'),
      }),
      finalize(() => seen.push('finalize')),
    );
  }
}

@Controller('outside')
class Outside {
  @Get('mapping')
  @UseInterceptors(Mapping, CacheInterceptor)
  mapping(): object {
    run('mapping');
    return { items: [{ id: 1 }, { id: 2 }] };
  }

  @Get('meddling')
  @UseInterceptors(Meddling, CacheInterceptor)
  meddling(): object {
    return { run: run('meddling') };
  }

  @Get('watching')
  @UseInterceptors(Watching, CacheInterceptor)
  watching(): object {
    return { run: run('watching') };
  }

  @Get('twice')
  @UseInterceptors(CacheInterceptor, CacheInterceptor)
  twice(): object {
    return { run: run('twice') };
  }

  @Get('moved')
  @Redirect('/elsewhere', 301)
  @UseInterceptors(Mapping, CacheInterceptor)
  moved(): object {
    run('moved');
    return { items: [] };
  }

  @Get('view')
  @Render('page')
  @UseInterceptors(Mapping, CacheInterceptor)
  view(): object {
    run('view');
    return { items: [{ id: 1 }] };
  }

  @Get('own')
  @UseInterceptors(Watching, CacheInterceptor)
  own(@Res() reply: Reply): void {
    run('own');
    reply.send('own');
  }
}

const rendered = (model: object): string => `<p>${JSON.stringify(model)}</p>`;

/** A view of Express, which makes one with `new`. */
function OneLineView(this: unknown, name: string): void {
  Object.assign(this as object, {
    name,
    path: name,
    render: (model: { settings: unknown }, done: (e: null, html: string) => void) => {
      const { data, count } = model as unknown as { data: unknown; count: number };
      done(null, rendered({ data, count, ids: (data as { items: unknown }).items }));
    },
  });
}

/** A view engine of one line for both frameworks. */
function withViews(app: INestApplication, platform: Platform): void {
  const server = app.getHttpAdapter().getInstance() as Record<string, (...args: unknown[]) => void>;
  if (platform === 'fastify') {
    server['decorateReply']!('view', function (this: Reply, _template: string, model: object) {
      return this.header('Content-Type', 'text/html').send(rendered(model));
    });
    return;
  }
  server['set']!('view', OneLineView);
  server['set']!('view engine', 'one-line');
}

describe.each(PLATFORMS)('interceptors outside of a hit, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Outside, {
      configure: (app) => {
        withViews(app, platform);
      },
    });
  });

  afterAll(async () => {
    await http.close();
    for (const name of Object.keys(runs)) delete runs[name];
  });

  it('map what they find without changing the answer', async () => {
    const miss = await http.ask('/outside/mapping');
    const hit = await http.ask('/outside/mapping');

    expect(hit).toMatchObject({ status: 200, cache: 'HIT', body: miss.body });
    expect(miss.body).toContain('"count":2');
    expect(http.log.errors()).toEqual([]);
  });

  it('cannot write, change headers or status, or add to the answer [W11]', async () => {
    const miss = await http.ask('/outside/meddling');
    const hit = await http.ask('/outside/meddling', { headers: { 'X-Meddle': '1' } });

    expect(hit).toMatchObject({ status: 200, cache: 'HIT', body: miss.body });
    expect(hit.headers.etag).toBeDefined();
    expect(hit.headers).not.toHaveProperty('x-late');
    expect(hit.headers).not.toHaveProperty('x-raw');
    expect(http.log.errors()).toEqual([]);
  });

  it('complete as on any request, and none times out', async () => {
    await http.ask('/outside/watching');
    seen.length = 0;

    const hit = await http.ask('/outside/watching');
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(hit.cache).toBe('HIT');
    expect(seen).toEqual(['next', 'complete', 'finalize']);
  });

  it('may be the same interceptor again, which then leaves the request to the first [W35]', async () => {
    const costs: unknown[] = [];
    for (const path of ['/outside/own', '/outside/twice']) {
      const [before] = await http.pages.stats();
      const caches = [(await http.ask(path)).cache, (await http.ask(path)).cache];
      const [after] = await http.pages.stats();
      costs.push([caches, after!.hits! - before!.hits!, after!.misses! - before!.misses!]);
    }

    // As dear as it is once.
    expect(costs[0]).toEqual([['MISS', 'HIT'], expect.any(Number), expect.any(Number)]);
    expect(costs[1]).toEqual(costs[0]);
  });

  it('disturb no redirect', async () => {
    const [miss, hit] = [await http.ask('/outside/moved'), await http.ask('/outside/moved')];

    expect(hit).toMatchObject({ status: 301, cache: 'HIT', body: miss.body });
    expect(hit.headers.location).toBe('/elsewhere');
    expect(http.log.errors()).toEqual([]);
  });

  it('disturb no rendered page', async () => {
    const [miss, hit] = [await http.ask('/outside/view'), await http.ask('/outside/view')];

    expect(miss).toMatchObject({ status: 200, cache: 'MISS' });
    expect(miss.body).toContain('<p>');
    expect(hit).toMatchObject({ status: 200, cache: 'HIT', body: miss.body });
    expect(runs['view']).toBe(1);
    expect(http.log.errors()).toEqual([]);
  });

  it('see a handler that sends its answer itself complete on a hit', async () => {
    await http.ask('/outside/own?again');
    const ran = runs['own'];

    expect(await http.ask('/outside/own?again')).toMatchObject({ cache: 'HIT', body: 'own' });
    expect(runs['own']).toBe(ran);
  });
});
