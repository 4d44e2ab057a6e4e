import type { BackendCase } from './backend-case.js';
import { expectEqual, expectTrue } from './assertions.js';
import { expectPayload, text } from './payload-samples.js';

/** The six methods, without time. */
export const entryCases: readonly BackendCase[] = [
  {
    title: 'has a name',
    run: async ({ backend }) => {
      expectTrue(typeof backend.name === 'string' && backend.name !== '', 'the name is text');
    },
  },
  {
    title: 'has exactly the native methods that it is said to have',
    run: async ({ backend, has }) => {
      for (const name of NATIVES) {
        expectEqual(typeof backend[name] === 'function', has[name] !== false, `has ${name}()`);
      }
    },
  },
  {
    title: 'gives a promise from every method but those that answer at once',
    run: async ({ backend, key }) => {
      const calls = [
        backend.get(key('a')),
        backend.set(key('a'), text('1'), 100),
        backend.add(key('b'), text('1'), 100),
        backend.touch(key('c'), 100),
        backend.delete(key('d')),
        backend.clear(),
        ...ASYNC_NATIVES.flatMap((name) => (backend[name] ? [callNative[name](backend, key)] : [])),
      ];

      for (const call of calls) expectTrue(typeof call.then === 'function', 'it is a promise');
      await Promise.all(calls);
    },
  },
  {
    title: 'answers a miss for what was never stored',
    run: async ({ backend, key }) => {
      expectEqual(await backend.get(key('k')), undefined, 'get()');
      expectEqual(await backend.touch(key('k'), 100), false, 'touch()');
      expectEqual(await backend.delete(key('k')), false, 'delete()');
    },
  },
  {
    title: 'set() stores and answers true',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      expectEqual(await backend.set(key('k'), text('v'), 100), true, 'set()');
      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'set() replaces data and flags',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), text('a longer old one'), 100);

      await backend.set(key('k'), { flags: 2, data: '7' }, 100);

      expectPayload(await backend.get(key('k')), { flags: 2, data: '7' }, 'the entry');
    },
  },
  {
    title: 'add() stores what is absent and answers true',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      expectEqual(await backend.add(key('k'), text('v'), 100), true, 'add()');
      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'add() leaves what is present and answers false',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), text('first'), 100);

      expectEqual(await backend.add(key('k'), { flags: 2, data: '1' }, 100), false, 'add()');
      expectPayload(await backend.get(key('k')), text('first'), 'the entry');
    },
  },
  {
    title: 'add() stores again after delete()',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), text('first'), 100);
      await backend.delete(key('k'));

      expectEqual(await backend.add(key('k'), text('second'), 100), true, 'add()');
      expectPayload(await backend.get(key('k')), text('second'), 'the entry');
    },
  },
  {
    title: 'touch() answers true for a live entry and keeps its payload',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('k'), text('v'), 100);

      expectEqual(await backend.touch(key('k'), 200), true, 'touch()');
      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
    },
  },
  {
    title: 'delete() removes one entry and answers true once',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('a'), text('1'), 100);
      await backend.set(key('b'), text('2'), 100);

      expectEqual(await backend.delete(key('a')), true, 'the first delete()');
      expectEqual(await backend.delete(key('a')), false, 'the second delete()');
      expectEqual(await backend.get(key('a')), undefined, 'get() of the deleted');
      expectPayload(await backend.get(key('b')), text('2'), 'the other entry');
    },
  },
  {
    title: 'clear() on an empty backend does nothing',
    run: async ({ backend, key }) => {
      await backend.clear();

      expectEqual(await backend.get(key('k')), undefined, 'get()');
    },
  },
  {
    title: 'clear() removes every entry of its scope, whatever the version in the key',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const keys = [key('a'), key('b'), key('c').replace(':1:', ':2:')];
      for (const each of keys) await backend.set(each, text('v'), null);

      await backend.clear();

      for (const each of keys) {
        expectEqual(await backend.get(each), undefined, 'get()');
        expectEqual(await backend.touch(each, 100), false, 'touch()');
        expectEqual(await backend.delete(each), false, 'delete()');
      }
    },
  },
  {
    title: 'clear() leaves the entries of other scopes alone',
    needs: ['storage'],
    run: async ({ backend, key, other }) => {
      const neighbour = await other();
      await backend.set(key('k'), text('mine'), 100);
      await neighbour.backend.set(neighbour.key('k'), text('theirs'), 100);

      await backend.clear();

      const left = await neighbour.backend.get(neighbour.key('k'));
      expectPayload(left, text('theirs'), "the neighbour's entry");
    },
  },
  {
    title: 'is used on after clear(), also a second time',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      for (const round of ['first', 'second', 'third']) {
        expectEqual(await backend.add(key('k'), text(round), 100), true, `add() in the ${round}`);
        expectPayload(await backend.get(key('k')), text(round), `the entry of the ${round} round`);
        await backend.clear();
        expectEqual(await backend.get(key('k')), undefined, 'get() after clear()');
      }
    },
  },
];

const ASYNC_NATIVES = [
  'getMany',
  'setMany',
  'deleteMany',
  'flags',
  'incr',
  'ttl',
  'lease',
  'lock',
  'ping',
  'stats',
] as const;
const NATIVES = ['getSync', 'setSync', ...ASYNC_NATIVES] as const;

type Backend = Parameters<BackendCase['run']>[0]['backend'];
type MakeKey = (name: string) => string;

const callNative: Record<
  (typeof ASYNC_NATIVES)[number],
  (backend: Backend, key: MakeKey) => Promise<unknown>
> = {
  getMany: (backend, key) => backend.getMany!([key('m')]),
  setMany: (backend, key) => backend.setMany!(new Map([[key('m'), text('1')]]), 100),
  deleteMany: (backend, key) => backend.deleteMany!([key('m')]),
  flags: (backend, key) => backend.flags!(key('m')),
  incr: (backend, key) => backend.incr!(key('missing'), 1),
  ttl: (backend, key) => backend.ttl!(key('m')),
  lease: (backend, key) => backend.lease!(key('missing'), {}),
  lock: (backend, key) => backend.lock!(key('l'), 100),
  ping: (backend) => backend.ping!(),
  stats: (backend) => backend.stats!(),
};
