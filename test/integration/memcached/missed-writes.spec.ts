import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import type { CacheService } from 'nestjs-cache-framework';
import { storeAndPlace, watchedCaches } from '../../support/load-caches.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const ROUNDS = HEAVY ? 100 : 3;
const LARGE_ROUNDS = HEAVY ? 100 : 2;
// Long enough that a busy machine is not taken for a hung server.
const DEADLINE_MS = 1_000;
const MINUTES = 60_000;
const NUMBER = '~clear:shop';

describeWithMemcached('writes that a memcached server missed while it was away', () => {
  const servers = memcachedServers();
  const caches = watchedCaches({ deadlineMs: DEADLINE_MS });

  afterEach(async () => {
    await caches.close();
    await servers.stop();
  });

  /** A cache on three servers, and keys of the one that will be away, each with an old value. */
  async function start(count: number): Promise<{
    three: MemcachedServer[];
    cache: CacheService;
    away: MemcachedServer;
    keys: string[];
  }> {
    const three = [await servers.start(), await servers.start(), await servers.start()];
    const cache = await caches.open(three, 'shop');
    const all = Array.from({ length: 3 * count }, (_, index) => `k${index}`);
    const places = await storeAndPlace(cache, three, all, () => 'old');
    return { three, cache, away: three[1]!, keys: places[1]! };
  }

  it(
    `are never undone by its return: no read of ${ROUNDS} rounds finds what was replaced or deleted`,
    async () => {
      const { cache, away, keys } = await start(1_000);
      let old = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await cache.setMany(keys.map((key) => [key, 'old'] as const));
        await away.kill('SIGSTOP');

        // The first of them wait for the deadline, so the server has them and will work through them.
        const inFlight = change(cache, keys.slice(0, 300));
        await caches.becomes('down');
        await change(cache, keys.slice(300));
        await inFlight;
        await sleep(Math.random() * 300);
        await away.kill('SIGCONT');
        const reading = readWhile(cache, keys, caches.becomes('up'));
        old += (await reading).filter((value) => value === 'old').length;
        const after = await cache.getMany<string>(keys);

        old += [...after.values()].filter((value) => value === 'old').length;
        // Nor the value of a call that answered false, and nothing whose new timeout may not have arrived.
        expect(new Set(after.values())).toEqual(new Set());
      }

      expect(old).toBe(0);
    },
    10 * MINUTES,
  );

  it(
    `do not come late: no set that was given up in ${LARGE_ROUNDS} rounds is found after the return`,
    async () => {
      const { cache, away, keys } = await start(60);
      const large = 'given up '.repeat(8_000);
      const wrong: string[] = [];
      for (let round = 0; round < LARGE_ROUNDS; round += 1) {
        await away.kill('SIGSTOP');

        // As much as the server's buffer takes lies there and is worked through when it goes on.
        await Promise.all(keys.map((key) => cache.set(key, large)));
        await caches.becomes('down');
        await away.kill('SIGCONT');
        await caches.becomes('up');
        const [set, left] = [keys.slice(0, 30), keys.slice(30)];
        await Promise.all(set.map((key) => cache.set(key, 'newer')));
        await sleep(100);

        const found = await cache.getMany<string>(keys);
        wrong.push(...set.filter((key) => found.get(key) !== 'newer'));
        wrong.push(...left.filter((key) => found.has(key)));
      }

      expect(wrong).toEqual([]);
    },
    10 * MINUTES,
  );

  it('do not take away what was stored after its return', async () => {
    const { cache, away, keys } = await start(1_000);
    await away.kill('SIGSTOP');
    await change(cache, keys);
    await away.kill('SIGCONT');
    await caches.becomes('up');

    const stored = await Promise.all(keys.map((key) => cache.set(key, `new ${key}`)));
    await sleep(300);

    expect(new Set(stored)).toEqual(new Set([true]));
    const found = await cache.getMany(keys);
    expect(keys.filter((key) => found.get(key) !== `new ${key}`)).toEqual([]);
  });

  it('are made good though it goes away again while that is done', async () => {
    const { cache, away, keys } = await start(2_000);
    await away.kill('SIGSTOP');
    await change(cache, keys);

    for (let round = 0; round < 3; round += 1) {
      await away.kill('SIGCONT');
      await caches.becomes('up');
      const reading = Promise.all(keys.map((key) => cache.get(key)));
      await away.kill('SIGSTOP');
      const found = new Set(await reading);
      // All may have been answered before it stopped; this is not.
      found.add(await cache.get(keys[0]!));
      await caches.becomes('down');
      expect(found).toEqual(new Set([undefined]));
    }
    await away.kill('SIGCONT');
    await caches.becomes('up');

    expect((await cache.getMany(keys)).size).toBe(0);
  });

  it('are made good by its return alone, for the sake of other processes', async () => {
    const { three, cache, away, keys } = await start(1_000);
    const idle = await caches.open(three, 'shop');
    await away.kill('SIGSTOP');
    await change(cache, keys);
    await away.kill('SIGCONT');

    await caches.becomes('up');

    expect((await idle.getMany(keys)).size).toBe(0);
  });

  it('are tags that were invalidated, too: though that was rejected, it holds for all after the return', async () => {
    const { three, cache, away } = await start(20);
    const idle = await caches.open(three, 'shop');
    const tags = Array.from({ length: 30 }, (_, index) => `tag${index}`);
    await Promise.all(tags.map((tag) => cache.set(tag, 'old', { tags: [tag] })));
    await away.kill('SIGSTOP');

    const invalidated = await Promise.allSettled(tags.map((tag) => cache.invalidateTags(tag)));
    await away.kill('SIGCONT');
    await caches.becomes('up');

    const outcomes = new Set(invalidated.map(({ status }) => status));
    expect(outcomes).toEqual(new Set(['fulfilled', 'rejected']));
    expect((await cache.getMany(tags)).size).toBe(0);
    expect((await idle.getMany(tags)).size).toBe(0);
  });

  it(
    'leave everything behind when there were more than can be remembered',
    async () => {
      const { three, cache, away, keys } = await start(11_000);
      const other = await caches.open(three, 'shop');
      const foreign = await caches.open(three, 'blog');
      const [deleted, kept] = [keys.slice(0, 10_500), keys.slice(10_500)];
      await foreign.setMany(keys.map((key) => [key, 'theirs'] as const));
      await away.kill('SIGSTOP');

      await cache.deleteMany(deleted);
      await away.kill('SIGCONT');
      await caches.becomes('up');

      expect((await cache.getMany(deleted)).size).toBe(0);
      expect((await cache.getMany(kept)).size).toBe(0);
      expect((await foreign.getMany(keys)).size).toBe(keys.length);
      const isFollowed = async (): Promise<boolean> => (await other.getMany(keys)).size === 0;
      expect(await comesTrue(isFollowed)).toBe(true);
      const areTold = async (): Promise<boolean> => {
        const numbers = await Promise.all(three.map(({ port }) => numberOn(port)));
        return numbers[0] !== undefined && new Set(numbers).size === 1;
      };
      expect(await comesTrue(areTold)).toBe(true);
    },
    MINUTES,
  );
});

/** Replaces, deletes or shortens each entry by one of the calls that there are for it. */
async function change(cache: CacheService, keys: readonly string[]): Promise<void> {
  const answers = await Promise.all(
    keys.map((key, index) => {
      if (index % 5 === 0) return cache.delete(key);
      if (index % 5 === 1) return cache.set(key, 'given up');
      if (index % 5 === 2) return cache.deleteMany([key]);
      if (index % 5 === 3) return cache.setMany({ [key]: 'given up' });
      return cache.touch(key, 1);
    }),
  );
  const isDone = answers.some((answer) => answer === true || answer === 1);
  if (isDone) throw new Error('The server was not away.');
}

/** All values that are found while something lasts. */
async function readWhile(
  cache: CacheService,
  keys: readonly string[],
  lasting: Promise<unknown>,
): Promise<string[]> {
  const found: string[] = [];
  const over = lasting.then(() => 'over');
  while ((await Promise.race([over, sleep(1)])) === undefined) {
    found.push(...(await cache.getMany<string>(keys)).values());
  }
  return found;
}

async function numberOn(port: number): Promise<string | undefined> {
  return /\r\n(\d+)\r\n/.exec(await rawCommand(port, `mg ${NUMBER} v`))?.[1];
}

/** Waits until it holds, but not longer than the second after which every process has followed, and some. */
async function comesTrue(holds: () => Promise<boolean>): Promise<boolean> {
  for (let waited = 0; waited < 3_000; waited += 50) {
    if (await holds()) return true;
    await sleep(50);
  }
  return false;
}
