import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Header, Res, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { OuterSerializer } from './pages.controller.js';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  type(type: string): Reply;
}

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Careless {
  @Get('problem')
  problem(@Res({ passthrough: true }) reply: Reply): object {
    runs += 1;
    reply.status(404).type('application/problem+json');
    reply.header('X-Dyn', 'yes').header('Set-Cookie', `sid=${runs}`);
    return { error: 'not found', run: runs };
  }

  @Get('created')
  created(@Res({ passthrough: true }) reply: Reply): object {
    runs += 1;
    reply.status(203).type('application/problem+json').header('X-Dyn', `${runs}`);
    return { run: runs };
  }

  @Get('private')
  @Header('Cache-Control', 'private, no-store')
  private(): object {
    runs += 1;
    return { run: runs };
  }

  @Get('docs/*')
  docs(): object {
    runs += 1;
    return { run: runs };
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

describe.each(PLATFORMS)('answers that a cache could mix up, on %s', (platform) => {
  it('W2: a store that writes instances as bytes gives nothing away that a serialising interceptor hides', async () => {
    const location = await mkdtemp(join(tmpdir(), 'peer-defects-'));
    http = await startController(platform, OuterSerializer, {
      cache: { backend: 'file', location },
    });

    const answers = [await http.ask('/outer/user'), await http.ask('/outer/user')];
    await rm(location, { recursive: true });

    expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
      ['MISS', '{"name":"ann"}'],
      ['HIT', '{"name":"ann"}'],
    ]);
  });

  it('W4: an answer that says "private, no-store" is made anew for each client', async () => {
    http = await startController(platform, Careless);

    const answers = [await http.ask('/private'), await http.ask('/private')];

    expect(answers.map(({ cache, body }) => [cache, body])).toEqual([
      ['BYPASS', '{"run":1}'],
      ['BYPASS', '{"run":2}'],
    ]);
  });

  it('W7: status, headers and content type of the first answer are those of the second', async () => {
    http = await startController(platform, Careless);

    const [miss, hit] = [await http.ask('/created'), await http.ask('/created')];

    expect(miss).toMatchObject({ status: 203, cache: 'MISS' });
    expect(hit).toMatchObject({ status: 203, cache: 'HIT', body: '{"run":1}' });
    expect(hit.headers['x-dyn']).toBe('1');
    expect(miss.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
  });

  it('W7: a 404 that was not thrown stays a 404, with a cookie of its own for each client', async () => {
    http = await startController(platform, Careless);

    const answers = [await http.ask('/problem'), await http.ask('/problem')];

    expect(
      answers.map(({ status, cache, headers, body }) => [
        status,
        cache,
        headers['x-dyn'],
        headers['set-cookie'],
        body,
      ]),
    ).toEqual([
      [404, 'BYPASS', 'yes', ['sid=1'], '{"error":"not found","run":1}'],
      [404, 'BYPASS', 'yes', ['sid=2'], '{"error":"not found","run":2}'],
    ]);
    for (const { headers } of answers) {
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    }
  });

  it('W10: a route that matches any path serves no value that a service stored under that path', async () => {
    http = await startController(platform, Careless);
    await http.cache.set('/docs/session:42', { token: 'of a service' });

    const answers = [await http.ask('/docs/session:42'), await http.ask('/docs/session:42')];

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT']);
    for (const { body } of answers) expect(body).not.toContain('of a service');
    expect(await http.cache.get('/docs/session:42')).toEqual({ token: 'of a service' });
  });

  it('W11: what a service does to a value that it got changes nothing in the cache', async () => {
    http = await startController(platform, Careless);
    await http.cache.set('list', [1, 2]);

    (await http.cache.get<number[]>('list'))!.push(3);

    expect(await http.cache.get('list')).toEqual([1, 2]);
  });
});
