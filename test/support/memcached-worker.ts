import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCache } from '../../lib/create-cache.js';
import type { CacheService } from '../../lib/core/cache.service.js';

/** What a process is to do with the cache at the location. */
export interface WorkerTask {
  /** Default: the backend's own. */
  readonly client?: 'meta' | 'memjs';
  readonly location: readonly string[];
  readonly task: 'add' | 'incr' | 'decr' | 'load' | 'idle';
  /** How often; for `load`: for how many milliseconds. */
  readonly count: number;
}

/** What came out of it. */
export interface WorkerAnswer {
  /** `add`: the rounds that this process won. */
  readonly won?: readonly number[];
  /** `add`: how often it won the one key that all rounds tried. */
  readonly wonOne?: number;
  readonly load?: LoadAnswer;
}

/** What a process under load saw. */
export interface LoadAnswer {
  readonly calls: number;
  /** Values that are those of another key, or that this process had replaced or deleted. */
  readonly wrong: number;
  readonly hits: number;
  readonly misses: number;
  /** Hits on all servers in the last second. */
  readonly lateHits: number;
  /** Errors of calls that never throw in this mode. */
  readonly thrown: readonly string[];
}

const AT_ONCE = 20;

const task = JSON.parse(process.argv[2]!) as WorkerTask;
const cache = await createCache({
  backend: 'memcached',
  location: task.location,
  // Counting has to end well on a busy machine too; load has to meet the deadline that applications have.
  options: {
    ...(task.client === undefined ? {} : { client: task.client }),
    ...(task.task === 'load' ? {} : { deadlineMs: 10_000 }),
  },
  logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
});
process.send!({ ready: true });
await once(process, 'message');
const answer = await perform();
if (task.task !== 'idle') await cache.close();
process.send!(answer, () => process.disconnect());

async function perform(): Promise<WorkerAnswer> {
  const { task: what, count } = task;
  if (what === 'add') return add(cache, count);
  if (what === 'load') return { load: await underLoad(cache, count) };
  if (what === 'idle') await cache.set('key', 'value');
  else await inParallel(count, () => cache[what]('counter'));
  return {};
}

async function add(on: CacheService, count: number): Promise<WorkerAnswer> {
  const won: number[] = [];
  let wonOne = 0;
  await inParallel(count, async (round) => {
    if (await on.add(`round-${round}`, process.pid)) won.push(round);
    if (await on.add('one', process.pid)) wonOne += 1;
  });
  return { won, wonOne };
}

async function underLoad(on: CacheService, ms: number): Promise<LoadAnswer> {
  const seen = { calls: 0, wrong: 0, hits: 0, misses: 0, lateHits: 0 };
  const thrown: string[] = [];
  const start = Date.now();
  const one = async (lane: number): Promise<void> => {
    // Each lane of each process has keys of its own, so it knows what may be found under them.
    for (let round = 0; Date.now() - start < ms; round += 1) {
      const key = `${process.pid}-${lane}-${round % 10}`;
      const value = `${key}#${round}`;
      await on.set(key, value);
      const found = await on.get<string>(key);
      seen.calls += 2;
      if (found === undefined) seen.misses += 1;
      else if (found === value) seen.hits += 1;
      else seen.wrong += 1;
      if (found === value && Date.now() - start > ms - 1_000) seen.lateHits += 1;
      if (round % 7 === 0) {
        await on.delete(key);
        if ((await on.get(key)) !== undefined) seen.wrong += 1;
      }
      await sleep(1);
    }
  };
  const guarded = (lane: number): Promise<void> =>
    one(lane).catch((error: unknown) => {
      thrown.push(String(error));
    });
  await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => guarded(lane)));
  return { ...seen, thrown };
}

async function inParallel(count: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await call(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
