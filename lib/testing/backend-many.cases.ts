import type { BackendCase } from './backend-case.js';
import { expectEqual, expectTrue } from './assertions.js';
import { expectPayload, text } from './payload-samples.js';

/** The native methods over several keys, `has`, and what a backend says about itself. */
export const manyCases: readonly BackendCase[] = [
  {
    title: 'getMany() gives the entries that are there, under their keys',
    needs: ['storage', 'getMany'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('a'), text('1'), 100);
      await backend.set(key('b'), { flags: 2, data: '2' }, 100);
      await backend.set(key('expired'), text('3'), life);
      await expire();

      const found = await backend.getMany!([key('b'), key('missing'), key('expired'), key('a')]);

      expectEqual([...found.keys()].toSorted(), [key('a'), key('b')], 'the keys found');
      expectPayload(found.get(key('a')), text('1'), 'the entry a');
      expectPayload(found.get(key('b')), { flags: 2, data: '2' }, 'the entry b');
    },
  },
  {
    title: 'getMany() of no keys is an empty map',
    needs: ['getMany'],
    run: async ({ backend }) => {
      expectEqual((await backend.getMany!([])).size, 0, 'the size');
    },
  },
  {
    title: 'getMany() takes a key given twice once',
    needs: ['storage', 'getMany'],
    run: async ({ backend, key }) => {
      await backend.set(key('a'), text('1'), 100);

      const found = await backend.getMany!([key('a'), key('a'), key('missing'), key('missing')]);

      expectEqual([...found.keys()], [key('a')], 'the keys found');
    },
  },
  {
    title: 'getMany() takes a thousand keys',
    needs: ['storage', 'getMany'],
    run: async ({ backend, key }) => {
      const keys = Array.from({ length: 1000 }, (_, index) => key(`k${index}`));
      const odd = [...keys.entries()].filter(([index]) => index % 2 === 1);
      await Promise.all(odd.map(([index, each]) => backend.set(each, text(`${index}`), 100)));

      const found = await backend.getMany!(keys);

      expectEqual(found.size, 500, 'how many are found');
      for (const [index, each] of odd) {
        expectPayload(found.get(each), text(`${index}`), `the entry ${index}`);
      }
    },
  },
  {
    title: 'setMany() stores all with one ttl and names no failure',
    needs: ['storage', 'setMany'],
    run: async ({ backend, key, life, expire }) => {
      const entries = new Map([
        [key('a'), text('1')],
        [key('b'), { flags: 2, data: '2' }],
      ]);

      expectEqual(await backend.setMany!(entries, life), [], 'setMany()');
      expectPayload(await backend.get(key('a')), text('1'), 'the entry a');
      expectPayload(await backend.get(key('b')), { flags: 2, data: '2' }, 'the entry b');
      await expire();
      expectEqual(await backend.get(key('a')), undefined, 'get() of a after its life');
      expectEqual(await backend.get(key('b')), undefined, 'get() of b after its life');
    },
  },
  {
    title: 'setMany() of nothing does nothing',
    needs: ['setMany'],
    run: async ({ backend }) => {
      expectEqual(await backend.setMany!(new Map(), 100), [], 'setMany()');
    },
  },
  {
    title:
      'setMany() names the key it did not store, whose old entry is gone, and stores the others',
    needs: ['storage', 'setMany', 'a limit on payloads'],
    run: async ({ backend, key, refusedBytes }) => {
      await backend.set(key('large'), text('old'), 100);
      const entries = new Map([
        [key('a'), text('1')],
        [key('large'), { flags: 0, data: Buffer.alloc(refusedBytes, 1) }],
        [key('b'), text('2')],
      ]);

      expectEqual(await backend.setMany!(entries, 100), [key('large')], 'setMany()');
      expectPayload(await backend.get(key('a')), text('1'), 'the entry a');
      expectPayload(await backend.get(key('b')), text('2'), 'the entry b');
      expectEqual(await backend.get(key('large')), undefined, 'get() of the large one');
    },
  },
  {
    title: 'deleteMany() removes the named entries and counts the live ones among them',
    needs: ['storage', 'deleteMany'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('expired'), text('0'), life);
      for (const name of ['a', 'b', 'c']) await backend.set(key(name), text(name), 100);
      await expire();

      const keys = ['a', 'missing', 'b', 'expired'].map(key);
      expectEqual(await backend.deleteMany!(keys), 2, 'deleteMany()');
      expectEqual(await backend.get(key('a')), undefined, 'get() of a');
      expectEqual(await backend.get(key('b')), undefined, 'get() of b');
      expectPayload(await backend.get(key('c')), text('c'), 'the entry c');
    },
  },
  {
    title: 'deleteMany() counts a key given twice once',
    needs: ['storage', 'deleteMany'],
    run: async ({ backend, key }) => {
      await backend.set(key('a'), text('a'), 100);

      expectEqual(await backend.deleteMany!([key('a'), key('a')]), 1, 'deleteMany()');
    },
  },
  {
    title: 'deleteMany() of no keys is 0',
    needs: ['deleteMany'],
    run: async ({ backend }) => {
      expectEqual(await backend.deleteMany!([]), 0, 'deleteMany()');
    },
  },
  {
    title: 'flags() tells the flags of live entries only, empty ones among them',
    needs: ['storage', 'flags'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('empty'), text(''), 100);
      await backend.set(key('other'), { flags: 8192, data: 'v' }, 100);
      await backend.set(key('expired'), text('v'), life);
      await expire();

      expectEqual(await backend.flags!(key('empty')), text('').flags, 'flags() of the empty one');
      expectEqual(await backend.flags!(key('other')), 8192, 'flags() of another kind');
      expectEqual(await backend.flags!(key('expired')), undefined, 'flags() of the expired one');
      expectEqual(await backend.flags!(key('missing')), undefined, 'flags() of a missing one');
    },
  },
  {
    title: 'the native methods find nothing after clear()',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('n'), { flags: 2, data: '1' }, 100);

      await backend.clear();

      if (backend.getMany) expectEqual((await backend.getMany([key('n')])).size, 0, 'getMany()');
      if (backend.deleteMany) expectEqual(await backend.deleteMany([key('n')]), 0, 'deleteMany()');
      expectEqual(await backend.flags?.(key('n')), undefined, 'flags()');
      if (backend.incr) expectEqual(await backend.incr(key('n'), 1), undefined, 'incr()');
      if (backend.ttl) expectEqual(await backend.ttl(key('n')), undefined, 'ttl()');
    },
  },
  {
    title: 'ping() resolves',
    needs: ['ping'],
    run: async ({ backend }) => {
      expectEqual(await backend.ping!(), undefined, 'ping()');
    },
  },
  {
    title: 'stats() has an entry for each server, with its name and state',
    needs: ['stats'],
    run: async ({ backend }) => {
      const servers = await backend.stats!();

      expectTrue(servers.length > 0, 'there is a server');
      for (const { server, state } of servers) {
        expectTrue(typeof server === 'string' && server !== '', 'the server has a name');
        expectEqual(state, 'up', `the state of ${server}`);
      }
    },
  },
];
