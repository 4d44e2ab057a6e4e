import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  describeWithMemcached,
  itemsOn,
  memcachedServers,
  rawCommand,
} from '../../support/memcached.js';
import { buildMemcachedWorker, type MemcachedBuild } from '../../support/memcached-build.js';

const COUNT = process.env['HEAVY'] ? 10_000 : 500;
const MINUTES = 60_000;

describeWithMemcached('four processes on one memcached', () => {
  const servers = memcachedServers();
  let build: MemcachedBuild;

  beforeAll(async () => {
    build = await buildMemcachedWorker();
  }, MINUTES);
  afterEach(() => servers.stop());
  afterAll(() => build.remove());

  it(
    `have one winner in each of ${COUNT} rounds of add()`,
    async () => {
      const { address } = await servers.start();

      const answers = await build.run(
        Array.from({ length: 4 }, () => ({ location: [address], task: 'add', count: COUNT })),
      );

      const won = answers.flatMap((answer) => answer.won!);
      expect(won.length).toBe(COUNT);
      expect(new Set(won).size).toBe(COUNT);
      expect(answers.reduce((sum, answer) => sum + answer.wonOne!, 0)).toBe(1);
    },
    5 * MINUTES,
  );

  it(
    `count to exactly ${4 * COUNT} with incr(), and the ttl stays`,
    async () => {
      const { address, port } = await servers.start();
      await rawCommand(port, 'set :1:counter 2 100000 1\r\n0');
      const before = await secondsLeft(port);

      await build.run(
        Array.from({ length: 4 }, () => ({ location: [address], task: 'incr', count: COUNT })),
      );

      expect(await rawCommand(port, 'mg :1:counter v f')).toMatch(
        new RegExp(`^VA \\d+ f2\r\n${4 * COUNT} *\r\n$`),
      );
      // The expiry is the same moment: what is left only shrinks with time.
      const after = await secondsLeft(port);
      expect(after).toBeLessThanOrEqual(before);
      expect(after).toBeGreaterThan(before - 5 * 60);
    },
    5 * MINUTES,
  );

  it(
    `count down to exactly 0 from ${4 * (COUNT / 10)} with decr()`,
    async () => {
      const { address, port } = await servers.start();
      const start = String(4 * (COUNT / 10));
      await rawCommand(port, `set :1:counter 2 100000 ${start.length}\r\n${start}`);

      await build.run(
        Array.from({ length: 4 }, () => ({ location: [address], task: 'decr', count: COUNT / 10 })),
      );

      expect(await rawCommand(port, 'mg :1:counter v')).toMatch(/^VA \d+\r\n0 *\r\n$/);
    },
    5 * MINUTES,
  );

  it('end by themselves with a cache left open', async () => {
    const { address } = await servers.start();

    const answers = await build.run([{ location: [address], task: 'idle', count: 1 }]);

    expect(answers).toEqual([{}]);
  });

  it(
    'go on while a server is killed and comes back, with no error, no wrong value and hits again',
    async () => {
      const dying = await servers.start();
      const other = await servers.start();
      const task = {
        location: [dying.address, other.address],
        task: 'load',
        count: 6_000,
      } as const;

      const running = build.run([task, task]);
      await sleep(1_500);
      await dying.kill('SIGKILL');
      await sleep(1_000);
      await dying.restart();
      const answers = await running;

      for (const { load } of answers) {
        expect(load).toMatchObject({ wrong: 0, thrown: [] });
        expect(load!.hits).toBeGreaterThan(0);
        expect(load!.lateHits).toBeGreaterThan(0);
      }
      expect(await itemsOn(dying.port)).toBeGreaterThan(0);
    },
    MINUTES,
  );

  it(
    'go on while a server is stopped and goes on, with no error and no wrong value',
    async () => {
      const hanging = await servers.start();
      const other = await servers.start();
      const task = {
        location: [hanging.address, other.address],
        task: 'load',
        count: 6_000,
      } as const;

      const running = build.run([task, task]);
      await sleep(1_500);
      await hanging.kill('SIGSTOP');
      await sleep(1_500);
      await hanging.kill('SIGCONT');
      const answers = await running;

      for (const { load } of answers) {
        expect(load).toMatchObject({ wrong: 0, thrown: [] });
        expect(load!.lateHits).toBeGreaterThan(0);
      }
    },
    MINUTES,
  );
});

async function secondsLeft(port: number): Promise<number> {
  return Number(/t(\d+)/.exec(await rawCommand(port, 'mg :1:counter t'))![1]);
}
