import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LEASE_SECONDS } from '../../../lib/core/lease-time.js';
import { LOCK_KINDS, type SharedPlace } from '../../support/lease-places.js';
import { describeUnless } from '../../support/memcached.js';
import type { PageAnswer, PageTask } from '../../support/page-worker.js';
import { buildWorker, type WorkerBuild } from '../../support/worker-build.js';
import type { WorkerProcess } from '../../support/worker-process.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const PROCESSES = 4;
const ROUNDS = HEAVY ? 100 : 3;
const CLIENTS = HEAVY ? 250 : 25;
const KILLED = HEAVY ? 100 : 5;
const MINUTES = 60_000;

interface Running extends PageAnswer {
  readonly worker: WorkerProcess;
}

let build: WorkerBuild<PageTask, PageAnswer>;
let place: SharedPlace;
let running: Running[];

async function start(count: number, task: PageTask): Promise<void> {
  running = await Promise.all(
    Array.from({ length: count }, async () => {
      const worker = await build.start(task);
      worker.send('go');
      return { worker, ...(await worker.message<PageAnswer>()) };
    }),
  );
}

/** What an application answers that is asked under the name all of them have. */
function ask({ port }: PageAnswer, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'shop.example' };
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('error', reject);
      response.on('end', () =>
        resolve(`${response.statusCode} ${String(response.headers['x-cache'])} ${body}`),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

async function allRuns(): Promise<number> {
  const counts = await Promise.all(running.map((each) => ask(each, '/runs')));
  return counts.reduce((sum, answer) => sum + Number(answer.split(' ')[2]), 0);
}

describe('pages of several processes', () => {
  beforeAll(async () => {
    build = await buildWorker('page-worker');
  });
  afterAll(() => build.remove());

  for (const { title, missing, make } of LOCK_KINDS) {
    describeUnless(missing, `on ${title}`, () => {
      beforeEach(async () => {
        place = await make();
        running = [];
      });
      afterEach(async () => {
        for (const { worker } of running) worker.kill('SIGKILL');
        await place.remove();
      });

      it(
        `are made by one of ${PROCESSES * CLIENTS} requests in each of ${ROUNDS} rounds`,
        async () => {
          await start(PROCESSES, { cache: place.cache, http: {} });

          for (let round = 1; round <= ROUNDS; round += 1) {
            const answers = await Promise.all(
              running.flatMap((each) =>
                Array.from({ length: CLIENTS }, () => ask(each, `/page?round=${round}`)),
              ),
            );
            const hits = new Set(answers.filter((answer) => answer.startsWith('200 HIT')));
            const misses = answers.filter((answer) => answer.startsWith('200 MISS'));
            expect({ misses: misses.length, hits: hits.size }).toEqual({ misses: 1, hits: 1 });
            expect([...hits]).toEqual([misses[0]!.replace('MISS', 'HIT')]);
            expect(await allRuns()).toBe(round);
          }
        },
        10 * MINUTES,
      );

      it(
        `are made by others when their maker was killed, ${KILLED} of ${KILLED}`,
        async () => {
          // Nobody is let go before by their own patience.
          await start(2, { cache: place.cache, http: { coalesceTimeout: '2m' } });
          const [maker, heir] = running as [Running, Running];
          const paths = Array.from(
            { length: KILLED },
            (_, page) => `/page?page=${page}&hangs=${maker.port}`,
          );
          const lost = paths.map((path) => ask(maker, path).catch(() => 'lost'));
          while ((await ask(maker, '/runs')) !== `200 undefined ${KILLED}`) await sleep(20);
          const waiting = paths.map((path) => ask(heir, path));
          await sleep(100);
          expect(await ask(heir, '/runs')).toBe('200 undefined 0');

          maker.worker.kill('SIGKILL');
          const since = performance.now();
          const answers = await Promise.all(waiting);
          const seconds = (performance.now() - since) / 1000;

          expect(await Promise.all(lost)).toEqual(Array(KILLED).fill('lost'));
          expect(answers.filter((answer) => answer.startsWith('200 MISS')).length).toBe(KILLED);
          expect(await ask(heir, '/runs')).toBe(`200 undefined ${KILLED}`);
          expect(seconds).toBeLessThan(3 * LEASE_SECONDS);
        },
        5 * MINUTES,
      );
    });
  }
});
