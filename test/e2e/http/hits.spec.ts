import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import {
  Controller,
  ForbiddenException,
  Get,
  Header,
  Param,
  ParseIntPipe,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';

interface Reply {
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

const runs: Record<string, number> = {};

function run(name: string): number {
  return (runs[name] = (runs[name] ?? 0) + 1);
}

class NotMallory implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    run('guard');
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-name'] === 'mallory') throw new ForbiddenException();
    return true;
  }
}

class CountingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    run('pipe');
    return value;
  }
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Hits {
  @Get('guarded')
  @UseGuards(NotMallory)
  guarded(): object {
    return { run: run('guarded') };
  }

  @Get('piped/:id')
  piped(@Param('id', ParseIntPipe, CountingPipe) id: number): object {
    return { id, run: run('piped') };
  }

  @Get('etag')
  @Header('ETag', '"fixed"')
  etag(@Req() request: { headers: Record<string, unknown> }): object {
    return { run: run('etag'), sees: request.headers['if-none-match'] ?? 'no validator' };
  }

  @Get('plain')
  plain(): object {
    return { run: run('plain') };
  }

  @Get('dated')
  @Header('Last-Modified', 'Sun, 22 Nov 2026 10:00:00 GMT')
  dated(): string {
    return `dated ${run('dated')}`;
  }

  @Get('aged')
  @Header('Cache-Control', 'max-age=60')
  aged(): object {
    return { run: run('aged') };
  }

  @Get('varied')
  varied(@Res({ passthrough: true }) reply: Reply): object {
    reply.header('Vary', 'Origin, X-Page');
    return { run: run('varied') };
  }

  @Get('preset')
  preset(@Res({ passthrough: true }) reply: Reply): object {
    reply.header('X-Lang', 'fr');
    reply.removeHeader('X-Frame-Options');
    return { run: run('preset') };
  }
}

let requestNumber = 0;

/** What middleware sets before anything of Nest runs. */
function presetHeaders(request: { headers: Record<string, string> }, response: object): void {
  requestNumber += 1;
  const raw = response as ServerResponse;
  raw.setHeader('X-Request-Id', String(requestNumber));
  raw.setHeader('X-Frame-Options', 'DENY');
  raw.setHeader('X-Tenant', request.headers['x-name'] ?? 'none');
}

describe.each(PLATFORMS)('a hit, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Hits, {
      configure: (app) => {
        app.enableCors({ origin: ['https://a.example', 'https://b.example'] });
        app.use((request: never, response: object, next: () => void) => {
          presetHeaders(request, response);
          next();
        });
      },
    });
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  afterAll(async () => {
    await http.close();
    for (const name of Object.keys(runs)) delete runs[name];
  });

  function askAs(name: string, origin: string): ReturnType<HttpApp['ask']> {
    return http.ask('/plain?preset', { headers: { 'X-Name': name, Origin: origin } });
  }

  it('is not served to whom a guard refuses [H22]', async () => {
    await http.ask('/guarded');
    const guarded = runs['guard']!;

    const refused = await http.ask('/guarded', { headers: { 'X-Name': 'mallory' } });
    const served = await http.ask('/guarded', { headers: { 'X-Name': 'alice' } });

    expect(refused.status).toBe(403);
    expect(served).toMatchObject({ status: 200, cache: 'HIT' });
    expect(runs['guard']! - guarded).toBe(2);
    expect(runs['guarded']).toBe(1);
  });

  it('runs no pipes, and what they refuse is stored under no other URL [W9]', async () => {
    await http.ask('/piped/7');
    const piped = runs['pipe'];

    expect(await http.ask('/piped/7')).toMatchObject({ cache: 'HIT', body: '{"id":7,"run":1}' });
    expect(runs['pipe']).toBe(piped);
    expect((await http.ask('/piped/abc')).status).toBe(400);
  });

  it('answers HEAD from the page of GET, with its length and no body [W18 H17]', async () => {
    const got = await http.ask('/plain?head');

    const head = await http.ask('/plain?head', { method: 'HEAD' });

    expect(head).toMatchObject({ status: 200, cache: 'HIT', body: '' });
    expect(head.headers['content-length']).toBe(String(got.bytes.length));
    expect(head.headers['content-type']).toBe(got.headers['content-type']);
    expect(head.headers.etag).toBeDefined();
  });

  it('is never made by a HEAD, which would leave an empty page [H17]', async () => {
    const head = await http.ask('/plain?head-first', { method: 'HEAD' });
    const got = await http.ask('/plain?head-first');

    expect(head).toMatchObject({ status: 200, cache: 'MISS', body: '' });
    expect(got).toMatchObject({ cache: 'MISS' });
    expect(got.body).toMatch(/^\{"run":\d+\}$/);
  });

  it('bears an entity tag, and is 304 for who has it', async () => {
    await http.ask('/plain?tag');
    const hit = await http.ask('/plain?tag');
    const { etag } = hit.headers;

    const again = await http.ask('/plain?tag', { headers: { 'If-None-Match': etag! } });
    const other = await http.ask('/plain?tag', { headers: { 'If-None-Match': '"other"' } });
    const reload = await http.ask('/plain?tag', {
      headers: { 'If-None-Match': etag!, 'Cache-Control': 'no-cache' },
    });

    expect(etag).toMatch(/^W\/"/);
    expect(again).toMatchObject({ status: 304, cache: 'HIT', body: '' });
    expect(again.headers).toMatchObject({ etag, age: '0' });
    expect(again.headers['content-type']).toBeUndefined();
    expect(again.headers['content-length']).toBeUndefined();
    expect(other).toMatchObject({ status: 200, cache: 'HIT' });
    expect(reload).toMatchObject({ status: 200, cache: 'HIT' });
  });

  it('is 304 for a HEAD too', async () => {
    await http.ask('/plain?head-tag');
    const { etag } = (await http.ask('/plain?head-tag')).headers;

    const head = await http.ask('/plain?head-tag', {
      method: 'HEAD',
      headers: { 'If-None-Match': etag! },
    });

    expect(head).toMatchObject({ status: 304, cache: 'HIT' });
  });

  it('is 304 by date', async () => {
    await http.ask('/dated');
    const since = (date: string): ReturnType<HttpApp['ask']> =>
      http.ask('/dated', { headers: { 'If-Modified-Since': date } });

    expect(await since('Sun, 22 Nov 2026 10:00:00 GMT')).toMatchObject({ status: 304 });
    expect(await since('Sun, 22 Nov 2026 09:59:59 GMT')).toMatchObject({ status: 200 });
  });

  it('may follow a miss that was answered with 304, and is the whole page [H20]', async () => {
    const first = await http.ask('/etag', { headers: { 'If-None-Match': 'W/"fixed"' } });
    const second = await http.ask('/etag');

    expect(first).toMatchObject({ status: 304, cache: 'MISS', body: '' });
    expect(first.headers.etag).toBe('"fixed"');
    expect(first.headers['content-type']).toBeUndefined();
    expect(second).toMatchObject({
      status: 200,
      cache: 'HIT',
      body: '{"run":1,"sees":"no validator"}',
    });
  });

  it('may follow a miss with If-None-Match: * [H20]', async () => {
    await http.ask('/plain?star', { headers: { 'If-None-Match': '*' } });

    const second = await http.ask('/plain?star');

    expect(second).toMatchObject({ status: 200, cache: 'HIT' });
    expect(second.body).toMatch(/^\{"run":\d+\}$/);
  });

  it('says how old it is, and keeps its date [V5]', async () => {
    const start = Date.now();
    await http.ask('/aged');
    const now = jest.spyOn(Date, 'now').mockReturnValue(start + 10_500);
    const hit = await http.ask('/aged');
    now.mockReturnValue(start + 61_000);
    const later = await http.ask('/aged');

    expect(hit).toMatchObject({ cache: 'HIT', body: '{"run":1}' });
    expect(hit.headers['age']).toBe('10');
    expect(Math.abs(Date.parse(hit.headers.date!) - start)).toBeLessThan(1500);
    expect(later).toMatchObject({ cache: 'MISS', body: '{"run":2}' });
  });

  it('bears the headers of its own request, not those of the one that made it [V1 V2]', async () => {
    const miss = await askAs('alice', 'https://a.example');
    const same = await askAs('bob', 'https://a.example');
    const other = await askAs('bob', 'https://b.example');
    await askAs('carol', 'https://b.example');

    expect(same.cache).toBe('HIT');
    expect(same.headers['x-tenant']).toBe('bob');
    expect(same.headers['x-request-id']).not.toBe(miss.headers['x-request-id']);
    expect(same.headers['access-control-allow-origin']).toBe('https://a.example');
    expect(other.headers['access-control-allow-origin']).toBe('https://b.example');
  });

  it('varies on what its own request and the page vary on [V2]', async () => {
    await http.ask('/varied');
    const hit = await http.ask('/varied');

    expect(hit.cache).toBe('HIT');
    expect(hit.headers.vary!.split(', ').toSorted()).toEqual(['Origin', 'X-Page']);
  });

  it('keeps the headers that the handler changed, and not those that it removed', async () => {
    const miss = await http.ask('/preset');
    const hit = await http.ask('/preset');

    expect(hit.cache).toBe('HIT');
    expect(hit.headers['x-lang']).toBe('fr');
    expect(hit.headers['x-frame-options']).toBe(miss.headers['x-frame-options']);
    expect(hit.headers['x-frame-options']).toBeUndefined();
  });
});
