import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  describeWithMemcached,
  itemsOn,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import { buildWorker, type WorkerBuild } from '../../support/worker-build.js';
import type { WorkerAnswer, WorkerTask } from '../../support/memcached-worker.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const COUNT = process.env['HEAVY'] ? 10_000 : 500;
const LOAD_MS = process.env['HEAVY'] ? 8_000 : 5_000;
const MINUTES = 60_000;

describeWithMemcached('processes that share memcached', () => {
  const servers = memcachedServers();
  let build: WorkerBuild<WorkerTask, WorkerAnswer>;

  beforeAll(async () => {
    build = await buildWorker('memcached-worker');
  }, MINUTES);
  afterEach(() => servers.stop());
  afterAll(() => build.remove());

  describe.each(CLIENTS)('four of them over %s', (client) => {
    /** What four processes answer that do the same on one server. */
    function four(address: string, task: WorkerTask['task'], count: number) {
      const location = [address];
      return build.run(Array.from({ length: 4 }, () => ({ client, location, task, count })));
    }

    it(
      `have one winner in each of ${COUNT} rounds of add()`,
      async () => {
        const { address } = await servers.start();

        const answers = await four(address, 'add', COUNT);

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

        await four(address, 'incr', COUNT);

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

        await four(address, 'decr', COUNT / 10);

        expect(await rawCommand(port, 'mg :1:counter v')).toMatch(/^VA \d+\r\n0 *\r\n$/);
      },
      5 * MINUTES,
    );
  });

  it.each(CLIENTS)('end by themselves with a cache over %s left open', async (client) => {
    const { address } = await servers.start();

    const answers = await build.run([{ client, location: [address], task: 'idle', count: 1 }]);

    expect(answers).toEqual([{}]);
  });

  /** What two processes over each client answer that are under load while something happens to the first server. */
  async function whileItHappens(fault: (server: MemcachedServer) => Promise<void>) {
    const first = await servers.start();
    const other = await servers.start();
    const location = [first.address, other.address];
    const running = build.run(
      [...CLIENTS, ...CLIENTS].map((client) => ({
        client,
        location,
        task: 'load',
        count: LOAD_MS,
      })),
    );
    await sleep(LOAD_MS / 4);
    await fault(first);
    const answers = await running;
    return { first, loads: answers.map(({ load }) => load!) };
  }

  it(
    'over both clients go on while a server is killed and comes back, with no error, no wrong value and hits again',
    async () => {
      const { first, loads } = await whileItHappens(async (server) => {
        await server.kill('SIGKILL');
        await sleep(1_000);
        await server.restart();
      });

      for (const load of loads) {
        expect(load).toMatchObject({ wrong: 0, thrown: [] });
        expect(load.hits).toBeGreaterThan(0);
        expect(load.lateHits).toBeGreaterThan(0);
      }
      expect(await itemsOn(first.port)).toBeGreaterThan(0);
    },
    MINUTES,
  );

  it(
    'over both clients go on while a server is stopped and goes on, with no error and no wrong value',
    async () => {
      const { loads } = await whileItHappens(async (server) => {
        await server.kill('SIGSTOP');
        await sleep(1_500);
        await server.kill('SIGCONT');
      });

      for (const load of loads) {
        expect(load).toMatchObject({ wrong: 0, thrown: [] });
        expect(load.lateHits).toBeGreaterThan(0);
      }
    },
    MINUTES,
  );
});

async function secondsLeft(port: number): Promise<number> {
  return Number(/t(\d+)/.exec(await rawCommand(port, 'mg :1:counter t'))![1]);
}
