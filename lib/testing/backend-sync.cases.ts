import type { BackendCase } from './backend-case.js';
import { expectEqual } from './assertions.js';
import { bytes, expectPayload, SAMPLES, text } from './payload-samples.js';

/** The native methods that answer at once. */
export const syncCases: readonly BackendCase[] = [
  {
    title: 'getSync() gives at once what get() gives',
    needs: ['storage', 'getSync'],
    run: async ({ backend, key, life, expire }) => {
      for (const [what, payload] of Object.entries(SAMPLES)) {
        await backend.set(key(what), payload, 100);

        expectPayload(backend.getSync!(key(what)), payload, what);
      }
      await backend.set(key('expired'), text('v'), life);
      await expire();
      expectEqual(backend.getSync!(key('expired')), undefined, 'getSync() of an expired entry');
      expectEqual(backend.getSync!(key('missing')), undefined, 'getSync() of a missing entry');
    },
  },
  {
    title: 'getSync() remembers nothing of an entry that was replaced, removed, or is over',
    needs: ['storage', 'getSync'],
    run: async ({ backend, key, life, expire }) => {
      const names = ['replaced', 'deleted', 'expired', 'cleared'];
      for (const name of names) {
        await backend.set(key(name), text('v'), name === 'expired' ? life : 100);
        expectPayload(backend.getSync!(key(name)), text('v'), `the entry to be ${name}`);
      }

      await backend.set(key('replaced'), text('new'), 100);
      expectPayload(backend.getSync!(key('replaced')), text('new'), 'getSync() after set()');
      await backend.delete(key('deleted'));
      expectEqual(backend.getSync!(key('deleted')), undefined, 'getSync() after delete()');
      await expire();
      expectEqual(backend.getSync!(key('expired')), undefined, 'getSync() after its life');
      await backend.clear();
      expectEqual(backend.getSync!(key('cleared')), undefined, 'getSync() after clear()');
    },
  },
  {
    title: 'setSync() stores and replaces at once, with its ttl',
    needs: ['storage', 'setSync'],
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('k'), { flags: 2, data: '1' }, null);

      expectEqual(backend.setSync!(key('k'), text('v'), life), true, 'setSync()');

      expectPayload(await backend.get(key('k')), text('v'), 'the entry');
      await expire();
      expectEqual(await backend.get(key('k')), undefined, 'get() after its life');
    },
  },
  {
    title: 'setSync() answers false for a payload that is too large, and the old one is gone',
    needs: ['storage', 'setSync', 'a limit on payloads'],
    run: async ({ backend, key, refusedBytes }) => {
      await backend.set(key('k'), text('old'), 100);

      const stored = backend.setSync!(key('k'), bytes(Buffer.alloc(refusedBytes, 1)), 100);

      expectEqual(stored, false, 'setSync()');
      expectEqual(await backend.get(key('k')), undefined, 'get()');
    },
  },
];
