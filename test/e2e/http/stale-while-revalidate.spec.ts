import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import { CachePage, VaryOn, VaryOnHeaders, query } from 'nestjs-cache-framework';
import { PLATFORMS, startController, type HttpApp } from './http-app.js';
import { gate, moveTime, until, type MovedTime } from './time.js';

interface Reply {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

let runs = 0;
/** What the handler does besides. */
let extra: (reply: Reply) => void | Promise<void>;

const SWR = { staleWhileRevalidate: 60 };

@Controller()
class Pages {
  @Get('page')
  @CachePage(10, SWR)
  async page(@Res({ passthrough: true }) reply: Reply): Promise<string> {
    const run = ++runs;
    await extra(reply);
    return `run ${run}`;
  }

  @Get('by-response')
  @CachePage(() => 10)
  @Header('Cache-Control', 'max-age=10, stale-while-revalidate=60')
  byResponse(): string {
    return `run ${++runs}`;
  }

  @Get('language')
  @CachePage(10, SWR)
  @VaryOnHeaders('Accept-Language')
  language(@Req() asked: { headers: Record<string, string> }): string {
    return `run ${++runs} in ${asked.headers['accept-language']}`;
  }

  @Get('learned')
  @CachePage(10, SWR)
  @Header('Vary', 'Accept-Language')
  learned(@Req() asked: { headers: Record<string, string> }): string {
    return `run ${++runs} in ${asked.headers['accept-language']}`;
  }

  @Get('query')
  @CachePage(10, SWR)
  @VaryOn(query('page'))
  query(@Req() asked: { query: Record<string, string> }): string {
    return `run ${++runs} of ${JSON.stringify(asked.query)}`;
  }

  @Get('tenant')
  @CachePage(10, SWR)
  @VaryOn(
    (context) =>
      context.switchToHttp().getRequest<{ headers: object }>().headers['x-tenant' as never],
  )
  tenant(): string {
    return `run ${++runs}`;
  }
}

let http: HttpApp;
let time: MovedTime;

beforeEach(() => {
  runs = 0;
  extra = () => undefined;
  time = moveTime();
});

afterEach(async () => {
  time.end();
  await http.close();
});

const seen = async (path: string, headers = {}): Promise<unknown[]> => {
  const { status, cache, body } = await http.ask(path, { headers });
  return [status, cache, body];
};

describe.each(PLATFORMS)('a page that may be stale while it is made anew, on %s', (platform) => {
  beforeEach(async () => {
    http = await startController(platform, Pages);
  });

  it.each(['/page', '/by-response'])(
    'is sent past its time, and is new afterwards: %s [W24]',
    async (path) => {
      await http.ask(path);
      time.at(15);

      const stale = await http.ask(path);
      await until(() => runs === 2);
      await until(() => http.stored() === 2);

      expect(stale).toMatchObject({ status: 200, cache: 'STALE', body: 'run 1' });
      expect(stale.headers['age']).toBe('15');
      expect(await seen(path)).toEqual([200, 'HIT', 'run 2']);
    },
  );

  it('is sent at once, though its handler takes its time', async () => {
    await http.ask('/page');
    const { opened, open } = gate();
    extra = () => opened;
    time.at(15);

    const answers = [await seen('/page'), await seen('/page'), await seen('/page')];
    await until(() => runs === 2);
    open();
    await until(() => http.stored() === 2);

    expect(answers).toEqual(Array(3).fill([200, 'STALE', 'run 1']));
    expect(await seen('/page')).toEqual([200, 'HIT', 'run 2']);
  });

  it('is made anew once for twenty visitors', async () => {
    await http.ask('/page');
    const { opened, open } = gate();
    extra = () => opened;
    time.at(15);

    const answers = await Promise.all(Array.from({ length: 20 }, () => seen('/page')));
    await until(() => runs === 2);
    open();
    await until(() => http.stored() === 2);

    expect(answers).toEqual(Array(20).fill([200, 'STALE', 'run 1']));
    expect(runs).toBe(2);
  });

  it('is not sent beyond its window', async () => {
    await http.ask('/page');
    time.at(71);

    expect(await seen('/page')).toEqual([200, 'MISS', 'run 2']);
    expect(runs).toBe(2);
  });

  it.each(['/language', '/learned'])(
    'is made anew in the language of its visitor: %s',
    async (path) => {
      const french = { 'Accept-Language': 'fr' };
      await http.ask(path, { headers: french });
      await http.ask(path, { headers: { 'Accept-Language': 'de' } });
      const stored = http.stored();
      time.at(15);

      expect(await seen(path, french)).toEqual([200, 'STALE', 'run 1 in fr']);
      await until(() => http.stored() > stored);

      expect(await seen(path, french)).toEqual([200, 'HIT', 'run 3 in fr']);
      expect(await seen(path, { 'Accept-Language': 'de' })).toEqual([200, 'STALE', 'run 2 in de']);
    },
  );

  it('is made anew with the parameters that matter, whoever asks', async () => {
    await http.ask('/query?page=2&utm=a');
    time.at(15);

    await http.ask('/query?utm=b&page=2');
    await until(() => http.stored() === 2);

    expect(await seen('/query?page=2')).toEqual([200, 'HIT', 'run 2 of {"page":"2"}']);
  });

  it('is not made anew, and no handler runs in vain, if only its visitor’s headers tell it apart', async () => {
    await http.ask('/tenant', { headers: { 'X-Tenant': 'a' } });
    time.at(15);

    const stale = await seen('/tenant', { 'X-Tenant': 'a' });
    await sleep(50);

    expect(stale).toEqual([200, 'STALE', 'run 1']);
    expect(runs).toBe(1);
    time.at(71);
    expect(await seen('/tenant', { 'X-Tenant': 'a' })).toEqual([200, 'MISS', 'run 2']);
  });

  it.each<[string, (reply: Reply) => void | Promise<void>]>([
    ['sets a cookie', (reply) => void reply.header('Set-Cookie', 'a=b')],
    ['says private', (reply) => void reply.header('Cache-Control', 'private')],
    ['fails', () => Promise.reject(new Error('no database'))],
    ['answers 503', (reply) => void reply.status(503)],
  ])(
    'stays if the one that is made anew %s, which is tried again after a second',
    async (_what, how) => {
      await http.ask('/page');
      extra = how;
      time.at(15);
      const moment = performance.now();
      const now = jest.spyOn(performance, 'now').mockReturnValue(moment);

      const first = await seen('/page');
      await until(() => runs === 2);
      await sleep(50);
      const rested = await seen('/page');
      await sleep(50);
      const ran = runs;
      now.mockReturnValue(moment + 1001);
      extra = () => undefined;
      const later = await seen('/page');
      now.mockRestore();
      await until(() => http.stored() === 2);

      expect([first, rested, later]).toEqual(Array(3).fill([200, 'STALE', 'run 1']));
      expect(ran).toBe(2);
      expect(await seen('/page')).toEqual([200, 'HIT', 'run 3']);
    },
  );

  it('is made anew though the visitor leaves at once', async () => {
    await http.ask('/page');
    time.at(15);

    const asking = request({ host: '127.0.0.1', port: http.port, path: '/page', agent: false });
    asking
      .on('error', () => undefined)
      .on('response', () => asking.destroy())
      .end();
    await until(() => http.stored() === 2);

    expect(await seen('/page')).toEqual([200, 'HIT', 'run 2']);
  });

  it('is sent to HEAD too, which lets it be made anew as a whole page', async () => {
    await http.ask('/page');
    time.at(15);

    const head = await http.ask('/page', { method: 'HEAD' });
    await until(() => http.stored() === 2);

    expect(head).toMatchObject({ status: 200, cache: 'STALE', body: '' });
    expect(await seen('/page')).toEqual([200, 'HIT', 'run 2']);
  });

  it('is 304 for who holds it', async () => {
    await http.ask('/page');
    const { etag } = (await http.ask('/page')).headers;
    time.at(15);

    const unchanged = await http.ask('/page', { headers: { 'If-None-Match': etag! } });
    await until(() => http.stored() === 2);

    expect(unchanged).toMatchObject({ status: 304, cache: 'STALE', body: '' });
  });

  it('is not sent once it was invalidated', async () => {
    await http.ask('/page');
    await http.pages.clear();
    time.at(15);

    expect(await seen('/page')).toEqual([200, 'MISS', 'run 2']);
  });
});
