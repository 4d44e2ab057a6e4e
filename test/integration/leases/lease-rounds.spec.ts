import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SHARED_KINDS, type SharedPlace } from '../../support/lease-places.js';
import type { LeaseTask, RoundsAnswer } from '../../support/lease-worker.js';
import { describeUnless } from '../../support/memcached.js';
import { buildWorker, type WorkerBuild } from '../../support/worker-build.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const ROUNDS = HEAVY ? 100 : 3;
const CHANGES = HEAVY ? 2_500 : 50;
const CALLERS = 2_500;
const PROCESSES = 4;
const MINUTES = 60_000;

describe(`${PROCESSES} processes that load the same`, () => {
  let build: WorkerBuild<LeaseTask, unknown>;

  beforeAll(async () => {
    build = await buildWorker('lease-worker');
  }, MINUTES);
  afterAll(() => build.remove());

  for (const { title, missing, make } of SHARED_KINDS) {
    describeUnless(missing, title, () => {
      let place: SharedPlace;

      beforeEach(async () => {
        place = await make();
      });
      afterEach(() => place.remove());

      it(
        `have one of ${PROCESSES} × ${CALLERS} callers load, in ${ROUNDS} of ${ROUNDS} rounds`,
        async () => {
          const task = { processes: PROCESSES, rounds: ROUNDS, callers: CALLERS };

          const answers = (await build.run(
            Array.from({ length: PROCESSES }, () => ({
              does: 'rounds' as const,
              cache: place.cache,
              ...task,
            })),
          )) as RoundsAnswer[];

          const loads = Array.from({ length: ROUNDS }, (_, round) =>
            answers.reduce((sum, answer) => sum + answer.loads[round]!, 0),
          );
          expect(loads).toEqual(Array.from({ length: ROUNDS }, () => 1));
          expect(answers.map(({ wrong }) => wrong)).toEqual([0, 0, 0, 0]);
          expect(place.leftovers()).toEqual([]);
          const slowest = answers.flatMap((answer) => answer.slowest).toSorted((a, b) => a - b);
          process.stderr.write(
            `${title}: slowest caller of a round, beside a load of 100 ms: median ${Math.round(slowest[slowest.length >> 1]!)} ms, most ${Math.round(slowest.at(-1)!)} ms\n`,
          );
        },
        30 * MINUTES,
      );

      it(
        `store nothing from before a delete or a set, in ${CHANGES} of ${CHANGES} rounds`,
        async () => {
          const task = { cache: place.cache, processes: PROCESSES, rounds: CHANGES };

          const answers = await build.run([
            { does: 'change', ...task },
            ...Array.from({ length: PROCESSES - 1 }, () => ({ does: 'load' as const, ...task })),
          ]);

          expect(answers).toEqual([0, 0, 0, 0]);
        },
        30 * MINUTES,
      );
    });
  }
});
