import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LEASE_SECONDS } from '../../../lib/core/lease-time.js';
import { type OwnersOutcome, playOwners } from '../../support/lease-owners.js';
import { SHARED_KINDS, type SharedKind } from '../../support/lease-places.js';
import type { LeaseTask } from '../../support/lease-worker.js';
import { describeUnless } from '../../support/memcached.js';
import { buildWorker, type WorkerBuild } from '../../support/worker-build.js';

const HEAVY = process.env['HEAVY'] !== undefined;
// Many owners meet their ends at once, because each of them takes as long as a lease.
const BATCHES = HEAVY ? 5 : 1;
const COUNTS = HEAVY ? { killed: 20, stopped: 20, keys: 1 } : { killed: 1, stopped: 1, keys: 2 };
const KEYS = BATCHES * COUNTS.killed * COUNTS.keys;
const MINUTES = 60_000;

const present = SHARED_KINDS.filter(({ missing }) => missing === undefined);
const played = new Map<SharedKind, Promise<OwnersOutcome[]>>();
let build: WorkerBuild<LeaseTask, unknown>;

/** What happened to owners in a place of this kind, once for all tests. */
function outcomesOf(kind: SharedKind): Promise<OwnersOutcome[]> {
  const outcomes = played.get(kind) ?? play(kind);
  played.set(kind, outcomes);
  return outcomes;
}

async function play(kind: SharedKind): Promise<OwnersOutcome[]> {
  const outcomes: OwnersOutcome[] = [];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const place = await kind.make();
    try {
      outcomes.push(await playOwners(build, place, COUNTS));
    } finally {
      await place.remove();
    }
  }
  return outcomes;
}

function all<T>(
  outcomes: readonly OwnersOutcome[],
  what: (of: OwnersOutcome) => readonly T[],
): T[] {
  return outcomes.flatMap(what);
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

describe('an owner of leases', () => {
  beforeAll(async () => {
    build = await buildWorker('lease-worker');
    // A few can wait for their leases to end at the same time; of many the machine would be too busy.
    if (!HEAVY) await Promise.all(present.map(outcomesOf));
  }, 5 * MINUTES);
  afterAll(() => build.remove());

  for (const kind of SHARED_KINDS) {
    describeUnless(kind.missing, kind.title, () => {
      it(
        `that was killed is replaced by one, within a lease and a second, ${KEYS} of ${KEYS} times`,
        async () => {
          const outcomes = await outcomesOf(kind);

          // The last time that others had to wait; what comes after that is theirs and the machine's.
          const waited = all(outcomes, ({ refusedAfterKill }) => refusedAfterKill);
          expect(waited.filter((ms) => ms > (LEASE_SECONDS + 1) * 1000)).toEqual([]);
          expect(waited).toHaveLength(KEYS);
          expect(all(outcomes, ({ loads }) => loads)).toEqual(times(2 * KEYS, 1));
          process.stderr.write(
            `${kind.title}: the last refusal after the kill of the owner came after ${Math.max(...waited)} ms at most\n`,
          );
        },
        20 * MINUTES,
      );

      it(
        `that stood still for longer than its lease stores nothing, ${KEYS} of ${KEYS} times`,
        async () => {
          const outcomes = await outcomesOf(kind);

          expect(new Set(all(outcomes, ({ states }) => states))).toEqual(new Set(['T']));
          expect(all(outcomes, ({ late }) => late)).toEqual(times(KEYS, false));
          expect(all(outcomes, ({ values }) => values)).toEqual(
            times(2 * KEYS, 'of the next owner'),
          );
        },
        20 * MINUTES,
      );

      it(
        'that is slow but renews its lease is not replaced',
        async () => {
          const outcomes = await outcomesOf(kind);

          expect(all(outcomes, ({ slow }) => slow)).toEqual(times(BATCHES * COUNTS.keys, true));
        },
        20 * MINUTES,
      );

      it(
        'leaves nothing behind',
        async () => {
          const outcomes = await outcomesOf(kind);

          expect(all(outcomes, ({ leftovers }) => leftovers)).toEqual([]);
        },
        20 * MINUTES,
      );
    });
  }
});
