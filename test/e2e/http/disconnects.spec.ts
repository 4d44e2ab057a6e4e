import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Controller, Get, Param, Query, StreamableFile, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor } from 'nestjs-cache-framework';
import { randomFrom, type Random } from '../../support/random.js';
import { startController, type HttpApp } from './http-app.js';
import {
  describeOnGrounds,
  pageGround,
  type PageBackend,
  type PageGround,
} from './page-grounds.js';

jest.setTimeout(process.env['HEAVY'] ? 900_000 : 180_000);

/** Clients that leave, for each framework and backend. */
const LEAVING = process.env['HEAVY'] ? 5_000 : 300;
const TOGETHER = 6;
const SEED = 20_261_129;

const MEBIBYTE = 1024 * 1024;
/** Around the largest body that is kept. */
const SIZES = [1, 100_000, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, MEBIBYTE + 300_000];
const CHUNKS = [1_000, 16_384, 65_536, 300_000];

/** Where a client may leave before its page was looked up. Elsewhere see `leaving-early.spec.ts`. */
const AT_ONCE: ReadonlySet<PageBackend> = new Set(['memory']);

interface Shape {
  readonly size: string;
  readonly chunk: string;
  readonly length?: string;
}

let runs = 0;

/** Every byte tells of which page it is. */
function bodyOf(name: string, size: number): Buffer {
  return Buffer.alloc(size, `${name}|`);
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Bodies {
  @Get('body/:name')
  body(@Param('name') name: string, @Query() { size, chunk, length }: Shape): StreamableFile {
    runs += 1;
    const body = bodyOf(name, Number(size));
    const source = Readable.from(pieces(body, Number(chunk)));
    return new StreamableFile(source, length === undefined ? {} : { length: body.length });
  }
}

async function* pieces(body: Buffer, chunk: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < body.length; start += chunk) {
    // Lets clients leave in between.
    await new Promise((resolve) => setImmediate(resolve));
    yield body.subarray(start, start + chunk);
  }
}

/** Asks, and leaves when that many bytes of the body are there; at 0 as soon as the request is sent. */
function askAndLeave(port: number, path: string, after: number, resets: boolean): Promise<void> {
  return new Promise((resolve) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent: false });
    const leave = (): void => {
      if (resets) request.socket?.resetAndDestroy();
      else request.destroy();
    };
    let bytes = 0;
    request.on('response', (response) => {
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= after) leave();
      });
    });
    request.on('error', () => undefined);
    request.on('close', resolve);
    request.end(() => {
      if (after === 0) setImmediate(leave);
    });
  });
}

describeOnGrounds('clients that leave at any moment', (platform, backend) => {
  let ground: PageGround;
  let http: HttpApp;

  beforeAll(async () => {
    ground = await pageGround(backend);
    http = await startController(platform, Bodies, { cache: ground.options });
  });

  afterAll(async () => {
    await http.close();
    await ground.remove();
  });

  /** True if the answer is to the last byte what the handler makes. */
  async function isWhole(path: string, name: string, size: number): Promise<boolean> {
    const { status, bytes } = await http.ask(path);
    return status === 200 && bytes.equals(bodyOf(name, size));
  }

  it(`never leave anything else behind than whole pages: ${LEAVING} of them`, async () => {
    const random = randomFrom(SEED);
    const wrong: string[] = [];
    let hits = 0;

    for (let left = 0; left < LEAVING; left += TOGETHER) {
      const name = `page${left}`;
      const { path, size } = pageOf(name, random);
      const stays = random(3) === 0;
      const leaving = Array.from({ length: TOGETHER }, () =>
        askAndLeave(
          http.port,
          path,
          leavesAfter(size, AT_ONCE.has(backend), random),
          random(2) === 0,
        ),
      );
      const beside = stays ? isWhole(path, name, size) : true;
      await Promise.all(leaving);

      if (!(await beside)) wrong.push(`beside those who left: ${path}`);
      if (!(await isWhole(path, name, size))) wrong.push(`after those who left: ${path}`);
      await ground.watch.isQuiet();
      const ran = runs;
      if (!(await isWhole(path, name, size))) wrong.push(`later: ${path}`);
      if (runs === ran) hits += 1;
      if (size <= MEBIBYTE !== (runs === ran)) wrong.push(`kept or not: ${path}`);
    }

    expect(wrong).toEqual([]);
    expect(hits).toBeGreaterThan(0);
  });
});

/** A page of one of the sizes, in pieces of some size, with its length or without. */
function pageOf(name: string, random: Random): { path: string; size: number } {
  const size = SIZES[random(SIZES.length)]!;
  const chunk = CHUNKS[random(CHUNKS.length)]!;
  const length = random(2) === 0 ? '&length=1' : '';
  return { path: `/body/${name}?size=${size}&chunk=${chunk}${length}`, size };
}

/** Often at once, at the first bytes, or at the last. */
function leavesAfter(size: number, leavesAtOnce: boolean, random: Random): number {
  switch (random(leavesAtOnce ? 4 : 3) + (leavesAtOnce ? 0 : 1)) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return size;
    default:
      return 1 + random(size);
  }
}
