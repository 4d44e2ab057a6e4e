import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import type { CacheService } from 'nestjs-cache-framework';
import { PATIENT } from '../../support/memcached-backends.js';
import { storeAndPlace, watchedCaches } from '../../support/load-caches.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const ROUNDS = HEAVY ? 2_000 : 100;
const MINUTES = 60_000;
const NUMBER = '~clear:shop';
const KEYS = Array.from({ length: 300 }, (_, index) => `k${index}`);
// After so long without a call the number is not known any more.
const IDLE_MS = 2_200;
// A process that is not used puts it back within some 6 seconds, and others follow a second later.
const LOOKED_AFTER_MS = 10_000;

describeWithMemcached('what clear() removed, when servers lose its number', () => {
  const servers = memcachedServers();
  const caches = watchedCaches(PATIENT);

  afterEach(async () => {
    await caches.close();
    await servers.stop();
  });

  async function startThree(): Promise<MemcachedServer[]> {
    return [await servers.start(), await servers.start(), await servers.start()];
  }

  it(
    `never comes back in ${ROUNDS} rounds in which some or all of three servers lose it meanwhile`,
    async () => {
      const three = await startThree();
      const cache = await caches.open(three, 'shop');
      const other = await caches.open(three, 'shop');
      const keys = KEYS.slice(0, 12);
      const old: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const value = `value of round ${round}`;
        await cache.setMany(keys.map((key) => [key, value] as const));
        await other.getMany(keys);
        const losers = three.filter((_, at) => round % 8 === 0 || (round >> at) % 2 === 1);
        const clearing = cache.clear();
        if (round % 3 === 0) await clearing;
        const losing = losers.map(({ port }) => lose(port));
        await clearing;

        for (let reads = 0; reads < 3; reads += 1) {
          const found = await cache.getMany<string>(keys);
          old.push(...found.values());
        }
        await Promise.all(losing);
        old.push(...(await cache.getMany<string>(keys)).values());
      }

      expect(old).toEqual([]);
      // The other process is behind by a second at most.
      const isFollowing = async (): Promise<boolean> => (await other.getMany(keys)).size === 0;
      expect(await comesTrue(isFollowing)).toBe(true);
    },
    10 * MINUTES,
  );

  it('stays away for a process that starts after one of three servers lost it', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    await fill(cache, 'old');
    await cache.clear();
    const number = await numberOn(three[0]!);
    await lose(three[0]!.port);

    const late = await caches.open(three, 'shop');

    expect((await late.getMany(KEYS)).size).toBe(0);
    expect(await comesTrue(async () => (await numberOn(three[0]!)) === number)).toBe(true);
  });

  it('stays away when all servers lose it while a process works, which writes it again', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    await fill(cache, 'old');
    await cache.clear();
    await Promise.all(three.map(({ port }) => lose(port)));

    const isBackEverywhere = async (): Promise<boolean> => {
      expect((await cache.getMany(KEYS)).size).toBe(0);
      const numbers = await Promise.all(three.map(numberOn));
      return numbers[0] !== undefined && new Set(numbers).size === 1;
    };
    expect(await comesTrue(isBackEverywhere)).toBe(true);
    const late = await caches.open(three, 'shop');
    expect((await late.getMany(KEYS)).size).toBe(0);
  });

  it('stays away for a process that knows an older number only, when all servers lost the newer', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    await cache.clear();
    const idle = await caches.open(three, 'shop');
    await fill(idle, 'old');
    await sleep(IDLE_MS);

    await cache.clear();
    await Promise.all(three.map(({ port }) => lose(port)));

    expect((await idle.getMany(KEYS)).size).toBe(0);
  });

  it('stays away while the process that cleared does nothing more and all servers lose it', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    await fill(cache, 'old');
    await cache.clear();
    await sleep(IDLE_MS);
    await Promise.all(three.map(({ port }) => lose(port)));

    const late = await caches.open(three, 'shop');

    const isTold = async (): Promise<boolean> => (await late.getMany(KEYS)).size === 0;
    expect(await comesTrue(isTold, LOOKED_AFTER_MS)).toBe(true);
  });

  it.each(['restarted', 'emptied'] as const)('stays away when all servers are %s', async (how) => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    const other = await caches.open(three, 'shop');
    await fill(cache, 'old');
    await cache.clear();
    await fill(cache, 'new');
    await other.get(KEYS[0]!);

    await Promise.all(
      three.map((server) =>
        how === 'restarted' ? server.restart() : rawCommand(server.port, 'flush_all'),
      ),
    );

    expect((await cache.getMany(KEYS)).size).toBe(0);
    const isUsable = async (): Promise<boolean> =>
      (await cache.setMany(KEYS.map((key) => [key, 'newer'] as const))).length === 0;
    expect(await comesTrue(isUsable)).toBe(true);
    const isShared = async (): Promise<boolean> => {
      const found = await other.getMany<string>(KEYS);
      expect(new Set(found.values())).not.toContain('old');
      return found.size === KEYS.length;
    };
    expect(await comesTrue(isShared)).toBe(true);
  });

  it.each(['SIGSTOP', 'SIGKILL'] as const)(
    'stays away when one of three servers was away during clear() (%s) and nobody told it',
    async (signal) => {
      const three = await startThree();
      const away = three[1]!;
      const limits = { deadlineMs: 2_000 };
      const cache = await caches.open(three, 'shop', limits);
      const idle = await caches.open(three, 'shop', limits);
      const [, onAway] = await storeAndPlace(cache, three, KEYS, () => 'old');
      await idle.getMany(KEYS);
      await sleep(IDLE_MS);
      await away.kill(signal);

      await expect(cache.clear()).rejects.toMatchObject({
        name: 'CacheUnavailableError',
        message: expect.stringContaining(`did not reach memcached ${away.address}`),
      });
      expect((await cache.getMany(KEYS)).size).toBe(0);
      // It ends before the server is back, so it cannot tell it.
      await cache.close();
      if (signal === 'SIGSTOP') await away.kill('SIGCONT');
      else await away.restart();

      const late = await caches.open(three, 'shop');
      expect((await idle.getMany(onAway!)).size).toBe(0);
      expect((await idle.getMany(KEYS)).size).toBe(0);
      expect((await late.getMany(KEYS)).size).toBe(0);
      const isTold = async (): Promise<boolean> => {
        await idle.get('key');
        return (await numberOn(away)) === (await numberOn(three[0]!));
      };
      expect(await comesTrue(isTold)).toBe(true);
    },
  );

  it(
    `is what was there before, whoever of four clears in ${ROUNDS / 4} rounds`,
    async () => {
      const three = await startThree();
      const four = await Promise.all(KEYS.slice(0, 4).map(() => caches.open(three, 'shop')));
      const keys = KEYS.slice(0, 40);
      const old: string[] = [];
      for (let round = 0; round < ROUNDS / 4; round += 1) {
        await Promise.all(
          four.map((cache) => cache.setMany(keys.map((key) => [key, `${round}`] as const))),
        );

        await Promise.all(
          four.map(async (cache, index) => {
            await sleep(Math.random() * 4);
            if (index > 0 || round % 2 === 0) await cache.clear();
          }),
        );

        for (const cache of four.slice(round % 2 === 0 ? 0 : 1)) {
          old.push(...(await cache.getMany<string>(keys)).values());
        }
      }

      expect(old).toEqual([]);
      const numbers = await Promise.all(three.map(numberOn));
      expect(new Set(numbers).size).toBe(1);
    },
    10 * MINUTES,
  );
});

async function fill(cache: CacheService, value: string): Promise<void> {
  const failed = await cache.setMany(KEYS.map((key) => [key, value] as const));
  if (failed.length > 0) throw new Error(`${failed.length} keys could not be stored.`);
}

async function numberOn({ port }: MemcachedServer): Promise<string | undefined> {
  return /\r\n(\d+)\r\n/.exec(await rawCommand(port, `mg ${NUMBER} v`))?.[1];
}

/** What eviction does, done by a foreign client. */
async function lose(port: number): Promise<void> {
  await rawCommand(port, `delete ${NUMBER}`);
}

/** Waits until it holds, but not longer than the second after which every process has followed, and some. */
async function comesTrue(holds: () => Promise<boolean>, withinMs = 3_000): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += 50) {
    if (await holds()) return true;
    await sleep(50);
  }
  return false;
}
