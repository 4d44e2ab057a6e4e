import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { Controller, Get, Header, Res, StreamableFile, UseInterceptors } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Readable } from 'node:stream';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { startController, type Answer, type HttpApp } from './http-app.js';

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  page(): string {
    return `page ${++runs} ${'x'.repeat(2000)}`;
  }

  @Get('stream')
  stream(): StreamableFile {
    const parts = [`stream ${++runs} `, 'y'.repeat(2000)];
    return new StreamableFile(Readable.from(parts.map((part) => Buffer.from(part))), {
      type: 'text/plain; charset=utf-8',
    });
  }

  @Get('etag')
  etag(@Res({ passthrough: true }) reply: { header(n: string, v: string): unknown }): string {
    reply.header('ETag', '"one"');
    return `etag ${++runs} ${'z'.repeat(2000)}`;
  }

  @Get('empty')
  empty(): string {
    ++runs;
    return '';
  }
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Runs the listener when the head is about to be written, as the package on-headers does it. */
function onHeaders(response: ServerResponse, listener: () => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  let isFired = false;
  Object.assign(response, {
    writeHead: (status: number, ...args: unknown[]) => {
      if (!isFired) {
        isFired = true;
        listener();
      }
      return writeHead(status, ...args);
    },
  });
}

/** Compresses as the package compression does: wraps write, end and the head, and decides when the head is written. */
const compression: Middleware = (request, response, next) => {
  const write = response.write.bind(response) as (chunk: unknown) => boolean;
  const end = response.end.bind(response) as (chunk?: unknown) => ServerResponse;
  let gzip: ReturnType<typeof createGzip> | undefined;
  const writeImplicitHead = (): void => {
    if (!response.headersSent) response.writeHead(response.statusCode);
  };
  Object.assign(response, {
    write: (chunk: unknown) => {
      writeImplicitHead();
      return gzip ? gzip.write(chunk) : write(chunk);
    },
    end: (chunk?: unknown) => {
      writeImplicitHead();
      if (!gzip) return end(chunk);
      return chunk ? gzip.end(chunk) : gzip.end();
    },
  });
  onHeaders(response, () => {
    response.setHeader('Vary', 'Accept-Encoding');
    const type = String(response.getHeader('Content-Type') ?? '');
    const accepts = /gzip/.test(request.headers['accept-encoding'] ?? '');
    if (!accepts || !type.startsWith('text/') || request.method === 'HEAD') return;
    gzip = createGzip();
    response.setHeader('Content-Encoding', 'gzip');
    response.removeHeader('Content-Length');
    gzip.on('data', (chunk: Buffer) => write(chunk));
    gzip.on('end', () => end());
  });
  next();
};

/** Sets the cookie of a new session when the head is written, and ends the response once the session is saved. */
const session: Middleware = (request, response, next) => {
  const { url = '' } = request;
  if (url.includes('visitor')) {
    onHeaders(response, () => {
      response.setHeader('Set-Cookie', `sid=${Math.random()}`);
    });
  }
  const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
  Object.assign(response, {
    end: (...args: unknown[]) => {
      setTimeout(() => end(...args), 5);
      return response;
    },
  });
  next();
};

let http: HttpApp;

afterEach(async () => {
  await http.close();
});

const GZIP = { 'Accept-Encoding': 'gzip' };
const text = ({ headers, bytes }: Answer): string =>
  (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();

async function startExpress(...middleware: Middleware[]): Promise<void> {
  runs = 0;
  http = await startController('express', Pages, {
    configure: (app: INestApplication) => {
      for (const each of middleware) app.use(each);
    },
  });
}

describe('Express middleware around the interceptor', () => {
  it.each(['page', 'stream'])('compresses hits as it does misses: %s', async (path) => {
    await startExpress(compression);

    const miss = await http.ask(`/${path}`, { headers: GZIP });
    const hit = await http.ask(`/${path}`, { headers: GZIP });

    expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
    expect([miss, hit].map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', 'gzip']);
    expect(text(hit)).toBe(text(miss));
    expect(text(hit)).toMatch(/^\w+ 1 /);
  });

  it('compresses nothing for a client that cannot read it, whoever came first', async () => {
    await startExpress(compression);

    const zipped = await http.ask('/page', { headers: GZIP });
    const plain = await http.ask('/page');
    const plainHit = await http.ask('/page');

    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plainHit).toMatchObject({ cache: 'HIT', body: plain.body });
  });

  it('leaves 304 and HEAD of a hit intact', async () => {
    await startExpress(compression);
    await http.ask('/etag', { headers: GZIP });

    const unchanged = await http.ask('/etag', { headers: { ...GZIP, 'If-None-Match': '"one"' } });
    const head = await http.ask('/etag', { headers: GZIP, method: 'HEAD' });

    expect(unchanged).toMatchObject({ status: 304, cache: 'HIT', body: '' });
    expect(head).toMatchObject({ status: 200, cache: 'HIT', body: '' });
  });

  it('leaves a 304 of a miss intact', async () => {
    await startExpress(compression);

    const unchanged = await http.ask('/etag', { headers: { ...GZIP, 'If-None-Match': '"one"' } });
    const hit = await http.ask('/etag', { headers: GZIP });

    expect(unchanged).toMatchObject({ status: 304, cache: 'MISS', body: '' });
    expect(text(hit)).toMatch(/^etag 1 z{2000}$/);
  });

  it.each(['page', 'stream', 'empty'])(
    'keeps a page out of the cache by a cookie at the last moment: %s [H4]',
    async (path) => {
      await startExpress(session);

      const answers = [await http.ask(`/${path}?visitor`), await http.ask(`/${path}?visitor`)];
      const cookies = answers.map(({ headers }) => headers['set-cookie']?.[0]);

      expect(runs).toBe(2);
      expect(cookies[0]).toMatch(/^sid=/);
      expect(cookies[1]).not.toBe(cookies[0]);
      expect(answers.map(({ cache }) => cache)).not.toContain('HIT');
    },
  );

  it.each(['page', 'stream', 'empty'])(
    'may end responses later than it is told: %s',
    async (path) => {
      await startExpress(session, compression);

      const miss = await http.ask(`/${path}`, { headers: GZIP });
      const hit = await http.ask(`/${path}`, { headers: GZIP });

      expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
      expect(text(hit)).toBe(text(miss));
      expect(runs).toBe(1);
    },
  );
});

interface FastifyLike {
  addHook(
    name: string,
    hook: (
      request: FastifyRequestLike,
      reply: FastifyReplyLike,
      payload: unknown,
    ) => Promise<unknown>,
  ): void;
}

interface FastifyRequestLike {
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
}

interface FastifyReplyLike {
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

async function startFastify(hook: Parameters<FastifyLike['addHook']>[1]): Promise<void> {
  runs = 0;
  http = await startController('fastify', Pages, {
    configure: (app: INestApplication) => {
      const server = app.getHttpAdapter().getInstance() as FastifyLike;
      server.addHook('onSend', hook);
    },
  });
}

/** Compresses as @fastify/compress does. */
async function compress(
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
  payload: unknown,
): Promise<unknown> {
  reply.header('Vary', 'Accept-Encoding');
  if (!request.headers['accept-encoding']?.includes('gzip')) return payload;
  reply.header('Content-Encoding', 'gzip');
  reply.removeHeader('Content-Length');
  return typeof payload === 'string' ? gzipSync(payload) : (payload as Readable).pipe(createGzip());
}

describe('Fastify plugins around the interceptor', () => {
  it.each(['page', 'stream'])('keep the compressed page for who can read it: %s', async (path) => {
    await startFastify(compress);

    const zipped = [
      await http.ask(`/${path}`, { headers: GZIP }),
      await http.ask(`/${path}`, { headers: GZIP }),
    ];
    const plain = [await http.ask(`/${path}`), await http.ask(`/${path}`)];

    expect(zipped.map(({ cache }) => cache)).toEqual(['MISS', 'HIT']);
    expect(plain.map(({ cache }) => cache)).toEqual(['MISS', 'HIT']);
    expect(zipped[1]!.headers['content-encoding']).toBe('gzip');
    expect(zipped[1]!.bytes).toEqual(zipped[0]!.bytes);
    expect(text(zipped[1]!)).toMatch(/^\w+ 1 /);
    expect(plain[1]!.headers['content-encoding']).toBeUndefined();
    expect(plain[1]!.body).toMatch(/^\w+ 2 /);
  });

  it('keep a compressed page apart though they forget to say Vary', async () => {
    await startFastify(async (request, reply, payload) => {
      const compressed = await compress(request, reply, payload);
      reply.removeHeader('Vary');
      return compressed;
    });

    const zipped = await http.ask('/page', { headers: GZIP });
    const plain = await http.ask('/page');

    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body).toMatch(/^page 2 /);
  });

  it('keep a page out of the cache by a cookie at the last moment [H4]', async () => {
    await startFastify(async (_request, reply, payload) => {
      reply.header('Set-Cookie', `sid=${Math.random()}`);
      return payload;
    });

    const answers = [await http.ask('/page'), await http.ask('/page')];

    expect(answers.map(({ cache }) => cache)).toEqual(['BYPASS', 'BYPASS']);
    expect(answers[1]!.headers['set-cookie']).not.toEqual(answers[0]!.headers['set-cookie']);
    expect(runs).toBe(2);
  });
});
