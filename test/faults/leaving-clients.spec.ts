import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Query, StreamableFile, UseInterceptors } from '@nestjs/common';
import { Readable } from 'node:stream';
import { CacheInterceptor, CacheTTL } from 'nestjs-cache-framework';
import { seededRandom } from '../../lib/testing/seeded-random.js';
import { type HttpApp, PLATFORMS, startController } from '../e2e/http/http-app.js';

const TIMES = process.env['HEAVY'] ? 1_000 : 100;
const POINTS = 10;
const SEED = 20_261_202;
const PART = 'x'.repeat(20_000);
const WHOLE = `begin ${PART.repeat(5)} end`;
const MINUTES = 60_000;

const random = seededRandom(SEED);

@Controller()
@UseInterceptors(CacheInterceptor)
@CacheTTL(60)
class Pages {
  /** A page that takes a moment, and more of one whoever asks a second time. */
  @Get(':kind')
  async page(@Param('kind') kind: string, @Query('n') n: string): Promise<StreamableFile | string> {
    await sleep(random() * 3);
    const text = `${n} ${WHOLE}`;
    return kind === 'page' ? text : new StreamableFile(Readable.from(partsOf(text)));
  }
}

/** The text in parts, with a moment between two of them. */
async function* partsOf(text: string): AsyncGenerator<Buffer> {
  for (let from = 0; from < text.length; from += 10_000) {
    yield Buffer.from(text.slice(from, from + 10_000));
    await sleep(random());
  }
}

/** Asks, and leaves so many milliseconds after it, or after so many bytes of the answer. */
async function askAndLeave(port: number, path: string, point: number): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (point >= POINTS / 2 && bytes > (point - POINTS / 2) * 20_000) socket.resetAndDestroy();
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`);
  if (point < POINTS / 2) {
    await sleep(point);
    socket.destroy();
  }
  await closed;
}

describe.each(PLATFORMS)('clients that leave before they have the page, on %s', (platform) => {
  let http: HttpApp;

  beforeAll(async () => {
    http = await startController(platform, Pages);
  });
  afterAll(() => http.close());

  it.each(['page', 'stream'])(
    `leave a whole page behind or none, at ${POINTS} moments, ${TIMES} times: %s`,
    async (kind) => {
      const states: (string | undefined)[] = [];
      for (let n = 0; n < TIMES; n += 1) {
        const path = `/${kind}?n=${n}`;
        await askAndLeave(http.port, path, n % POINTS);

        const headers = { host: 'shop.example' };
        const [next, after] = [
          await http.ask(path, { headers }),
          await http.ask(path, { headers }),
        ];

        expect([next.status, next.body, after.body]).toEqual([200, `${n} ${WHOLE}`, next.body]);
        expect(after.cache).toBe('HIT');
        states.push(next.cache);
      }

      expect(new Set(states.filter((state) => state !== 'HIT'))).toEqual(new Set(['MISS']));
      expect(http.log.errors()).toEqual([]);
    },
    5 * MINUTES,
  );
});
