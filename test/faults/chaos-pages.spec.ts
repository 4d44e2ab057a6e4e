import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Headers, Param, Res, UseInterceptors } from '@nestjs/common';
import {
  type CacheBackendFactory,
  CacheInterceptor,
  CacheTTL,
  memory,
} from 'nestjs-cache-framework';
import { file } from 'nestjs-cache-framework/backends/file';
import { memcached } from 'nestjs-cache-framework/backends/memcached';
import { chaos } from 'nestjs-cache-framework/testing';
import { type HttpApp, PLATFORMS, startController } from '../e2e/http/http-app.js';
import { describeWithMemcached } from '../support/memcached.js';
import { directoryForAll } from '../support/suite-file.js';
import { PATIENT } from '../support/memcached-backends.js';
import { serverForAll } from '../support/suite-memcached.js';

const REQUESTS = process.env['HEAVY'] ? 10_000 : 400;
const AT_ONCE = 20;
const PAGES = 7;
const CHAOS = { failBefore: 0.106, failAfter: 0.106, delayMs: [0, 5] } as const;

interface Reply {
  header(name: string, value: string): unknown;
}

let runs = 0;

@Controller()
@UseInterceptors(CacheInterceptor)
@CacheTTL(60)
class Pages {
  @Get('public/:id')
  public(@Param('id') id: string): object {
    runs += 1;
    return { id };
  }

  @Get('language/:id')
  @Header('Vary', 'Accept-Language')
  language(@Param('id') id: string, @Headers('accept-language') language: string): object {
    runs += 1;
    return { id, language };
  }

  @Get('session/:id')
  session(@Param('id') id: string, @Res({ passthrough: true }) reply: Reply): object {
    runs += 1;
    reply.header('Set-Cookie', `run=${runs}`);
    return { id, run: runs };
  }
}

/** What a client asks, and whether what it gets is for it. */
async function askAndJudge(http: HttpApp, n: number): Promise<string | undefined> {
  const id = `${n % PAGES}`;
  const language = ['en', 'de', 'zh'][n % 3]!;
  const kind = ['public', 'language', 'session'][Math.floor(n / PAGES) % 3]!;
  const answer = await http.ask(`/${kind}/${id}`, { headers: { 'accept-language': language } });
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  const cookie = answer.headers['set-cookie']?.[0];
  const isRight =
    answer.status === 200 &&
    body['id'] === id &&
    (kind !== 'language' || body['language'] === language) &&
    (kind === 'session' ? cookie === `run=${String(body['run'])}` : cookie === undefined);
  if (kind === 'session') seenRuns.push(body['run']);
  if (answer.cache === 'HIT') hits += 1;
  return isRight ? undefined : `${kind} ${id} ${language}: ${answer.status} ${answer.body}`;
}

let hits = 0;
let seenRuns: unknown[] = [];
let http: HttpApp | undefined;

afterEach(async () => {
  await http?.close();
  http = undefined;
});

function itServesEachItsOwn(factory: () => CacheBackendFactory): void {
  it.each(PLATFORMS)(
    `answers each of ${REQUESTS} requests rightly, and some of them from the cache, on %s`,
    async (platform) => {
      [runs, hits, seenRuns] = [0, 0, []];
      const backend = chaos(factory(), CHAOS);
      http = await startController(platform, Pages, { cache: { backend } });
      const wrong: string[] = [];

      for (let from = 0; from < REQUESTS; from += AT_ONCE) {
        const asking = Array.from({ length: AT_ONCE }, (_, index) => from + index);
        const found = await Promise.all(asking.map((n) => askAndJudge(http!, n)));
        wrong.push(...found.filter((each) => each !== undefined));
      }

      expect(wrong).toEqual([]);
      // Nobody got what another's session began with.
      expect(new Set(seenRuns).size).toBe(seenRuns.length);
      expect(hits).toBeGreaterThan(0);
      expect(runs).toBeLessThan(REQUESTS);
      expect(http.log.errors()).toEqual([]);
    },
  );
}

describe('pages in memory, of which every fifth call fails', () => {
  itServesEachItsOwn(() => memory());
});

describe('pages in files, of which every fifth call fails', () => {
  const directory = directoryForAll();

  itServesEachItsOwn(() => {
    const location = mkdtempSync(join(directory(), 'pages-'));
    return file({ location, deadlineMs: PATIENT.deadlineMs });
  });
});

describeWithMemcached('pages on memcached, of which every fifth call fails', () => {
  const server = serverForAll();

  itServesEachItsOwn(() => memcached({ location: server().address, ...PATIENT }));
});
