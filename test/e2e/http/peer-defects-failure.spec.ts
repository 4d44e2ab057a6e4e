import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import {
  CACHE_OPERATION_CHANNEL,
  CacheInterceptor,
  type CacheBackend,
  type CacheModuleOptions,
  type CacheOperationEvent,
} from 'nestjs-cache-framework';
import { describeWithMemcached, freePort, memcachedServers } from '../../support/memcached.js';
import { PATIENT } from '../../support/memcached-backends.js';
import { MEBIBYTE } from './pages.controller.js';
import { PLATFORMS, cachesOf, startController, type HttpApp, type Platform } from './http-app.js';

const URLS = process.env['HEAVY'] ? 5000 : 300;

const refused = async (): Promise<never> => {
  throw new Error('ECONNREFUSED');
};

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  page(): object {
    return { run: ++runs };
  }

  @Get('largest')
  largest(): string {
    runs += 1;
    return 'x'.repeat(MEBIBYTE);
  }

  @Get('larger')
  larger(): string {
    runs += 1;
    return 'x'.repeat(2 * MEBIBYTE);
  }
}

let http: HttpApp;

beforeEach(() => {
  runs = 0;
});

afterEach(async () => {
  await http.close();
});

async function start(platform: Platform, cache: CacheModuleOptions): Promise<void> {
  http = await startController(platform, Pages, { cache });
}

async function answersTwice(): Promise<void> {
  const answers = [await http.ask('/page'), await http.ask('/page')];

  expect(answers.map(({ status, cache, body }) => [status, cache, body])).toEqual([
    [200, 'MISS', '{"run":1}'],
    [200, 'MISS', '{"run":2}'],
  ]);
}

async function items(): Promise<number> {
  const [stats] = await http.pages.stats();
  return stats!.items!;
}

const pages = (count: number, query: string): string[] =>
  Array.from({ length: count }, (_, index) => `/page?${query}=${index}`);

describe.each(PLATFORMS)('a server that fails, on %s', (platform) => {
  it('W22: a route answers though nobody listens where the cache should be', async () => {
    await start(platform, { backend: 'memcached', location: `127.0.0.1:${await freePort()}` });

    await answersTwice();
  });

  it('W22: a route answers though the server of the cache takes connections and never says a word', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await start(platform, { backend: 'memcached', location: `127.0.0.1:${port}` });

    await answersTwice();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it.each([
    ['reads', refused, 'get'],
    ['writes', async () => undefined, 'add'],
  ])(
    'W30: a store that fails is in the log and on the channel, for %s',
    async (_, get, failing) => {
      const events: CacheOperationEvent[] = [];
      const listen = (message: unknown): void => {
        events.push(message as CacheOperationEvent);
      };
      const backend: CacheBackend = {
        name: 'down',
        get,
        set: refused,
        add: refused,
        touch: refused,
        delete: refused,
        clear: refused,
      };
      await start(platform, { backend });
      subscribe(CACHE_OPERATION_CHANNEL, listen);

      await answersTwice();
      unsubscribe(CACHE_OPERATION_CHANNEL, listen);

      const failed = events.filter(({ result }) => result === 'error');
      expect(new Set(failed.map(({ operation }) => operation))).toEqual(new Set([failing]));
      expect(http.log.lines.map(({ message }) => message)).toContainEqual(
        expect.stringContaining('ECONNREFUSED'),
      );
    },
  );
});

describe.each(PLATFORMS)('many URLs, on %s', (platform) => {
  it('W27: a flood of URLs takes no more room than the cache may have', async () => {
    await start(platform, { options: { maxEntries: 50 } });

    await cachesOf(http, pages(URLS, 'x'));

    expect(runs).toBe(URLS);
    expect(await items()).toBe(50);
  });

  it('W27: pages that have expired make room for new ones', async () => {
    await start(platform, { timeout: 60, options: { maxEntries: 50 } });
    await cachesOf(http, pages(40, 'old'));
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);

    await cachesOf(http, pages(40, 'new'));
    const caches = await cachesOf(http, pages(40, 'new'));
    const held = await items();
    now.mockRestore();

    expect(new Set(caches)).toEqual(new Set(['HIT']));
    expect(held).toBeLessThanOrEqual(50);
  });
});

describeWithMemcached('the limits of memcached', () => {
  const servers = memcachedServers();

  afterEach(async () => {
    await servers.stop();
  });

  const startOnMemcached = async (platform: Platform): Promise<void> => {
    const { address } = await servers.start();
    await start(platform, { backend: 'memcached', location: address, options: PATIENT });
  };

  it.each(PLATFORMS)('W31: a URL longer than a key may be has a page: %s', async (platform) => {
    await startOnMemcached(platform);
    const path = `/page?q=${'a'.repeat(5000)}`;

    expect(await cachesOf(http, [path, path])).toEqual(['MISS', 'HIT']);
    expect(runs).toBe(1);
  });

  it.each(PLATFORMS)(
    'W31: a page larger than an item may be is sent whole, and the log says that it is not cached: %s',
    async (platform) => {
      await startOnMemcached(platform);

      for (const path of ['/largest', '/larger']) {
        const [first, second] = [await http.ask(path), await http.ask(path)];

        expect(second.bytes.equals(first.bytes)).toBe(true);
        expect([first.status, second.status]).toEqual([200, 200]);
      }

      expect(runs).toBe(4);
      expect(http.log.said()).toEqual([
        'Pages.largest is not cached: the cache did not store it.',
        'Pages.larger is not cached: the response is larger than http.maxBodyBytes (1 MiB by default).',
      ]);
    },
  );
});
