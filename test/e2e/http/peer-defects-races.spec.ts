import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpCode, Post, UseInterceptors } from '@nestjs/common';
import {
  CacheInterceptor,
  CacheKey,
  CachePage,
  InvalidateTags,
  PageCache,
  VaryOnHeaders,
  type CacheModuleOptions,
} from 'nestjs-cache-framework';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import {
  PLATFORMS,
  startController,
  type Answer,
  type HttpApp,
  type Platform,
} from './http-app.js';
import { gate, until, type Gate } from './time.js';

/** The database. */
let stored = 'old';
let runs = 0;
/** Holds up what has read the database already. */
let held: Gate | undefined;

async function readSlowly(): Promise<string> {
  runs += 1;
  const read = stored;
  await held?.opened;
  return read;
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  @CachePage(60, { tags: ['stock'] })
  page(): Promise<string> {
    return readSlowly();
  }

  @Get('varied')
  @CachePage(60, { tags: ['stock'] })
  @VaryOnHeaders('X-A')
  varied(): Promise<string> {
    return readSlowly();
  }

  @Get('keyed')
  @CachePage(60)
  @CacheKey('stock')
  keyed(): Promise<string> {
    return readSlowly();
  }

  @Post('page')
  @HttpCode(200)
  write(): string {
    stored = 'new';
    return 'written';
  }

  @Post('elsewhere')
  @InvalidateTags('stock')
  elsewhere(): string {
    stored = 'new';
    return 'written';
  }
}

/** How something is changed and the pages of it are removed, in an application. */
type Change = (http: HttpApp) => Promise<unknown>;

const CHANGES: readonly (readonly [how: string, path: string, change: Change])[] = [
  ['by its path', '/page', (http) => pagesOf(http).invalidate('/page')],
  ['by its route', '/page', (http) => pagesOf(http).invalidateRoute(Pages, 'page')],
  ['by its route', '/varied', (http) => pagesOf(http).invalidateRoute(Pages, 'varied')],
  ['by a tag', '/page', (http) => pagesOf(http).invalidateTags('stock')],
  ['by a tag', '/varied', (http) => pagesOf(http).invalidateTags('stock')],
  ['by its key', '/keyed', (http) => pagesOf(http).invalidateKey('stock')],
  ['by a write to its path', '/page', (http) => http.ask('/page', { method: 'POST' })],
  ['by a write that names its tag', '/page', (http) => http.ask('/elsewhere', { method: 'POST' })],
  ['by a tag, in the cache itself', '/page', (http) => http.pages.invalidateTags('stock')],
  ['with all others', '/page', (http) => http.pages.clear()],
  ['with all others', '/varied', (http) => http.pages.clear()],
];

const pagesOf = (http: HttpApp): PageCache => http.app.get(PageCache);

const apps: HttpApp[] = [];

async function start(platform: Platform, cache: CacheModuleOptions = {}): Promise<HttpApp> {
  const http = await startController(platform, Pages, { cache });
  apps.push(http);
  return http;
}

// Both applications of a race are asked by one name.
const asking = { headers: { Host: 'shop.example' } };

/** What clients get: one who asked before the change, one who asked after it and before that answer, one who came later. */
async function race(
  reader: HttpApp,
  path: string,
  change: () => Promise<unknown>,
): Promise<Answer[]> {
  held = gate();
  const early = reader.ask(path, asking);
  await until(() => runs === 1);
  stored = 'new';
  await change();
  const meanwhile = reader.ask(path, asking);
  held.open();
  const answers = [await early, await meanwhile];
  return [...answers, await reader.ask(path, asking)];
}

beforeEach(() => {
  stored = 'old';
  runs = 0;
  held = undefined;
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((http) => http.close()));
});

describe.each(PLATFORMS)('a page that is removed while it is made, on %s', (platform) => {
  it.each(CHANGES)(
    'W12: what a handler read before the change is kept for nobody: %s, %s',
    async (_how, path, change) => {
      const http = await start(platform);

      const [early, meanwhile, later] = await race(http, path, () => change(http));

      expect(early!.body).toBe('old');
      expect(meanwhile).toMatchObject({ cache: 'MISS', body: 'new' });
      expect(later).toMatchObject({ cache: 'HIT', body: 'new' });
    },
  );
});

describeWithMemcached('a page that another process removes while it is made', () => {
  const servers = memcachedServers();

  afterEach(async () => {
    await servers.stop();
  });

  it.each(CHANGES)(
    'W12: what a handler read before a change elsewhere is kept for nobody: %s, %s',
    async (how, path, change) => {
      const { address } = await servers.start();
      const cache = { backend: 'memcached', location: address, options: PATIENT } as const;
      const [reader, writer] = [await start('fastify', cache), await start('express', cache)];

      const [early, meanwhile, later] = await race(reader, path, async () => {
        await reader.pages.set('probe', 1);
        await change(writer);
        // Other processes learn of a clear() within a second.
        if (how === 'with all others') while (await reader.pages.has('probe')) await sleep(20);
      });

      expect(early!.body).toBe('old');
      expect(meanwhile!.body).toBe('new');
      expect(later!.body).toBe('new');
    },
  );
});
