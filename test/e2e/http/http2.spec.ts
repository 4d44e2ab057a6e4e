import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Header, Req, Res, StreamableFile, UseInterceptors } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CacheInterceptor, CacheModule, CachePage } from 'nestjs-cache-framework';
import { Readable } from 'node:stream';
import { moveTime, until } from './time.js';

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  page(@Req() request: { headers: Record<string, string> }): object {
    return { run: ++runs, host: request.headers[':authority'] };
  }

  @Get('stream')
  stream(): StreamableFile {
    return new StreamableFile(Readable.from([Buffer.from('stream '), Buffer.from(`${++runs}`)]));
  }

  @Get('reading')
  async reading(@Req() { raw }: { raw: AsyncIterable<Buffer> }): Promise<string> {
    let body = '';
    for await (const chunk of raw) body += String(chunk);
    return `read ${body}`;
  }

  @Get('tagged')
  @Header('ETag', '"one"')
  tagged(): StreamableFile {
    return new StreamableFile(Readable.from([Buffer.from('tagged '), Buffer.from(`${++runs}`)]));
  }

  @Get('renewed')
  @CachePage(10, { staleWhileRevalidate: 60, early: true })
  renewed(@Req() { headers }: { headers: Record<string, string> }): string {
    return `run ${++runs} at ${headers[':authority'] ?? headers['host']}`;
  }

  @Get('failing')
  @CachePage(10, { staleIfError: 60 })
  failing(): string {
    runs += 1;
    if (runs > 1) throw new Error('no database');
    return 'good';
  }

  @Get('cookie')
  cookie(@Res({ passthrough: true }) reply: { header(n: string, v: string): unknown }): object {
    reply.header('Set-Cookie', `sid=${++runs}`);
    return {};
  }
}

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let app: INestApplication;
let session: ClientHttp2Session;

beforeEach(async () => {
  runs = 0;
  const module = await Test.createTestingModule({
    imports: [CacheModule.forRoot()],
    controllers: [Pages],
  }).compile();
  app = module.createNestApplication(new FastifyAdapter({ http2: true }) as never);
  app.useLogger(false);
  await app.listen(0, '127.0.0.1');
  session = connect(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
});

afterEach(async () => {
  await new Promise<void>((resolve) => session.close(resolve));
  await app.close();
});

function get(path: string, headers: Record<string, string> = {}, sent?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ':path': path, ...headers },
      { endStream: sent === undefined },
    );
    let answered: IncomingHttpHeaders = {};
    let body = '';
    stream.setEncoding('utf8');
    stream.on('response', (received) => (answered = received));
    stream.on('data', (chunk: string) => (body += chunk));
    stream.on('end', () => {
      resolve({ headers: answered, body });
    });
    stream.on('error', reject);
    stream.end(sent);
  });
}

async function hostOf(authority: string): Promise<unknown> {
  const { body } = await get('/page', { ':authority': authority });
  return (JSON.parse(body) as { host: string }).host;
}

describe('over HTTP/2, on fastify', () => {
  it.each(['page', 'stream'])('pages are stored and answered with: %s', async (path) => {
    const miss = await get(`/${path}`);
    const hit = await get(`/${path}`);

    expect([miss.headers['x-cache'], hit.headers['x-cache']]).toEqual(['MISS', 'HIT']);
    expect(hit.body).toBe(miss.body);
    expect(hit.headers[':status']).toBe(200);
    expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
    expect(runs).toBe(1);
  });

  it('an authority has pages of its own [K1]', async () => {
    expect([await hostOf('a.example'), await hostOf('b.example')]).toEqual([
      'a.example',
      'b.example',
    ]);
  });

  it('a GET with a body makes no page, and gets none, though no header tells of it [H18]', async () => {
    const fat = await get('/reading', {}, 'evil');
    const plain = await get('/reading');
    const again = await get('/reading', {}, 'evil');

    expect([fat.body, plain.body, again.body]).toEqual(['read evil', 'read ', 'read evil']);
    expect([fat, plain, again].map(({ headers }) => headers['x-cache'])).toEqual([
      'BYPASS',
      'MISS',
      'BYPASS',
    ]);
  });

  it('a client that holds the page gets 304', async () => {
    await get('/page');
    const { etag } = (await get('/page')).headers;

    const unchanged = await get('/page', { 'if-none-match': String(etag) });

    expect(unchanged.headers[':status']).toBe(304);
    expect(unchanged.body).toBe('');
  });

  it('a client that holds a streamed page gets 304 on a miss, and the page is stored [H20]', async () => {
    const unchanged = await get('/tagged', { 'if-none-match': '"one"' });
    const hit = await get('/tagged');

    expect(unchanged.headers).toMatchObject({ ':status': 304, 'x-cache': 'MISS' });
    expect(hit).toMatchObject({ headers: { ':status': 200, 'x-cache': 'HIT' }, body: 'tagged 1' });
  });

  it('an answer that sets a cookie is not stored [H4]', async () => {
    const cookies = [await get('/cookie'), await get('/cookie')].map(
      ({ headers }) => headers['set-cookie'],
    );

    expect(cookies).toEqual([['sid=1'], ['sid=2']]);
  });

  it('a page past its time is made anew in the background', async () => {
    const time = moveTime();
    await get('/renewed');
    time.at(15);

    const stale = await get('/renewed');
    await until(() => runs === 2);
    let fresh = await get('/renewed');
    while (fresh.headers['x-cache'] === 'STALE') fresh = await get('/renewed');
    time.end();

    expect(stale.headers['x-cache']).toBe('STALE');
    expect(fresh.headers['x-cache']).toBe('HIT');
    expect(fresh.body).toBe(stale.body.replace('run 1', 'run 2'));
    expect(runs).toBe(2);
  });

  it('a page past its time is sent in place of a failure', async () => {
    const time = moveTime();
    await get('/failing');
    time.at(15);

    const stale = await get('/failing');
    time.end();

    expect(stale.headers).toMatchObject({ ':status': 200, 'x-cache': 'STALE' });
    expect(stale.body).toBe('good');
    expect(runs).toBe(2);
  });

  it('neither are requests with cookies or Authorization answered from pages [H1 H3]', async () => {
    await get('/page');

    expect((await get('/page', { cookie: 'a=1' })).headers['x-cache']).toBe('BYPASS');
    expect((await get('/page', { authorization: 'a' })).headers['x-cache']).toBe('BYPASS');
  });
});
