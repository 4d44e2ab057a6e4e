import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { chaos, type ChaosOptions } from 'nestjs-cache-framework/testing';
import type { Faults } from './cache-model.js';
import { runProgram } from './cache-runs.js';
import { programs, type ProgramLimits, type Step } from './cache-steps.js';
import type { PlaceMaker, PlaceSettings } from './suite-place.js';
import { virtualTime } from './virtual-time.js';

/** Where programs run, and what they may be made of there. */
export interface ProgramGround {
  readonly places: PlaceMaker;
  readonly settings?: PlaceSettings;
  readonly limits?: ProgramLimits;
  /** False: nothing that is stored can be read again. Default: true. */
  readonly keeps?: boolean;
}

/** How programs run. */
export interface ProgramRuns {
  /** At least so many steps in all. */
  readonly steps: number;
  /** What goes wrong. Default: nothing. */
  readonly faults?: Faults;
  /** What makes it go wrong; the seed comes from fast-check. */
  readonly chaos?: ChaosOptions;
  /** How many programs run on a cache at once, each on keys of its own. Default: 1. */
  readonly lanes?: number;
}

// What programs of random length have at least on average, if there are many; and how many more there have to be if not.
const STEPS_IN_A_PROGRAM = 60;
const MORE_PROGRAMS = 20;
const LONGEST_MS = process.env['HEAVY'] ? 1_800_000 : 240_000;
const SEED = process.env['SEED'];

/**
 * A test that runs random programs on caches beside a model. When it fails, fast-check tells its seed, which `SEED` repeats,
 * and the shortest program that it found to fail.
 */
export function itRunsPrograms(title: string, ground: ProgramGround, runs: ProgramRuns): void {
  const { lanes = 1 } = runs;
  const limits = laneLimits(ground, lanes);
  const numRuns = Math.ceil((runs.steps / STEPS_IN_A_PROGRAM + MORE_PROGRAMS) / lanes);

  it(
    title,
    async () => {
      let steps = 0;
      const property = fc.asyncProperty(
        fc.tuple(...limits.map(programs)),
        fc.integer(),
        async (together, seed) => {
          steps += await runTogether(together, ground, runs, seed);
        },
      );

      await fc.assert(property, {
        numRuns,
        includeErrorInReport: true,
        // Looking for a shorter program ends some time, too.
        interruptAfterTimeLimit: LONGEST_MS / 2,
        markInterruptAsFailure: true,
        ...(SEED !== undefined && { seed: Number(SEED) }),
      });

      expect(steps).toBeGreaterThanOrEqual(runs.steps);
    },
    LONGEST_MS,
  );
}

async function runTogether(
  together: readonly (readonly Step[])[],
  { places, settings = {}, keeps = true }: ProgramGround,
  runs: ProgramRuns,
  seed: number,
): Promise<number> {
  const { faults = 'none' } = runs;
  const time = virtualTime();
  const place = places.make(undefined, (factory) =>
    runs.chaos ? chaos(factory, { ...runs.chaos, seed, wait: (ms) => time.wait(ms) }) : factory,
  );
  const onError = faults === 'throw' ? 'throw' : 'miss';
  try {
    const cache = await place.open({ ...settings, onError });
    const stage = {
      cache,
      faults,
      keeps,
      realTime: place.realTime,
      now: () => place.clock.now(),
      advance: (seconds: number) => place.advance(seconds),
    };
    const counts = await Promise.all(together.map((program) => runProgram(program, stage)));
    return counts.reduce((all, count) => all + count, 0);
  } finally {
    await place.end();
  }
}

/** Programs that run at once know nothing of each other: their keys and tags differ, no time passes, and nobody clears. */
function laneLimits({ limits = {} }: ProgramGround, lanes: number): ProgramLimits[] {
  if (lanes === 1) return [limits];
  return Array.from({ length: lanes }, (_, lane) => ({
    ...limits,
    keys: ['a', 'b', 'c'].map((key) => `${key}${lane}`),
    tags: ['red', 'a'].map((tag) => `${tag}${lane}`),
    expires: false,
    clears: false,
  }));
}
