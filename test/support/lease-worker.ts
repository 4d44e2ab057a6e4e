import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheBackend, Payload } from '../../lib/core/cache-backend.interface.js';
import type { CacheService } from '../../lib/core/cache.service.js';
import { createCache } from '../../lib/create-cache.js';

/** What a process is to load, beside others who load the same. */
export interface LeaseTask {
  readonly location: readonly string[];
  readonly client: 'meta' | 'memjs';
  readonly foreignClients: boolean;
  /** How many processes take part. */
  readonly processes: number;
  readonly rounds: number;
  /** How many callers of this process ask at once in each round. */
  readonly callers: number;
}

/** What the callers of a process saw. */
export interface LeaseAnswer {
  /** How often this process loaded, for each round. */
  readonly loads: readonly number[];
  /** How many callers got a value that is not the one of their round. */
  readonly wrong: number;
  /** From the start of a round to the last caller's value, in milliseconds, for each round. */
  readonly slowest: readonly number[];
}

const LOAD_MS = 100;

const task = JSON.parse(process.argv[2]!) as LeaseTask;
const { location, client, foreignClients } = task;
const cache = await createCache({
  backend: 'memcached',
  location,
  // A slow machine must not look like a slow server here.
  options: { client, foreignClients, deadlineMs: 20_000 },
});
process.send!({ ready: true });
await once(process, 'message');
const answer = await perform(cache);
await cache.close();
process.send!(answer, () => process.disconnect());

async function perform(on: CacheService): Promise<LeaseAnswer> {
  const loads: number[] = [];
  const slowest: number[] = [];
  let wrong = 0;
  for (let round = 0; round < task.rounds; round += 1) {
    await allAreHere(on, round);
    const started = performance.now();
    let loaded = 0;
    const caller = async (): Promise<void> => {
      const value = await loadOnce(on.backend, on.makeKey(`round-${round}`), async () => {
        loaded += 1;
        await sleep(LOAD_MS);
        return { flags: 16, data: `value ${round}` };
      });
      if (value.data.toString() !== `value ${round}`) wrong += 1;
    };
    await Promise.all(Array.from({ length: task.callers }, caller));
    slowest.push(performance.now() - started);
    loads.push(loaded);
  }
  return { loads, wrong, slowest };
}

async function allAreHere(on: CacheService, round: number): Promise<void> {
  await on.incr(`here-${round}`, 1, { initial: 0 });
  while ((await on.get<number>(`here-${round}`)) !== task.processes) await sleep(1);
}

/** The value, loaded by one of all who ask. */
async function loadOnce(
  backend: CacheBackend,
  key: string,
  load: () => Promise<Payload>,
): Promise<Payload> {
  for (let delay = 5; ; delay = Math.min(50, delay * 2)) {
    const { payload, lease } = await backend.lease!(key, {});
    if (payload) return payload;
    if (lease) {
      const loaded = await load();
      if (!(await lease.fill(loaded, 100))) throw new Error('The lease was lost.');
      return loaded;
    }
    await sleep(delay * (0.5 + Math.random()));
  }
}
