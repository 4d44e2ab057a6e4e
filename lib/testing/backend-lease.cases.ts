import type { Leased } from '../core/cache-backend.interface.js';
import { LEASE_SECONDS } from '../core/lease-time.js';
import type { BackendCase, BackendCaseContext, BackendFeature } from './backend-case.js';
import { expectEqual, expectTrue } from './assertions.js';
import { digits, expectPayload, text } from './payload-samples.js';

const needs: readonly BackendFeature[] = ['storage', 'lease'];
const OLD = text('old');
const NEW = text('new');

/** `lease()`: of all who would load an entry, one does. */
export const leaseCases: readonly BackendCase[] = [
  {
    title: 'of a hundred concurrent lease() calls on a missing entry one may load it',
    needs,
    run: async ({ backend, key }) => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => backend.lease!(key('k'), {})),
      );

      expectEqual(answers.filter(({ lease }) => lease).length, 1, 'how many may load');
      expectTrue(
        answers.every(({ payload, stale }) => payload === undefined && !stale),
        'nobody is given a payload',
      );
    },
  },
  {
    title: 'lease() answers a live entry, and nobody is to load it',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('k'), NEW, 100);

      const leased = await backend.lease!(key('k'), {});

      expectPayload(leased.payload, NEW, 'the payload');
      expectEqual([leased.stale, leased.lease], [false, undefined], 'stale and lease');
    },
  },
  {
    title: 'an entry that is being loaded is missing for all other methods',
    needs,
    run: async (context) => {
      const { backend, key } = context;
      const { lease } = await backend.lease!(key('k'), {});

      expectEqual(await backend.get(key('k')), undefined, 'get()');
      expectEqual(await backend.touch(key('k'), 100), false, 'touch()');
      expectEqual((await backend.getMany?.([key('k')]))?.size ?? 0, 0, 'getMany()');
      expectEqual(await backend.flags?.(key('k')), undefined, 'flags()');
      expectEqual(await backend.ttl?.(key('k')), undefined, 'ttl()');
      expectEqual(await backend.incr?.(key('k'), 1), undefined, 'incr()');
      expectTrue(lease !== undefined, 'the lease was given');
    },
  },
  {
    title: 'fill() stores the entry and ends the lease',
    needs,
    run: async ({ backend, key }) => {
      const { lease } = await backend.lease!(key('k'), {});

      expectEqual(await lease!.fill(NEW, 100), true, 'fill()');

      expectPayload(await backend.get(key('k')), NEW, 'the entry');
      expectPayload((await backend.lease!(key('k'), {})).payload, NEW, 'for the next who asks');
      expectEqual(await lease!.fill(OLD, 100), false, 'a second fill()');
      expectEqual(await lease!.renew(), false, 'renew() after it');
      expectPayload(await backend.get(key('k')), NEW, 'the entry in the end');
    },
  },
  {
    title: 'fill() gives the entry its ttl',
    needs,
    run: async ({ backend, key, life, expire }) => {
      const { lease } = await backend.lease!(key('k'), {});
      await lease!.fill(NEW, life);

      await expire();

      expectEqual(await backend.get(key('k')), undefined, 'the entry');
    },
  },
  {
    title: 'a lease ends when the entry is stored by another, whose payload stays',
    needs,
    run: async ({ backend, key }) => {
      const first = await backend.lease!(key('set'), {});
      const second = await backend.lease!(key('add'), {});

      expectEqual(await backend.set(key('set'), NEW, 100), true, 'set()');
      expectEqual(await backend.add(key('add'), NEW, 100), true, 'add()');

      expectEqual(await first.lease!.fill(OLD, 100), false, 'fill() after set()');
      expectEqual(await second.lease!.fill(OLD, 100), false, 'fill() after add()');
      expectPayload(await backend.get(key('set')), NEW, 'what was set');
      expectPayload(await backend.get(key('add')), NEW, 'what was added');
    },
  },
  {
    title: 'a lease ends when the entry is deleted, so that what was loaded before is not stored',
    needs,
    run: async (context) => {
      const { backend, key } = context;
      const first = await backend.lease!(key('one'), {});
      const second = await backend.lease!(key('many'), {});

      await backend.delete(key('one'));
      await deleteMany(context, key('many'));

      expectEqual(await first.lease!.fill(OLD, 100), false, 'fill() after delete()');
      expectEqual(await second.lease!.fill(OLD, 100), false, 'fill() after deleteMany()');
      expectEqual(await backend.get(key('one')), undefined, 'the first entry');
      expectEqual(await backend.get(key('many')), undefined, 'the second entry');
      const next = await backend.lease!(key('one'), {});
      expectTrue(next.lease !== undefined, 'the next who asks may load');
      expectEqual(await first.lease!.renew(), false, 'renew() of the first');
      expectEqual(await next.lease!.fill(NEW, 100), true, 'fill() of the second');
    },
  },
  {
    title: 'what was loaded before clear() is not found after it',
    needs,
    run: async ({ backend, key }) => {
      const { lease } = await backend.lease!(key('k'), {});

      await backend.clear();
      await lease!.fill(OLD, 100);

      expectEqual(await backend.get(key('k')), undefined, 'the entry');
      const next = await backend.lease!(key('k'), {});
      expectEqual(await next.lease?.fill(NEW, 100), true, 'fill() of the next');
    },
  },
  {
    title: 'release() lets the next who asks load, and ends the lease',
    needs,
    run: async ({ backend, key }) => {
      const { lease } = await backend.lease!(key('k'), {});

      await lease!.release();

      const next = await backend.lease!(key('k'), {});
      expectEqual(await lease!.fill(OLD, 100), false, 'fill() after release()');
      expectEqual(await next.lease!.fill(NEW, 100), true, 'fill() of the next');
      expectPayload(await backend.get(key('k')), NEW, 'the entry');
    },
  },
  {
    title: 'renew() keeps the lease',
    needs,
    run: async ({ backend, key }) => {
      const { lease } = await backend.lease!(key('k'), {});

      expectEqual(await lease!.renew(), true, 'renew()');
      expectEqual(await lease!.renew(), true, 'renew() once more');

      const { payload, lease: other } = await backend.lease!(key('k'), {});
      expectEqual([payload, other], [undefined, undefined], 'for another who asks');
      expectEqual(await backend.get(key('k')), undefined, 'get()');
      expectEqual(await lease!.fill(NEW, 100), true, 'fill()');
    },
  },
  {
    title:
      'a lease that is not renewed ends with its time, and what its owner loaded is not stored',
    needs,
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      const { lease } = await backend.lease!(key('k'), {});
      await advance(LEASE_SECONDS - 1);
      expectEqual(await lease!.renew(), true, 'renew()');

      await advance(LEASE_SECONDS - 1);
      const early = await backend.lease!(key('k'), {});
      await advance(1);
      const next = await backend.lease!(key('k'), {});

      expectEqual(early.lease, undefined, 'for another who asks in its time');
      expectTrue(next.lease !== undefined, 'the next who asks may load');
      expectEqual(await lease!.renew(), false, 'renew() of the first');
      expectEqual(await lease!.fill(OLD, 100), false, 'fill() of the first');
      await lease!.release();
      expectEqual(await next.lease!.fill(NEW, 100), true, 'fill() of the next');
      expectPayload(await backend.get(key('k')), NEW, 'the entry');
    },
  },
  {
    title: 'a lease that has ended is of no use, although nobody else has asked since',
    needs,
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      const filled = await backend.lease!(key('filled'), {});
      const renewed = await backend.lease!(key('renewed'), {});

      await advance(LEASE_SECONDS);

      expectEqual(await filled.lease!.fill(OLD, 100), false, 'fill()');
      expectEqual(await renewed.lease!.renew(), false, 'renew()');
      expectEqual(await backend.get(key('filled')), undefined, 'the entry');
    },
  },
  {
    title: 'incr() with a start begins a counter in the place of a lease',
    needs: [...needs, 'incr'],
    run: async ({ backend, key }) => {
      const { lease } = await backend.lease!(key('n'), {});

      const begun = await backend.incr!(key('n'), 2, { value: 40, ttl: 100 });
      if (begun === undefined) await backend.add(key('n'), digits(42), 100);

      expectTrue(begun === undefined || begun === 42, 'incr() begins at 40 or leaves it to add()');
      expectEqual(await lease!.fill(OLD, 100), false, 'fill()');
      expectPayload(await backend.get(key('n')), digits(42), 'the counter');
    },
  },
  {
    title: 'a stale entry is handed out to everybody, and one may load it again',
    needs: [...needs, 'staleLeases'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), OLD, 100);

      const fresh = await backend.lease!(key('k'), { stale: 50 });
      const answers: Leased[] = [];
      for (let caller = 0; caller < 5; caller += 1) {
        answers.push(await backend.lease!(key('k'), { stale: 200 }));
      }

      expectEqual([fresh.stale, fresh.lease], [false, undefined], 'with 50 seconds to spare');
      for (const { payload, stale } of answers) {
        expectPayload(payload, OLD, 'the payload');
        expectEqual(stale, true, 'stale');
      }
      const leases = answers.flatMap(({ lease }) => lease ?? []);
      expectEqual(leases.length, 1, 'how many may load');
      expectEqual(await leases[0]!.renew(), true, 'renew()');
      expectEqual(await leases[0]!.fill(NEW, 500), true, 'fill()');
      const { payload, stale } = await backend.lease!(key('k'), { stale: 200 });
      expectPayload(payload, NEW, 'the payload in the end');
      expectEqual(stale, false, 'stale in the end');
    },
  },
  {
    title:
      'any entry that expires is stale where Infinity is asked for, and its change is not undone',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('k'), OLD, 1000);

      const first = await backend.lease!(key('k'), { stale: Infinity });
      const second = await backend.lease!(key('k'), { stale: Infinity });
      await backend.delete(key('k'));

      expectPayload(first.payload, OLD, 'the payload');
      expectEqual([first.stale, second.stale], [true, true], 'stale');
      expectEqual([Boolean(first.lease), second.lease], [true, undefined], 'who may load');
      expectEqual(await first.lease!.fill(NEW, 100), false, 'fill() after delete()');
      expectEqual(await backend.get(key('k')), undefined, 'the entry');
    },
  },
  {
    title: 'release() leaves a stale entry, and the next who asks may load it again',
    needs: [...needs, 'staleLeases'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), OLD, 100);
      const { lease } = await backend.lease!(key('k'), { stale: 200 });

      await lease!.release();

      expectPayload(await backend.get(key('k')), OLD, 'the entry');
      const next = await backend.lease!(key('k'), { stale: 200 });
      expectPayload(next.payload, OLD, 'the payload of the next');
      expectTrue(next.lease !== undefined, 'the next may load');
    },
  },
  {
    title: 'a change of a stale entry is not undone by whoever loads it again',
    needs: [...needs, 'staleLeases'],
    run: async ({ backend, key, has }) => {
      await backend.set(key('set'), OLD, 100);
      await backend.set(key('n'), digits(1), 100);
      const first = await backend.lease!(key('set'), { stale: 200 });
      const second = await backend.lease!(key('n'), { stale: 200 });

      await backend.set(key('set'), NEW, 100);
      await (has.incr === false
        ? backend.set(key('n'), digits(2), 100)
        : backend.incr!(key('n'), 1));

      expectEqual(await first.lease!.fill(OLD, 500), false, 'fill() after set()');
      expectEqual(await second.lease!.fill(OLD, 500), false, 'fill() after incr()');
      expectPayload(await backend.get(key('set')), NEW, 'what was set');
      expectPayload(await backend.get(key('n')), digits(2), 'the counter');
    },
  },
  {
    title: 'a delete() of a stale entry is not undone by whoever loads it again',
    needs: [...needs, 'staleLeases'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), OLD, 100);
      const { lease } = await backend.lease!(key('k'), { stale: 200 });

      await backend.delete(key('k'));

      expectEqual(await lease!.fill(NEW, 100), false, 'fill()');
      expectEqual(await backend.get(key('k')), undefined, 'the entry');
    },
  },
];

async function deleteMany({ backend }: BackendCaseContext, key: string): Promise<void> {
  await (backend.deleteMany ? backend.deleteMany([key]) : backend.delete(key));
}
