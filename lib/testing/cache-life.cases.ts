import type { CacheService } from '../core/cache.service.js';
import type { CacheCase } from './cache-case.js';
import { expectEqual, expectRejection, expectTrue } from './assertions.js';

const UNSUPPORTED = { name: 'CacheUnsupportedError', code: 'CACHE_UNSUPPORTED' };
const CLOSED = { name: 'CacheClosedError', code: 'CACHE_CLOSED' };

/** What a cache says about itself, and its end. */
export const lifeCases: readonly CacheCase[] = [
  {
    title: 'stats() has an entry for each server',
    needs: ['stats'],
    run: async ({ cache }) => {
      const servers = await cache.stats();

      expectTrue(servers.length > 0, 'there is a server');
      for (const { server, state } of servers) expectEqual(state, 'up', `the state of ${server}`);
    },
  },
  {
    title: 'stats() is refused where the backend has none',
    lacks: 'stats',
    run: async ({ cache }) => {
      await expectRejection(() => cache.stats(), UNSUPPORTED, 'stats()');
    },
  },
  {
    title: 'ping() resolves',
    run: async ({ cache }) => {
      expectEqual(await cache.ping(), undefined, 'ping()');
    },
  },
  {
    title: 'close() may be called twice, and lets what is in flight end',
    run: async ({ open }) => {
      const cache = await open({});
      const inFlight = Array.from({ length: 10 }, (_, index) => cache.set(`k${index}`, index));

      await cache.close();
      await cache.close();

      const answers = await Promise.allSettled(inFlight);
      expectTrue(
        answers.every(({ status }) => status === 'fulfilled'),
        'all have ended well',
      );
    },
  },
  {
    title: 'refuses every call after close(), also through a view',
    run: async ({ open }) => {
      const cache = await open({});
      const view = cache.with({ version: 2 });
      await cache.close();

      for (const [name, call] of Object.entries(callsOf(cache))) {
        await expectRejection(call, CLOSED, `${name}()`);
      }
      await expectRejection(() => view.get('key'), CLOSED, 'get() of the view');
    },
  },
  {
    title: 'goes on when another cache over the same place is closed',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({ keyPrefix: 'other' });
      await cache.set('key', 'v');

      await other.close();

      expectEqual(await cache.get('key'), 'v', 'get()');
    },
  },
];

function callsOf(cache: CacheService): Record<string, () => Promise<unknown>> {
  return {
    get: () => cache.get('key'),
    set: () => cache.set('key', 1),
    add: () => cache.add('key', 1),
    touch: () => cache.touch('key'),
    delete: () => cache.delete('key'),
    has: () => cache.has('key'),
    getMany: () => cache.getMany(['key']),
    setMany: () => cache.setMany({ key: 1 }),
    deleteMany: () => cache.deleteMany(['key']),
    getOrSet: () => cache.getOrSet('key', 1),
    incr: () => cache.incr('key'),
    decr: () => cache.decr('key'),
    incrVersion: () => cache.incrVersion('key'),
    decrVersion: () => cache.decrVersion('key'),
    ttl: () => cache.ttl('key'),
    pull: () => cache.pull('key'),
    clear: () => cache.clear(),
    stats: () => cache.stats(),
    ping: () => cache.ping(),
  };
}
