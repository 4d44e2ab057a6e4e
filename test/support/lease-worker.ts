import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheBackend, Lease, Payload } from '../../lib/core/cache-backend.interface.js';
import type { CacheService } from '../../lib/core/cache.service.js';
import { LEASE_SECONDS } from '../../lib/core/lease-time.js';
import { createCache } from '../../lib/create-cache.js';
import type {
  FileCacheOptions,
  MemcachedCacheOptions,
} from '../../lib/named-cache-options.interface.js';

/** What a process is to do with leases, on a cache that it shares with others. */
export type LeaseTask = { readonly cache: CacheSettings } & (
  RoundsTask | OwnTask | FollowTask | InvalidateTask
);

/** A cache of any backend, as JSON. */
export type CacheSettings = FileCacheOptions | MemcachedCacheOptions;

/** Callers of several processes ask for one value at once. Answers `RoundsAnswer`. */
export interface RoundsTask {
  readonly does: 'rounds';
  /** How many processes take part. */
  readonly processes: number;
  readonly rounds: number;
  /** How many callers of this process ask at once in each round. */
  readonly callers: number;
}

/** What the callers of a process saw. */
export interface RoundsAnswer {
  /** How often this process loaded, for each round. */
  readonly loads: readonly number[];
  /** How many callers got a value that is not the one of their round. */
  readonly wrong: number;
  /** From the start of a round to the last caller's value, in milliseconds, for each round. */
  readonly slowest: readonly number[];
}

/** Takes the leases of the keys, and says so. When told to, fills them and answers for each whether it was stored. */
export interface OwnTask {
  readonly does: 'own';
  readonly keys: readonly string[];
  /** Whether it renews them meanwhile. */
  readonly renews: boolean;
}

/** Asks for keys until they are there, and loads those that it may. Says so when `lost` are there; answers when all are. */
export interface FollowTask {
  readonly does: 'follow';
  /** Keys whose owners will not fill them. */
  readonly lost: readonly string[];
  /** Keys whose owners will. */
  readonly alive: readonly string[];
}

/** What became of the keys that a process waited for. */
export interface FollowAnswer {
  /** The keys that it was given the lease of. */
  readonly loaded: readonly string[];
  /** When it last asked for a key and was told to wait, by `Date.now()`. */
  readonly lastRefusals: Readonly<Record<string, number>>;
}

/**
 * In each round this process changes what is to be loaded, and deletes or replaces the entry, or it loads the entry. Answers
 * how many rounds ended with an entry from before the last change.
 */
export interface InvalidateTask {
  readonly does: 'change' | 'load';
  readonly processes: number;
  readonly rounds: number;
}

const LOAD_MS = 100;

const task = JSON.parse(process.argv[2]!) as LeaseTask;
const cache = await createCache(task.cache);
process.send!('ready');
await once(process, 'message');
const answer = await perform(cache);
await cache.close();
process.send!(answer, () => process.disconnect());

function perform(on: CacheService): Promise<unknown> {
  switch (task.does) {
    case 'rounds':
      return inRounds(on, task);
    case 'own':
      return own(on, task);
    case 'follow':
      return follow(on, task);
    default:
      return invalidate(on, task);
  }
}

async function inRounds(on: CacheService, { rounds, callers, processes }: RoundsTask) {
  const loads: number[] = [];
  const slowest: number[] = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round += 1) {
    await allAreHere(on, `here-${round}`, processes);
    const started = performance.now();
    let loaded = 0;
    const caller = async (): Promise<void> => {
      const value = await loadOnce(on.backend, on.makeKey(`round-${round}`), async () => {
        loaded += 1;
        await sleep(LOAD_MS);
        return text(`value ${round}`);
      });
      if (value.data.toString() !== `value ${round}`) wrong += 1;
    };
    await Promise.all(Array.from({ length: callers }, caller));
    slowest.push(performance.now() - started);
    loads.push(loaded);
  }
  return { loads, wrong, slowest } satisfies RoundsAnswer;
}

async function own(on: CacheService, { keys, renews }: OwnTask): Promise<boolean[]> {
  const leases: Lease[] = [];
  for (const key of keys) {
    const { lease } = await on.backend.lease!(on.makeKey(key), {});
    if (!lease) throw new Error(`The lease of "${key}" was not to be had.`);
    leases.push(lease);
  }
  const renewing = renews ? renewed(leases) : undefined;
  process.send!('owns them');
  await once(process, 'message');
  clearInterval(renewing);
  return Promise.all(leases.map((lease) => lease.fill(text('of the first owner'), 100)));
}

/** Renews the leases every third of their time, until the timer is cleared. */
function renewed(leases: readonly Lease[]): NodeJS.Timeout {
  return setInterval(() => void renew(leases), (LEASE_SECONDS * 1000) / 3);
}

async function renew(leases: readonly Lease[]): Promise<void> {
  const kept = await Promise.all(leases.map((lease) => lease.renew()));
  if (!kept.every(Boolean)) throw new Error('A lease that was renewed in time has ended.');
}

async function follow(on: CacheService, { lost, alive }: FollowTask): Promise<FollowAnswer> {
  const loaded: string[] = [];
  const lastRefusals: Record<string, number> = {};
  const until = async (key: string): Promise<void> => {
    for (;;) {
      const askedAt = Date.now();
      const { payload, lease } = await on.backend.lease!(on.makeKey(key), {});
      if (payload) return;
      if (lease) {
        loaded.push(key);
        await sleep(LOAD_MS * Math.random());
        if (!(await lease.fill(text('of the next owner'), 100))) throw new Error('It was lost.');
        return;
      }
      lastRefusals[key] = askedAt;
      await sleep(25 + 25 * Math.random());
    }
  };
  const found = Promise.all(alive.map(until));
  await Promise.all(lost.map(until));
  process.send!('the lost ones are there');
  await found;
  return { loaded, lastRefusals };
}

// Who changes what is loaded deletes or replaces the entry after that; so nothing older may be there when all have ended.
async function invalidate(on: CacheService, { does, rounds, processes }: InvalidateTask) {
  let outdated = 0;
  for (let round = 0; round < rounds; round += 1) {
    const [source, key] = [`source-${round}`, on.makeKey(`loaded-${round}`)];
    await allAreHere(on, `begin-${round}`, processes);
    if (does === 'change') {
      for (let change = 0; change < 4; change += 1) {
        const current = await on.incr(source, 1, { initial: 0 });
        if ((round + change) % 2 === 0) await on.backend.delete(key);
        else await on.backend.set(key, text(String(current)), 100);
      }
    } else {
      for (let load = 0; load < 8; load += 1) {
        const { lease } = await on.backend.lease!(key, {});
        await lease?.fill(text(String(await on.get(source, 0))), 100);
      }
    }
    await allAreHere(on, `end-${round}`, processes);
    const stored = await on.backend.get(key);
    if (stored && stored.data.toString() !== String(await on.get(source))) outdated += 1;
  }
  return outdated;
}

async function allAreHere(on: CacheService, key: string, processes: number): Promise<void> {
  await on.incr(key, 1, { initial: 0 });
  while ((await on.get<number>(key)) !== processes) await sleep(1);
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
      const renewing = renewed([lease]);
      const loaded = await load();
      clearInterval(renewing);
      if (!(await lease.fill(loaded, 100))) throw new Error('The lease was lost.');
      return loaded;
    }
    await sleep(delay * (0.5 + Math.random()));
  }
}

function text(data: string): Payload {
  return { flags: 16, data };
}
