import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  Module,
  Query,
  StreamableFile,
  UseInterceptors,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CacheInterceptor, CacheModule, CacheService } from 'nestjs-cache-framework';

// An application in a process of its own, with garbage collection at hand (`--expose-gc`), that sends large streams and looks
// at its own memory meanwhile: `stream-server.ts <express|fastify>`. It says its port when it listens, and answers each
// message by what it knows.

/** What the process knows of itself. */
export interface StreamReport {
  /** Bytes that streams have made since the process began. */
  readonly made: number;
  /** How often a handler has run. */
  readonly runs: number;
  /** Entries in the cache. */
  readonly items: number;
  /** The most bytes, since the report before, that were in use beyond those in use at that report: heap and buffers. */
  readonly heldMore: number;
  /** Likewise of the resident set. */
  readonly residentMore: number;
}

/** Bytes of one chunk. */
export const CHUNK = 64 * 1024;
/** Bytes between two looks at the memory. */
const BETWEEN_LOOKS = 4 * 1024 * 1024;

let made = 0;
let runs = 0;
let base = memory();
let most = base;

function memory(): { held: number; resident: number } {
  globalThis.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { held: heapUsed + external, resident: rss };
}

function look(): void {
  const { held, resident } = memory();
  most = { held: Math.max(most.held, held), resident: Math.max(most.resident, resident) };
}

/** Chunks of memory of their own, made when they are asked for. */
function* chunks(bytes: number): Generator<Buffer> {
  for (let index = 0; index * CHUNK < bytes; index += 1) {
    const size = Math.min(CHUNK, bytes - index * CHUNK);
    made += size;
    if (made % BETWEEN_LOOKS === 0) look();
    yield Buffer.alloc(size, index % 251);
  }
}

function stream(bytes: string, length: string | undefined): StreamableFile {
  runs += 1;
  const source = Readable.from(chunks(Number(bytes)), { objectMode: false });
  return new StreamableFile(source, length === undefined ? {} : { length: Number(bytes) });
}

@Controller('with')
@UseInterceptors(CacheInterceptor)
class With {
  @Get()
  get(@Query('bytes') bytes: string, @Query('length') length?: string): StreamableFile {
    return stream(bytes, length);
  }
}

@Controller('without')
class Without {
  @Get()
  get(@Query('bytes') bytes: string, @Query('length') length?: string): StreamableFile {
    return stream(bytes, length);
  }
}

@Module({ imports: [CacheModule.forRoot({ backend: 'memory' })], controllers: [With, Without] })
class AppModule {}

async function report(app: INestApplication): Promise<StreamReport> {
  look();
  const [stats] = await app.get(CacheService).stats();
  const answer = {
    made,
    runs,
    items: stats!.items!,
    heldMore: most.held - base.held,
    residentMore: most.resident - base.resident,
  };
  base = memory();
  most = base;
  return answer;
}

async function main(): Promise<void> {
  const adapter = process.argv[2] === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter as never, { logger: false });
  await app.listen(0, '127.0.0.1');
  process.on('message', () => {
    void report(app).then((answer) => process.send!(answer));
  });
  process.send!((app.getHttpServer().address() as AddressInfo).port);
}

await main();
