import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import {
  Controller,
  Get,
  Header,
  StreamableFile,
  UseInterceptors,
  type INestApplication,
} from '@nestjs/common';
import compression from 'compression';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { PLATFORMS, type Answer, type Asking, type HttpApp } from './http-app.js';
import { compresses, decoded, startLayered, variesOn, type Layer } from './real-layers.js';

const runs: Record<string, number> = {};

function run(name: string): number {
  return (runs[name] = (runs[name] ?? 0) + 1);
}

const LINES = 'a line of a page, of which there are many\n'.repeat(100);

/** Hardly becomes smaller, so that most of it waits for a client that reads slowly. */
const DENSE = randomBytes(450_000).toString('hex');

@Controller('kept')
@UseInterceptors(CacheInterceptor)
class Kept {
  @Get('page')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  page(): string {
    run('page');
    return LINES;
  }

  @Get('small')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  small(): string {
    return `small ${run('small')}`;
  }

  @Get('tagged')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Header('ETag', 'W/"one"')
  tagged(): string {
    return `tagged ${run('tagged')} ${LINES}`;
  }

  @Get('image')
  @Header('Content-Type', 'image/png')
  image(): StreamableFile {
    run('image');
    return new StreamableFile(Buffer.alloc(4096, 7), { type: 'image/png' });
  }

  @Get('dense')
  dense(): StreamableFile {
    run('dense');
    return new StreamableFile(Buffer.from(DENSE), { type: 'text/plain; charset=utf-8' });
  }

  @Get('large')
  large(): StreamableFile {
    const parts = Array.from({ length: 12 }, (_, part) => `${part} ${run('large')} ${LINES}`);
    const chunks = parts.map((part) => Buffer.from(part.repeat(12)));
    return new StreamableFile(Readable.from(chunks), { type: 'text/plain; charset=utf-8' });
  }
}

@Controller('bare')
class Bare {
  @Get('page')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  page(): string {
    return LINES;
  }
}

/** What clients say, and the encodings that they can read then. */
const CLIENTS: readonly (readonly [accepts: string | undefined, reads: readonly string[]])[] = [
  ['gzip', ['gzip', 'identity']],
  [undefined, ['identity']],
  ['br', ['br', 'identity']],
  ['identity;q=0', ['identity']],
  ['gzip;q=0, br;q=0', ['identity']],
  ['deflate;q=0.5', ['deflate', 'identity']],
  ['gzip, deflate, br', ['gzip', 'deflate', 'br', 'identity']],
  ['identity', ['identity']],
];

const accepting = (encodings: string | undefined, asking: Asking = {}): Asking => ({
  ...asking,
  headers: { ...asking.headers, ...(encodings && { 'Accept-Encoding': encodings }) },
});

const encodingOf = ({ headers }: Answer): string => headers['content-encoding'] ?? 'identity';

/** All bytes that a client gets who reads with pauses. */
function readSlowly(port: number, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(Buffer.concat(parts));
    });
    socket.write(`GET ${path} HTTP/1.0\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n`);
  });
}

describe.each(PLATFORMS)('the package that compresses, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    for (const name of Object.keys(runs)) delete runs[name];
    http = await startLayered(platform, [Kept, Bare], [compresses]);
  });

  afterAll(async () => {
    await http.close();
  });

  it.each(CLIENTS.map(([accepts], first) => [accepts ?? 'no Accept-Encoding', first] as const))(
    'lets everybody read the page that a client made who says %s',
    async (_, first) => {
      const path = `/kept/page?first=${first}`;
      const inTurn = [...CLIENTS.slice(first), ...CLIENTS.slice(0, first)];

      for (const [accepts, reads] of inTurn) {
        const answer = await http.ask(path, accepting(accepts));
        const again = await http.ask(path, accepting(accepts));

        expect(reads).toContain(encodingOf(answer));
        expect([decoded(answer), decoded(again)]).toEqual([LINES, LINES]);
        expect([undefined, String(again.bytes.length)]).toContain(again.headers['content-length']);
        expect([again.cache, encodingOf(again)]).toEqual(['HIT', encodingOf(answer)]);
        expect(variesOn(again)).toEqual(variesOn(answer));
      }
    },
  );

  it.each(CLIENTS)('encodes nothing otherwise than without the cache, for %s', async (accepts) => {
    const path = `?alone=${CLIENTS.findIndex(([other]) => other === accepts)}`;
    const bare = await http.ask(`/bare/page${path}`, accepting(accepts));
    const miss = await http.ask(`/kept/page${path}`, accepting(accepts));
    const hit = await http.ask(`/kept/page${path}`, accepting(accepts));

    for (const answer of [miss, hit]) {
      expect(encodingOf(answer)).toBe(encodingOf(bare));
      expect(variesOn(answer)).toEqual(variesOn(bare));
      expect(answer.bytes.equals(bare.bytes)).toBe(true);
    }
  });

  it('leaves a page below its threshold as it is, with its length', async () => {
    const miss = await http.ask('/kept/small', accepting('gzip'));
    const hit = await http.ask('/kept/small', accepting('gzip'));

    expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
    expect([encodingOf(hit), hit.body]).toEqual(['identity', 'small 1']);
    expect(hit.headers['content-length']).toBe('7');
  });

  it('leaves what is compressed by its nature as it is', async () => {
    const miss = await http.ask('/kept/image', accepting('gzip'));
    const hit = await http.ask('/kept/image', accepting('gzip'));
    const other = await http.ask('/kept/image', accepting('br'));

    expect([miss.cache, hit.cache, other.cache]).toEqual(['MISS', 'HIT', 'HIT']);
    expect([encodingOf(hit), hit.bytes.equals(Buffer.alloc(4096, 7))]).toEqual(['identity', true]);
    expect(runs['image']).toBe(1);
  });

  it('answers HEAD from a page that a gzip client made, without a body', async () => {
    const path = '/kept/page?head';
    await http.ask(path, accepting('gzip'));
    const got = await http.ask(path, accepting('gzip'));

    const head = await http.ask(path, accepting('gzip', { method: 'HEAD' }));
    const plain = await http.ask(path, { method: 'HEAD' });

    expect(head).toMatchObject({ status: 200, cache: 'HIT', body: '' });
    expect(head.headers.etag).toBe(got.headers.etag);
    expect(variesOn(head)).toEqual(variesOn(got));
    expect([encodingOf(plain), plain.body]).toEqual(['identity', '']);
  });

  it('says in a HEAD how long the body is in the encoding that it names', async () => {
    const path = '/kept/page?head-length';
    const made = await http.ask(path, accepting('gzip'));

    const head = await http.ask(path, accepting('gzip', { method: 'HEAD' }));

    const lengths = { gzip: made.bytes.length, identity: LINES.length };
    const encoding = encodingOf(head) as keyof typeof lengths;
    expect(head.headers['content-length']).toBe(String(lengths[encoding]));
  });

  it('gives a gzip client that has the page 304 without a word on its encoding', async () => {
    const path = '/kept/page?validate';
    await http.ask(path, accepting('gzip'));
    const { etag } = (await http.ask(path, accepting('gzip'))).headers;

    const unchanged = await http.ask(
      path,
      accepting('gzip', { headers: { 'If-None-Match': etag! } }),
    );

    expect(unchanged).toMatchObject({ status: 304, cache: 'HIT', body: '' });
    expect(unchanged.headers).not.toHaveProperty('content-encoding');
    expect(unchanged.headers).not.toHaveProperty('content-length');
    expect(unchanged.headers.etag).toBe(etag);
  });

  it('keeps the whole page of a gzip client that asked on a condition first', async () => {
    const condition = { headers: { 'If-None-Match': '"one"' } };
    const first = await http.ask('/kept/tagged', accepting('gzip', condition));
    const second = await http.ask('/kept/tagged', accepting('gzip'));

    expect(first).toMatchObject({ status: 304, cache: 'MISS', body: '' });
    expect(first.headers).not.toHaveProperty('content-encoding');
    expect([second.cache, encodingOf(second)]).toEqual(['HIT', 'gzip']);
    expect(decoded(second)).toBe(`tagged 1 ${LINES}`);
  });

  it('compresses a large stream of several chunks again, or the first time for all', async () => {
    const miss = await http.ask('/kept/large', accepting('br'));
    const hits = await Promise.all(
      Array.from({ length: 5 }, () => http.ask('/kept/large', accepting('br'))),
    );

    expect(decoded(miss).length).toBeGreaterThan(600_000);
    for (const hit of hits) {
      expect([hit.cache, encodingOf(hit)]).toEqual(['HIT', 'br']);
      expect(decoded(hit) === decoded(miss)).toBe(true);
    }
    expect(runs['large']).toBe(12);
  });

  it('sends the whole of a hit to a client that reads slowly', async () => {
    for (const cache of ['MISS', 'HIT', 'HIT']) {
      const bytes = await readSlowly(http.port, '/kept/dense');
      const headEnd = bytes.indexOf('\r\n\r\n');

      expect(bytes.subarray(0, headEnd).toString().toLowerCase()).toContain(
        `x-cache: ${cache.toLowerCase()}`,
      );
      expect(gunzipSync(bytes.subarray(headEnd + 4)).toString() === DENSE).toBe(true);
    }
    expect(runs['dense']).toBe(1);
  });

  it('is right for many clients at once on a page that nobody has made yet', async () => {
    const path = '/kept/page?together';
    const clients = [...CLIENTS, ...CLIENTS, ...CLIENTS];
    const answers = await Promise.all(
      clients.map(([accepts]) => http.ask(path, accepting(accepts))),
    );

    for (const [index, answer] of answers.entries()) {
      expect(clients[index]![1]).toContain(encodingOf(answer));
      expect(decoded(answer)).toBe(LINES);
    }
    expect(http.log.errors()).toEqual([]);
  });
});

/** Hides the wish for compression of clients that are known to break by it. */
const sparesOldClients: Layer = (app: INestApplication) => {
  app.use((request: IncomingMessage, _response: unknown, next: () => void) => {
    if (request.headers['user-agent'] === 'old') delete request.headers['accept-encoding'];
    next();
  });
};

/** The middleware of Express, which Nest runs on Fastify too, on the raw response. */
const compressesAsMiddleware: Layer = (app: INestApplication) => {
  app.use(compression());
};

describe.each(PLATFORMS)('compression beside other layers, on %s', (platform) => {
  let http: HttpApp;

  afterEach(async () => {
    await http.close();
  });

  it('reaches no client for whom a middleware has ruled it out', async () => {
    http = await startLayered(platform, [Kept], [sparesOldClients, compresses]);
    const old = accepting('gzip', { headers: { 'User-Agent': 'old' } });
    const encodings: string[] = [];
    for (const client of [accepting('gzip'), old, old, accepting('gzip')]) {
      const answer = await http.ask('/kept/page', client);
      expect(decoded(answer)).toBe(LINES);
      encodings.push(`${answer.cache} ${encodingOf(answer)}`);
    }

    expect(encodings).toEqual(['MISS gzip', 'MISS identity', 'HIT identity', 'HIT gzip']);
  });

  it('is done again on a hit where it is a middleware of the raw response', async () => {
    http = await startLayered(platform, [Kept], [compressesAsMiddleware]);
    for (const cache of ['MISS', 'HIT']) {
      for (const encoding of ['gzip', 'br', 'identity']) {
        const answer = await http.ask('/kept/page', accepting(encoding));

        expect([answer.cache, encodingOf(answer)]).toEqual([cache, encoding]);
        expect(variesOn(answer)).toEqual(['accept-encoding']);
        expect(decoded(answer)).toBe(LINES);
      }
    }
  });
});
