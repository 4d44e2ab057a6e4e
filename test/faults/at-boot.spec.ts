import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, createCache } from 'nestjs-cache-framework';
import { type HttpApp, PLATFORMS, startController } from '../e2e/http/http-app.js';
import { describeWithMemcached, freePort, memcachedServers } from '../support/memcached.js';
import { PATIENT } from '../support/memcached-backends.js';
import { CLIENTS } from '../support/suite-memcached.js';

const servers = memcachedServers();
const silent: Server[] = [];
let http: HttpApp | undefined;

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  @Get('page')
  page(): string {
    return 'page';
  }
}

afterEach(async () => {
  await http?.close();
  http = undefined;
  for (const server of silent.splice(0)) server.close();
  await servers.stop();
});

/** A port that takes connections, and on which nobody ever says a word. */
async function silentPort(): Promise<number> {
  const server = createServer((socket) => void socket.on('error', () => undefined));
  silent.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('an application whose memcached is not there when it starts', () => {
    it.each(PLATFORMS)(
      'starts, answers, and uses the server as soon as it is there, on %s',
      async (platform) => {
        const port = await freePort();
        const location = `127.0.0.1:${port}`;
        const options = { client, ...PATIENT };
        const cache = { backend: 'memcached', location, options } as const;

        http = await startController(platform, Pages, { cache });
        const pages = await Promise.all(Array.from({ length: 50 }, () => http!.ask('/page')));
        const values = await Promise.all(Array.from({ length: 50 }, () => http!.cache.get('key')));
        await servers.start(['-l', location]);
        let found: string | undefined;
        for (let tries = 0; tries < 100 && found !== 'HIT'; tries += 1) {
          found = (await http.ask('/page')).cache;
          if (found !== 'HIT') await sleep(50);
        }

        expect(new Set(pages.map(({ status, body }) => `${status} ${body}`))).toEqual(
          new Set(['200 page']),
        );
        expect(new Set(values)).toEqual(new Set([undefined]));
        expect(found).toBe('HIT');
        expect(http.log.lines.filter(({ message }) => message.includes(' is away: '))).toHaveLength(
          1,
        );
        expect(http.log.errors()).toEqual([]);
      },
    );

    it.each(PLATFORMS)(
      'starts although the server says nothing, and answers, on %s',
      async (platform) => {
        const location = `127.0.0.1:${await silentPort()}`;
        const cache = { backend: 'memcached', location, options: { client } } as const;

        http = await startController(platform, Pages, { cache });
        const answers = await Promise.all(Array.from({ length: 50 }, () => http!.ask('/page')));
        const next = await http.ask('/page');

        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
        expect([next.status, next.cache]).toEqual([200, 'MISS']);
        expect(http.log.lines.filter(({ message }) => message.includes(' is away: '))).toHaveLength(
          1,
        );
      },
    );
  });
});

describeWithMemcached('an application that waits for its memcached', () => {
  it.each(PLATFORMS)('starts when that is there, on %s', async (platform) => {
    const location = `127.0.0.1:${await freePort()}`;
    const cache = {
      backend: 'memcached',
      location,
      waitForBackends: '20s',
      options: PATIENT,
    } as const;
    let isStarted = false;
    const starting = startController(platform, Pages, { cache });
    void starting.then(() => (isStarted = true));

    await sleep(600);
    expect(isStarted).toBe(false);
    await servers.start(['-l', location]);
    http = await starting;

    expect((await http.ask('/page')).cache).toBe('MISS');
    expect((await http.ask('/page')).cache).toBe('HIT');
  });

  it('does not start if that does not come, and says which it is', async () => {
    const location = `127.0.0.1:${await freePort()}`;
    const caches = { default: {}, sessions: { backend: 'memcached', location } } as const;
    const cache = { caches, waitForBackends: '300ms' } as const;

    await expect(startController('express', Pages, { cache })).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      alias: 'sessions',
      message: expect.stringMatching(
        /^Cache "sessions" did not answer within 0\.3 s of the start: .*ECONNREFUSED.*"waitForBackends"/,
      ),
    });
  });
});

it('is warned of a wait that was meant as milliseconds', async () => {
  const lines: string[] = [];
  const logger = { log: () => {}, warn: (line: string) => lines.push(line), error: () => {} };
  const cache = await createCache({ waitForBackends: 30_000, logger });
  await cache.close();

  expect(lines).toEqual([
    expect.stringMatching(/^The timeout 30000 of "waitForBackends" looks like milliseconds/),
  ]);
});

it.each([0, -1, '10', Infinity, null])('is not told to wait for %j', async (wait) => {
  const cache = { waitForBackends: wait as never };

  await expect(startController('express', Pages, { cache })).rejects.toMatchObject({
    code: 'CACHE_BAD_OPTION',
    message: expect.stringContaining('"waitForBackends"'),
  });
});

describe('an application whose cache is a directory that is not there when it starts', () => {
  it.each(PLATFORMS)('makes it, for its own user only, on %s', async (platform) => {
    const home = mkdtempSync(join(tmpdir(), 'at-boot-'));
    const location = join(home, 'var', 'cache');

    http = await startController(platform, Pages, { cache: { backend: 'file', location } });
    const found = [await http.ask('/page'), await http.ask('/page')].map((page) => page.cache);
    const mode = statSync(location).mode & 0o777;
    rmSync(home, { recursive: true });

    expect(found).toEqual(['MISS', 'HIT']);
    expect(mode).toBe(0o700);
  });
});
