import type { BackendCase } from './backend-case.js';
import { expectEqual } from './assertions.js';
import { HOSTILE_KEYS } from './hostile-keys.js';
import { expectPayload, text } from './payload-samples.js';

/** Final keys of any kind, as the key layer hands them over. */
export const keyCases: readonly BackendCase[] = [
  ...Object.entries(HOSTILE_KEYS).map<BackendCase>(([what, raw]) => ({
    title: `takes a key with ${what}`,
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const hostile = key(raw);
      expectEqual(await backend.get(hostile), undefined, 'get() before');
      expectEqual(await backend.set(hostile, text('v'), 100), true, 'set()');
      expectPayload(await backend.get(hostile), text('v'), 'the entry');
      expectEqual(await backend.add(hostile, text('w'), 100), false, 'add()');
      expectEqual(await backend.touch(hostile, 200), true, 'touch()');
      expectEqual(await backend.delete(hostile), true, 'delete()');
      expectEqual(await backend.get(hostile), undefined, 'get() after');
    },
  })),
  {
    title: 'keeps keys apart that look alike to a file system or a parser',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const keys = Object.values(HOSTILE_KEYS).map(key);
      for (const [index, each] of keys.entries()) await backend.set(each, text(`${index}`), 100);

      for (const [index, each] of keys.entries()) {
        expectPayload(await backend.get(each), text(`${index}`), `the entry "${each}"`);
      }
    },
  },
  {
    title: 'takes a key as long as its limits allow',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const { maxBytes = 300 } = backend.keyLimits ?? {};
      const longest = key('x').padEnd(maxBytes, 'x');
      const beside = `${longest.slice(0, -1)}y`;
      await backend.set(longest, text('x'), 100);
      await backend.set(beside, text('y'), 100);

      expectPayload(await backend.get(longest), text('x'), 'the entry');
      expectPayload(await backend.get(beside), text('y'), 'the entry beside it');
    },
  },
];
