import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheService } from '../../lib/core/cache.service.js';
import { createCache } from '../../lib/create-cache.js';

/** What one of two processes is to do with values that bear tags. */
export interface TagTask {
  readonly backend: 'memcached' | 'file';
  readonly location: string;
  /** The one writes values and then invalidates them; the other reads them. In races it is the other way round. */
  readonly role: 'writer' | 'reader';
  /** How many values bear the one tag. */
  readonly values: number;
  readonly races: number;
}

/** What it saw. */
export interface TagAnswer {
  /** Of the values under the one tag, before and after it was invalidated. */
  readonly before: number;
  readonly after: number;
  /** Values that were made before a change, and were served after their tag was invalidated because of it. */
  readonly stale: number;
  /** Values that were served after a race. Where all are made anew, nothing is proven. */
  readonly served: number;
}

const AT_ONCE = 500;
const OLD = 'before the change';
const NEW = 'after the change';

const task = JSON.parse(process.argv[2]!) as TagTask;
// A slow machine must not look like a slow server here.
const patience = { deadlineMs: 60_000 };
const common = { location: task.location, timeout: 3_600, onError: 'throw' } as const;
const cache = await createCache(
  task.backend === 'memcached'
    ? { ...common, backend: 'memcached', options: patience }
    : { ...common, backend: 'file', options: { ...patience, maxEntries: 10_000_000 } },
);
process.send!({ ready: true });
await once(process, 'message');
const answer = await perform(cache);
await cache.close();
process.send!(answer, () => process.disconnect());

async function perform(on: CacheService): Promise<TagAnswer> {
  const { role, values, races } = task;
  const keys = Array.from({ length: values }, (_, index) => `value-${index}`);
  if (role === 'writer') {
    for (const some of parts(keys)) {
      await on.setMany(
        some.map((key) => [key, `of ${key}`] as const),
        { tags: ['all', 'even more'] },
      );
    }
  }
  await bothAreHere(on, 'written');
  const before = await countOf(on, keys);
  await bothAreHere(on, 'read');
  if (role === 'writer') await on.invalidateTags('all');
  await bothAreHere(on, 'invalidated');
  const after = await countOf(on, keys);
  const seen: (string | undefined)[] = [];
  for (let race = 0; race < races; race += 1) seen.push(await raceOnce(on, race));
  return {
    before,
    after,
    stale: seen.filter((value) => value === OLD).length,
    served: seen.filter((value) => value !== undefined).length,
  };
}

/** The one changes what is true and says so, while the other stores what it takes for true. */
async function raceOnce(on: CacheService, race: number): Promise<string | undefined> {
  const key = `race-${race}`;
  const truth = `truth-${race}`;
  const tag = `tag-${race}`;
  const load = async (): Promise<string> => {
    const value = (await on.get<string>(truth)) ?? OLD;
    await sleep(Math.random() * 3);
    return value;
  };
  await bothAreHere(on, `race-${race}`);
  if (task.role === 'writer') {
    await sleep(Math.random() * 4);
    await on.set(truth, NEW);
    await on.invalidateTags(tag);
  } else if (race % 3 === 0) {
    const held = await on.holdTags([tag]);
    await on.set(key, await load(), { tags: held });
  } else {
    await on.getOrSet(key, load, { tags: race % 3 === 1 ? [tag] : () => [tag] });
  }
  await bothAreHere(on, `end-${race}`);
  return on.get<string>(key);
}

async function countOf(on: CacheService, keys: readonly string[]): Promise<number> {
  let count = 0;
  for (const some of parts(keys)) {
    for (const [key, value] of await on.getMany(some)) if (value === `of ${key}`) count += 1;
  }
  return count;
}

function parts(keys: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(keys.length / AT_ONCE) }, (_, index) =>
    keys.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );
}

async function bothAreHere(on: CacheService, place: string): Promise<void> {
  await on.incr(`here-${place}`, 1, { initial: 0 });
  while ((await on.get<number>(`here-${place}`)) !== 2) await sleep(1);
}
