import { FLAG_BYTES } from '../core/payload-flags.js';
import type { BackendCase } from './backend-case.js';
import { expectEqual } from './assertions.js';
import { bytes, expectPayload, SAMPLES, text } from './payload-samples.js';

/** What goes in comes out: flags and bytes, small and large. */
export const payloadCases: readonly BackendCase[] = [
  ...Object.entries(SAMPLES).map<BackendCase>(([what, payload]) => ({
    title: `gives back ${what} with the flags it had`,
    needs: ['storage'],
    run: async ({ backend, key }) => {
      await backend.set(key('set'), payload, 100);
      await backend.add(key('add'), payload, 100);

      expectPayload(await backend.get(key('set')), payload, 'what set() stored');
      expectPayload(await backend.get(key('add')), payload, 'what add() stored');
    },
  })),
  {
    title: 'takes text and its UTF-8 bytes for the same data',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const data = 'é 清 😀';
      await backend.set(key('text'), { flags: FLAG_BYTES, data }, 100);
      await backend.set(key('bytes'), { flags: FLAG_BYTES, data: Buffer.from(data) }, 100);

      const expected = bytes(Buffer.from(data));
      expectPayload(await backend.get(key('text')), expected, 'what was given as text');
      expectPayload(await backend.get(key('bytes')), expected, 'what was given as bytes');
    },
  },
  {
    title: 'keeps text and bytes of a million bytes',
    needs: ['storage'],
    run: async ({ backend, key }) => {
      const big = Buffer.alloc(1_000_000, 'a\r\nEND\r\n\0');
      await backend.set(key('bytes'), bytes(big), 100);
      await backend.set(key('text'), text(big.toString('latin1')), 100);

      expectPayload(await backend.get(key('bytes')), bytes(big), 'the bytes');
      expectPayload(await backend.get(key('text')), text(big.toString('latin1')), 'the text');
    },
  },
  {
    title: 'answers false to set() of a payload that is too large, and the old one is gone',
    needs: ['storage', 'a limit on payloads'],
    run: async ({ backend, key, refusedBytes }) => {
      await backend.set(key('k'), text('old'), 100);

      const stored = await backend.set(key('k'), bytes(Buffer.alloc(refusedBytes, 1)), 100);

      expectEqual(stored, false, 'set()');
      expectEqual(await backend.get(key('k')), undefined, 'get()');
    },
  },
  {
    title: 'is used on after a payload that was too large',
    needs: ['storage', 'a limit on payloads'],
    run: async ({ backend, key, refusedBytes }) => {
      const large = bytes(Buffer.alloc(refusedBytes, 1));
      await Promise.all([
        backend.set(key('large'), large, 100),
        backend.set(key('small'), text('v'), 100),
        backend.get(key('missing')),
      ]);

      expectPayload(await backend.get(key('small')), text('v'), 'the small entry');
      expectEqual(await backend.get(key('large')), undefined, 'get() of the large one');
    },
  },
];
