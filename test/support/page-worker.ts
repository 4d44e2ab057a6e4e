import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import 'reflect-metadata';
import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule } from '../../lib/cache.module.js';
import { CachePage } from '../../lib/decorators/cache-page.decorator.js';
import type { HttpOptions } from '../../lib/http/http.options.js';
import type { CacheSettings } from './lease-worker.js';

/** An application that a process is to run, until it is killed. */
export interface PageTask {
  readonly cache: CacheSettings;
  readonly http: HttpOptions;
}

/** Where it listens on the loopback. */
export interface PageAnswer {
  readonly port: number;
}

let runs = 0;

@Controller()
class Pages {
  /** The process that made the page and how many it had made by then. `hangs`: the process in which it never ends. */
  @Get('page')
  @CachePage(600)
  async page(@Query('hangs') hangs?: string): Promise<string> {
    runs += 1;
    if (hangs === String(port)) await new Promise(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    return `${process.pid} ${runs}`;
  }

  @Get('runs')
  count(): number {
    return runs;
  }
}

const { cache, http } = JSON.parse(process.argv[2]!) as PageTask;

@Module({ imports: [CacheModule.forRoot({ ...cache, http })], controllers: [Pages] })
class App {}

const app = await NestFactory.create(App, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address() as AddressInfo;
process.send!({ ready: true });
await once(process, 'message');
process.send!({ port } satisfies PageAnswer);
