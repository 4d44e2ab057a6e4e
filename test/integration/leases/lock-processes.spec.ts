import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SHARED_KINDS, type SharedPlace } from '../../support/lease-places.js';
import type { LockLine, LockTask } from '../../support/lock-worker.js';
import { describeUnless } from '../../support/memcached.js';
import { buildWorker, type WorkerBuild } from '../../support/worker-build.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const PROCESSES = 4;
const ROUNDS = HEAVY ? 1_000 : 40;
const FORGOTTEN = HEAVY ? 3 : 1;
const MINUTES = 60_000;

describe(`${PROCESSES} processes that want one lock`, () => {
  let build: WorkerBuild<LockTask, 'done'>;

  beforeAll(async () => {
    build = await buildWorker('lock-worker');
  }, MINUTES);
  afterAll(() => build.remove());

  for (const { title, missing, make } of SHARED_KINDS) {
    describeUnless(missing, title, () => {
      let place: SharedPlace;
      let directory: string;

      beforeEach(async () => {
        place = await make();
        directory = mkdtempSync(join(tmpdir(), 'lock-log-'));
      });
      afterEach(async () => {
        await place.remove();
        await rm(directory, { recursive: true });
      });

      it(
        `have it one at a time, ${PROCESSES} × ${ROUNDS} times`,
        async () => {
          const lines = await linesOf({ rounds: ROUNDS, forgets: 0 });

          const stories = Array.from({ length: lines.length / 3 }, (_, index) =>
            lines.slice(3 * index, 3 * index + 3),
          );
          const mixed = stories.filter(
            (story) =>
              new Set(story.map(({ pid }) => pid)).size !== 1 ||
              story.map(({ does }) => does).join() !== 'has it,extends it,gives it back',
          );
          expect(stories).toHaveLength(PROCESSES * ROUNDS);
          expect(mixed).toEqual([]);
          expect(new Set(lines.map(({ pid }) => pid)).size).toBe(PROCESSES);
          expect(place.leftovers()).toEqual([]);
        },
        20 * MINUTES,
      );

      it(
        'have it after one that forgot it, and never before its time is over',
        async () => {
          const lines = await linesOf({ rounds: 0, forgets: FORGOTTEN });

          // From before one had it to after the next did: however busy the machine is, that is longer than the lock lasts.
          const apart = lines.slice(1).map(({ at }, index) => at - lines[index]!.asked);
          expect(lines).toHaveLength(PROCESSES * FORGOTTEN);
          expect(apart.filter((ms) => ms < 1_000)).toEqual([]);
        },
        20 * MINUTES,
      );

      /** What the processes noted, in its order. */
      async function linesOf(what: Pick<LockTask, 'rounds' | 'forgets'>): Promise<LockLine[]> {
        const log = join(directory, 'log');
        const task = { cache: place.cache, log, ...what };
        await build.run(Array.from({ length: PROCESSES }, () => task));
        const text = readFileSync(log, 'utf8');
        return text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as LockLine);
      }
    });
  }
});
