import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import type { CacheService } from 'nestjs-cache-framework';
import { PATIENT } from '../../support/memcached-backends.js';
import { watchedCaches } from '../../support/load-caches.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import { metaMiss, startMetaScripted } from '../../support/meta-scripted.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const BUSY_MS = HEAVY ? 20_000 : 3_000;
// Between two readings of the number in the background.
const REFRESH_MS = 750;
const KEYS = Array.from({ length: 1_000 }, (_, index) => `k${index}`);

describeWithMemcached('clear() of one cache on servers that others use too', () => {
  const servers = memcachedServers();
  const caches = watchedCaches(PATIENT);

  afterEach(async () => {
    await caches.close();
    await servers.stop();
  });

  async function startThree(): Promise<MemcachedServer[]> {
    return [await servers.start(), await servers.start(), await servers.start()];
  }

  it.each([
    { cleared: 'shop', others: ['blog', 'shop2', 'sho', 'shop:eu', ''] },
    { cleared: '', others: ['shop', 'blog'] },
  ])(
    'leaves the entries of other caches where "$cleared" is cleared',
    async ({ cleared, others }) => {
      const three = await startThree();
      const cache = await caches.open(three, cleared);
      const beside = await Promise.all(others.map((prefix) => caches.open(three, prefix)));
      await fill(cache, 'cleared');
      await Promise.all(beside.map((other) => fill(other, other.makeKey('theirs'))));

      await cache.clear();

      expect((await cache.getMany(KEYS)).size).toBe(0);
      for (const other of beside) {
        const found = await other.getMany(KEYS);
        expect(found.size).toBe(KEYS.length);
        expect(new Set(found.values())).toEqual(new Set([other.makeKey('theirs')]));
      }
    },
  );

  it('leaves all versions of its own behind', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    const versions = [1, 2, 77].map((version) => cache.with({ version }));
    await Promise.all(versions.map((view) => fill(view, 'cleared')));

    await versions[1]!.clear();

    for (const view of versions) expect((await view.getMany(KEYS)).size).toBe(0);
  });

  it('leaves what a foreign client stored, with its flags and its time', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    await fill(cache, 'cleared');
    const names = Array.from({ length: 1_000 }, (_, index) => `foreign${index}`);
    const storing = names.map((name) => `set ${name} 5 100000 ${name.length}\r\n${name}`);
    const asking = names.map((name) => `mg ${name} v f`).join('\r\n');
    const expected = names.map((name) => `VA ${name.length} f5\r\n${name}\r\n`).join('');
    for (const { port } of three) await rawCommand(port, storing.join('\r\n'));

    await cache.clear();

    for (const { port } of three) {
      expect(await rawCommand(port, asking)).toBe(expected);
      expect(await rawCommand(port, 'mg foreign7 t')).toMatch(/^HD t(99\d{3}|100000)\r\n$/);
    }
  });

  it('costs later calls no round trip: the servers are asked for the values, and for the number now and then', async () => {
    const three = await startThree();
    const cache = await caches.open(three, 'shop');
    await cache.clear();
    await fill(cache, 'value');
    const before = await getsOn(three);
    const startedAt = performance.now();

    let hits = 0;
    let calls = 0;
    while (performance.now() - startedAt < BUSY_MS) {
      const key = KEYS[calls % KEYS.length]!;
      calls += 1;
      if ((await cache.get(key)) === 'value') hits += 1;
      if (calls % 20 === 0) await sleep(5);
    }
    const refreshes = Math.ceil((performance.now() - startedAt) / REFRESH_MS) + 1;
    const gets = (await getsOn(three)) - before;

    expect(hits).toBe(calls);
    expect(gets).toBeGreaterThanOrEqual(calls);
    expect(gets).toBeLessThanOrEqual(calls + refreshes * three.length);
  }, 60_000);

  it('costs a call after a pause no round trip either: the number is asked for with the value', async () => {
    const server = await startMetaScripted((request, socket) => {
      const isNumber = request.words[1] === '~clear:shop';
      const number = `VA 16 s16 f2 c1 ${request.opaque}\r\n1700000000000000\r\n`;
      socket.write(isNumber ? number : metaMiss(request));
    });
    const cache = await caches.open([server], 'shop');
    await cache.get('key');
    // Longer than the number is known for, and than it is read in the background for a cache that is not used.
    await sleep(2_600);
    const [before, readingsBefore] = [server.received().length, server.readings()];

    await cache.get('key');

    const lines = server.received().slice(before).split('\r\n');
    expect(lines).toEqual([
      expect.stringMatching(/^mg ~clear:shop /),
      expect.stringMatching(/^mg ~\w+~shop:1:key /),
      '',
    ]);
    expect(server.readings() - readingsBefore).toBe(1);
    await server.stop();
  });
});

async function fill(cache: CacheService, value: string): Promise<void> {
  const failed = await cache.setMany(KEYS.map((key) => [key, value] as const));
  if (failed.length > 0) throw new Error(`${failed.length} keys could not be stored.`);
}

/** How many gets the servers have answered in their life. */
async function getsOn(servers: readonly MemcachedServer[]): Promise<number> {
  const answers = await Promise.all(servers.map(({ port }) => rawCommand(port, 'stats')));
  return answers.reduce((sum, stats) => sum + Number(/STAT cmd_get (\d+)/.exec(stats)![1]), 0);
}
