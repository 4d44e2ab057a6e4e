import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { Controller, Get, Header, Sse, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { interval, map, take, type Observable } from 'rxjs';
import { PLATFORMS, startController, type Answer, type HttpApp } from './http-app.js';

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Kinds {
  @Sse('ticks')
  ticks(): Observable<object> {
    runs += 1;
    return interval(5).pipe(
      take(4),
      map((tick) => ({ id: String(tick + 1), data: { tick } })),
    );
  }

  @Get('bytes')
  @Header('Content-Type', 'application/octet-stream')
  bytes(): Buffer {
    runs += 1;
    return Buffer.from([7, 8]);
  }

  @Get('array')
  array(): Uint8Array {
    runs += 1;
    return new Uint8Array([7, 8]);
  }

  @Get('readable')
  readable(): Readable {
    runs += 1;
    return Readable.from(['readable ', String(runs)]);
  }
}

function same(first: Answer, others: readonly Answer[]): void {
  for (const other of others) {
    expect(other).toMatchObject({ status: first.status, body: first.body });
    expect(other.bytes.equals(first.bytes)).toBe(true);
    expect(other.headers['content-type']).toBe(first.headers['content-type']);
  }
}

describe.each(PLATFORMS)('kinds of responses, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Kinds);
  });

  beforeEach(() => {
    runs = 0;
  });

  afterAll(async () => {
    await http.close();
  });

  it('W13: a stream that a handler returns answers the third client as it did the first', async () => {
    const first = await http.ask('/readable');
    const others = [await http.ask('/readable'), await http.ask('/readable')];

    expect(first).toMatchObject({ status: 200, body: 'readable 1' });
    same(first, others);
    expect(others.map(({ cache }) => cache)).toEqual(['HIT', 'HIT']);
    expect(runs).toBe(1);
  });

  it('W14: each client of server-sent events gets all of them, also one that comes in between', async () => {
    const early = http.ask('/ticks');
    await new Promise((resolve) => setTimeout(resolve, 10));
    const answers = [await early, await http.ask('/ticks')];

    for (const { body, cache } of answers) {
      expect(body.match(/^id: \d+$/gm)).toEqual(['id: 1', 'id: 2', 'id: 3', 'id: 4']);
      expect(cache).toBeUndefined();
    }
    expect(runs).toBe(2);
  });

  it.each(['bytes', 'array'])(
    'W17: bytes from a handler are the same on a hit as on a miss: %s',
    async (path) => {
      const [miss, hit] = [await http.ask(`/${path}`), await http.ask(`/${path}`)];

      expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT']);
      same(miss, [hit]);
      expect(runs).toBe(1);
    },
  );
});
