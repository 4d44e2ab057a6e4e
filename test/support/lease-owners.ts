import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCache } from '../../lib/create-cache.js';
import type { FollowAnswer, LeaseTask } from './lease-worker.js';
import type { SharedPlace } from './lease-places.js';
import type { WorkerBuild } from './worker-build.js';
import type { WorkerProcess } from './worker-process.js';

/** How many owners of leases meet which end. */
export interface OwnerCounts {
  /** Processes that are killed, each with so many keys. */
  readonly killed: number;
  /** Processes that stand still for longer than a lease lasts. */
  readonly stopped: number;
  /** Keys of each process. */
  readonly keys: number;
}

/** What became of the leases of owners that were killed or stopped, and of one that was slow but alive. */
export interface OwnersOutcome {
  /** How often others loaded each key whose owner was killed or stopped. */
  readonly loads: readonly number[];
  /** From the kill of each key's owner to the last time that somebody was told to wait for it, in milliseconds. */
  readonly refusedAfterKill: readonly number[];
  /** What the state of each stopped process was, by `/proc`. */
  readonly states: readonly string[];
  /** For each key of a stopped owner, whether its late value was stored. */
  readonly late: readonly boolean[];
  /** For each key of the slow owner, whether its value was stored. */
  readonly slow: readonly boolean[];
  /** What is stored for the keys whose owners were killed or stopped. */
  readonly values: readonly unknown[];
  /** Files that lie about in the end and are no entries. */
  readonly leftovers: readonly string[];
}

const FOLLOWERS = 2;
// A kill meets the owner anywhere in the time between two renewals.
const MOST_LIFE_MS = 4_000;

/** Lets processes own leases and meet their ends, while others wait for what they should have loaded. */
export async function playOwners(
  build: WorkerBuild<LeaseTask, unknown>,
  place: SharedPlace,
  counts: OwnerCounts,
): Promise<OwnersOutcome> {
  const { cache } = place;
  const keysOf = (group: string, count: number): string[][] =>
    Array.from({ length: count }, (_, owner) =>
      Array.from({ length: counts.keys }, (_each, index) => `${group}-${owner}-${index}`),
    );
  const killedKeys = keysOf('killed', counts.killed);
  const stoppedKeys = keysOf('stopped', counts.stopped);
  const slowKeys = keysOf('slow', 1);
  const own = (keys: readonly string[], renews: boolean): Promise<WorkerProcess> =>
    build.start({ cache, does: 'own', keys, renews });
  const follow = (): Promise<WorkerProcess> =>
    build.start({
      cache,
      does: 'follow',
      lost: [...killedKeys, ...stoppedKeys].flat(),
      alive: slowKeys.flat(),
    });
  const [killed, stopped, slow, followers] = await Promise.all([
    Promise.all(killedKeys.map((keys) => own(keys, true))),
    Promise.all(stoppedKeys.map((keys) => own(keys, false))),
    Promise.all(slowKeys.map((keys) => own(keys, true))),
    Promise.all(Array.from({ length: FOLLOWERS }, follow)),
  ]);
  await Promise.all([...killed, ...stopped, ...slow].map(begin));
  for (const each of followers) each.send('go');

  const states = Promise.all(stopped.map(stop));
  const killedAt = await Promise.all(killed.map(kill));
  await Promise.all(followers.map((each) => each.message()));
  for (const each of stopped) {
    // Waits for it when it goes on.
    each.send('fill');
    each.kill('SIGCONT');
  }
  const late = await Promise.all(stopped.map((each) => each.message<boolean[]>()));
  for (const each of slow) each.send('fill');
  const stored = await Promise.all(slow.map((each) => each.message<boolean[]>()));
  const seen = await Promise.all(followers.map((each) => each.message<FollowAnswer>()));
  await Promise.all([...stopped, ...slow, ...followers].map((each) => each.ended()));

  const lost = [...killedKeys, ...stoppedKeys].flat();
  const lastRefusal = (key: string): number =>
    Math.max(0, ...seen.map(({ lastRefusals }) => lastRefusals[key] ?? 0));
  return {
    loads: lost.map((key) => seen.flatMap(({ loaded }) => loaded).filter((k) => k === key).length),
    refusedAfterKill: killedKeys.flatMap((keys, owner) =>
      keys.map((key) => lastRefusal(key) - killedAt[owner]!),
    ),
    states: await states,
    late: late.flat(),
    slow: stored.flat(),
    values: await valuesOf(place, lost),
    leftovers: place.leftovers(),
  };
}

/** Lets an owner take its leases. */
async function begin(worker: WorkerProcess): Promise<void> {
  worker.send('go');
  await worker.message();
}

/** Kills a process at some moment; answers when, by `Date.now()`. */
async function kill(worker: WorkerProcess): Promise<number> {
  await sleep(Math.random() * MOST_LIFE_MS);
  const killedAt = Date.now();
  worker.kill('SIGKILL');
  return killedAt;
}

/** Stops a process; answers its state once it stands still, which is "T". */
async function stop(worker: WorkerProcess): Promise<string> {
  worker.kill('SIGSTOP');
  for (let tries = 0; ; tries += 1) {
    const status = await readFile(`/proc/${worker.pid}/stat`, 'utf8');
    const state = status.slice(status.lastIndexOf(')') + 2)[0]!;
    if (state === 'T' || tries === 1_000) return state;
    await sleep(1);
  }
}

async function valuesOf({ cache }: SharedPlace, keys: readonly string[]): Promise<unknown[]> {
  const reader = await createCache(cache);
  try {
    const found = await reader.getMany(keys);
    return keys.map((key) => found.get(key));
  } finally {
    await reader.close();
  }
}
