import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { openedBackends, text, textOf } from '../../support/memcached-backends.js';
import { buildMemcachedWorker, type MemcachedBuild } from '../../support/memcached-build.js';
import type { LeaseAnswer, LeaseTask } from '../../support/lease-worker.js';

const ROUNDS = process.env['HEAVY'] ? 100 : 5;
const CALLERS = 2_500;
const PROCESSES = 4;
const MINUTES = 60_000;

describeWithMemcached('lease() across processes', () => {
  const servers = memcachedServers();
  let build: MemcachedBuild<LeaseTask, LeaseAnswer>;

  beforeAll(async () => {
    build = await buildMemcachedWorker('lease-worker');
  }, MINUTES);
  afterEach(() => servers.stop());
  afterAll(() => build.remove());

  it.each([
    ['in the place of the entry', 'meta', false],
    ['beside the entry', 'meta', true],
    ['beside the entry', 'memjs', false],
  ] as const)(
    `kept %s over %s lets one of ${PROCESSES} × ${CALLERS} callers load, in ${ROUNDS} of ${ROUNDS} rounds`,
    async (_, client, foreignClients) => {
      const { address } = await servers.start(['-m', '256']);
      const task: LeaseTask = {
        location: [address],
        client,
        foreignClients,
        processes: PROCESSES,
        rounds: ROUNDS,
        callers: CALLERS,
      };

      const answers = await build.run(Array.from({ length: PROCESSES }, () => task));

      const loads = Array.from({ length: ROUNDS }, (_each, round) =>
        answers.reduce((sum, answer) => sum + answer.loads[round]!, 0),
      );
      expect(loads).toEqual(Array.from({ length: ROUNDS }, () => 1));
      expect(answers.map(({ wrong }) => wrong)).toEqual([0, 0, 0, 0]);
      const slowest = answers.flatMap((answer) => answer.slowest).toSorted((a, b) => a - b);
      process.stderr.write(
        `slowest caller of a round, beside a load of 100 ms: median ${Math.round(slowest[slowest.length >> 1]!)} ms, most ${Math.round(slowest.at(-1)!)} ms\n`,
      );
    },
    10 * MINUTES,
  );

  it.each([
    ['in the place of the entry', false],
    ['beside the entry', true],
  ])(
    'kept %s is given to another when its owner is gone, and not while its owner renews it',
    async (_, foreignClients) => {
      const { address } = await servers.start();
      const backends = openedBackends({ location: address, foreignClients, deadlineMs: 10_000 });
      const [owner, other] = [await backends.open({}), await backends.open({})];
      const gone = await owner.lease('gone', {});
      const slow = await owner.lease('slow', {});

      let next = await other.lease('gone', {});
      let renewals = 0;
      while (next.lease === undefined) {
        await sleep(1_000);
        if (renewals % 3 === 0) expect(await slow.lease!.renew()).toBe(true);
        renewals += 1;
        next = await other.lease('gone', {});
      }

      // Longer than one lease lasts.
      expect(renewals).toBeGreaterThan(6);
      expect((await other.lease('slow', {})).lease).toBeUndefined();
      expect(await slow.lease!.fill(text('slow but alive'), 100)).toBe(true);
      expect(await next.lease.fill(text('from the next'), 100)).toBe(true);
      expect(await gone.lease!.fill(text('too late'), 100)).toBe(false);
      expect(textOf(await other.get('gone'))).toBe('from the next');
      expect(textOf(await other.get('slow'))).toBe('slow but alive');
      await backends.close();
    },
    MINUTES,
  );
});
