import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FileIoMode } from '../../lib/backends/file/index.js';
import type { LifeAnswer, LifeCache, LifeFigures, LifeTask } from '../support/life-worker.js';
import { describeWithMemcached } from '../support/memcached.js';
import { directoryForAll } from '../support/suite-file.js';
import { CLIENTS, serverForAll } from '../support/suite-memcached.js';
import { buildWorker, type WorkerBuild } from '../support/worker-build.js';
import type { WorkerEnd } from '../support/worker-process.js';

const CALLS = 1_000;
const LOADS = 100;
const THREADS = 4;
const MINUTES = 60_000;

let build: WorkerBuild<LifeTask, LifeAnswer>;

beforeAll(async () => {
  build = await buildWorker('life-worker');
}, MINUTES);
afterAll(() => build.remove());

/** What a process answers, which ends by itself after that, with code 0 and no rejection unhandled. */
async function answerOf(task: LifeTask): Promise<LifeAnswer> {
  const [answer] = await build.run([task]);
  return answer!;
}

/** How a process ends in which a Nest application runs, after it was sent SIGTERM. */
async function endBySignal(
  task: Omit<LifeTask, 'does' | 'calls' | 'others'>,
  before: () => Promise<void> = async () => undefined,
): Promise<WorkerEnd> {
  const worker = await build.start({ ...task, does: 'signal', calls: CALLS, others: LOADS });
  try {
    worker.send('go');
    await worker.message();
    await before();
    worker.kill('SIGTERM');
    return await worker.end();
  } finally {
    worker.kill('SIGKILL');
  }
}

/** What became of the calls that were under way when SIGTERM came to a process that then ended by itself. */
async function figuresAfterSignal(
  cache: LifeCache,
  before?: () => Promise<void>,
): Promise<LifeFigures> {
  const { output, ...end } = await endBySignal({ cache, goesOn: true }, before);
  expect(end).toEqual({ code: 0, signal: null });
  return JSON.parse(output) as LifeFigures;
}

function countOf(rejected: LifeFigures['rejected']): number {
  return Object.values(rejected).reduce((sum, count) => sum + count, 0);
}

function itEndsWell(cacheOf: () => LifeCache): void {
  it(
    `is closed with ${CALLS} calls and ${LOADS} loads under way: all settle, and the process ends by itself`,
    async () => {
      const task = { does: 'close', cache: cacheOf(), calls: CALLS, others: LOADS } as const;

      const { answered, codes, handles } = await answerOf(task);

      expect(handles).toEqual([]);
      // Calls under way have a second to end, which a busy machine may be too slow for.
      expect([[], ['CACHE_CLOSED']]).toContainEqual(codes);
      expect(answered).toBeGreaterThan(LOADS);
      expect(codes!.length > 0 || answered === CALLS + LOADS).toBe(true);
    },
    MINUTES,
  );
}

function itEndsBySignal(cacheOf: () => LifeCache): void {
  it(
    `of a process that gets SIGTERM lets its ${CALLS} calls and ${LOADS} loads settle, and nothing keeps the process alive`,
    async () => {
      const { begun, answered, rejected } = await figuresAfterSignal(cacheOf());

      expect(begun).toBe(CALLS + LOADS);
      expect(answered + countOf(rejected)).toBe(begun);
      // Calls under way have a second to end, which a busy machine may be too slow for.
      expect([[], ['CACHE_CLOSED']]).toContainEqual(Object.keys(rejected));
      expect(answered).toBeGreaterThan(LOADS);
    },
    MINUTES,
  );

  it(
    "does not keep SIGTERM from ending the process that has nothing but Nest's shutdown hooks",
    async () => {
      const { code, signal } = await endBySignal({ cache: cacheOf() });

      expect({ code, signal }).toEqual({ code: null, signal: 'SIGTERM' });
    },
    MINUTES,
  );
}

function itWorksInThreads(cacheOf: () => LifeCache): void {
  it(
    `is used by ${THREADS} threads of a process, which have one winner each time and count each call`,
    async () => {
      const task = { does: 'threads', cache: cacheOf(), calls: 100, others: THREADS } as const;

      const { wins, count } = await answerOf(task);

      expect(wins).toEqual(Array.from({ length: 100 }, () => 1));
      expect(count).toBe(100 * THREADS);
    },
    MINUTES,
  );
}

describe('a cache in memory', () => {
  itEndsWell(() => ({ backend: 'memory' }));
  itEndsBySignal(() => ({ backend: 'memory' }));
});

describe.each<FileIoMode>(['async', 'sync'])('a cache in files with %s io', (io) => {
  const directory = directoryForAll();
  const cacheOf = (): LifeCache => {
    const location = mkdtempSync(join(directory(), 'cache-'));
    return { backend: 'file', location, options: { io, deadlineMs: 20_000 } };
  };

  itEndsWell(cacheOf);
  itEndsBySignal(cacheOf);
  itWorksInThreads(cacheOf);
});

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('a cache on memcached', () => {
    const server = serverForAll();
    let caches = 0;
    const cacheOf = (): LifeCache => {
      const options = { client, deadlineMs: 20_000 };
      const keyPrefix = `life${(caches += 1)}`;
      return { backend: 'memcached', location: server().address, keyPrefix, options };
    };

    itEndsWell(cacheOf);
    itEndsBySignal(cacheOf);
    itWorksInThreads(cacheOf);

    it(
      'of a process that gets SIGTERM lets all settle also if its server stands still',
      async () => {
        const cache = { ...cacheOf(), options: { client } } as LifeCache;

        const figures = await figuresAfterSignal(cache, () => server().kill('SIGSTOP')).finally(
          () => server().kill('SIGCONT'),
        );

        const { begun, answered, rejected } = figures;
        expect(begun).toBe(CALLS + LOADS);
        expect(answered + countOf(rejected)).toBe(begun);
        // Counters and add() decide something, so they are never answered by guess.
        expect(['CACHE_TIMEOUT', 'CACHE_UNAVAILABLE', 'CACHE_CLOSED']).toEqual(
          expect.arrayContaining(Object.keys(rejected)),
        );
        expect(countOf(rejected)).toBeGreaterThan(0);
        expect(answered).toBeGreaterThan(LOADS);
      },
      MINUTES,
    );

    it(
      'is closed while its server stands still: all settle, and the process ends by itself',
      async () => {
        const cache = { ...cacheOf(), options: { client } } as LifeCache;
        const task = { does: 'close', cache, calls: CALLS, others: LOADS } as const;
        await server().kill('SIGSTOP');

        const { answered, handles } = await answerOf(task);
        await server().kill('SIGCONT');

        expect(handles).toEqual([]);
        expect(answered).toBeGreaterThan(LOADS);
      },
      MINUTES,
    );
  });
});
