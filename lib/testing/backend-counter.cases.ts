import type { CacheBackend, Payload } from '../core/cache-backend.interface.js';
import { integerOf } from '../core/integer-payload.js';
import { FLAG_BYTES, FLAG_INTEGER, FLAG_TEXT } from '../core/payload-flags.js';
import type { BackendCase, BackendFeature } from './backend-case.js';
import { expectEqual, expectRejection } from './assertions.js';
import { bytes, digits, expectPayload, text } from './payload-samples.js';

const needs: readonly BackendFeature[] = ['storage', 'incr'];
const needsNegative: readonly BackendFeature[] = [...needs, 'negativeCounters'];
const MAX = Number.MAX_SAFE_INTEGER;

const NOT_INTEGERS: Readonly<Record<string, Payload>> = {
  words: text('abc'),
  'empty text': text(''),
  'a blank': text(' '),
  'a fraction': text('1.5'),
  'a number in another notation': text('1e3'),
  'a plus sign': text('+1'),
  'a sign alone': text('-'),
  'a number behind a blank': text(' 1'),
  'hexadecimal digits': text('0x10'),
  'digits of another script': text('٤٢'),
  'a number and a line end': text('42\n'),
  'bytes that are no digits': { flags: FLAG_BYTES, data: Buffer.from([0, 255]) },
  JSON: { flags: FLAG_TEXT | 256, data: 'true' },
};

const BEYOND: Readonly<Record<string, readonly [value: bigint, delta: number]>> = {
  'a step beyond 2^53 - 1': [BigInt(MAX), 1],
  'a large step beyond 2^53 - 1': [BigInt(MAX) - 5n, MAX],
  'a number beyond the safe integers': [2n ** 53n + 5n, 1],
  'a number at the end of 64 bits': [2n ** 64n - 1n, 1],
  'a number at the end of 63 bits': [2n ** 63n - 1n, 1],
  'a number far beyond 64 bits': [10n ** 30n, 1],
};

/** `incr()`, one caller at a time. */
export const counterCases: readonly BackendCase[] = [
  {
    title: 'incr() adds, subtracts and answers the new value',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(41), 100);

      expectEqual(await backend.incr!(key('n'), 1), 42, 'incr() by 1');
      expectEqual(await backend.incr!(key('n'), 10), 52, 'incr() by 10');
      expectEqual(await backend.incr!(key('n'), -10), 42, 'incr() by -10');
      expectEqual(await backend.incr!(key('n'), 0), 42, 'incr() by 0');
      await expectInteger(backend, key('n'), 42n);
    },
  },
  {
    title:
      'incr() with a start begins a missing counter with its value and ttl, or leaves it missing',
    needs,
    run: async ({ backend, key, life, expire }) => {
      const begun = await backend.incr!(key('new'), 5, { value: 10, ttl: life });

      if (begun === undefined) {
        expectEqual(await backend.get(key('new')), undefined, 'get() of what was not begun');
        return;
      }
      expectEqual(begun, 15, 'incr() of a missing counter');
      await expectInteger(backend, key('new'), 15n);
      await expire();
      expectEqual(await backend.get(key('new')), undefined, 'get() after its life');
      expectEqual(await backend.incr!(key('new'), 1, { value: 0, ttl: 100 }), 1, 'a second start');
    },
  },
  {
    title: 'incr() of a counter that is there takes no notice of a start',
    needs,
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('n'), digits(41), 100);

      expectEqual(await backend.incr!(key('n'), 1, { value: 10, ttl: life }), 42, 'incr()');
      await expire();

      await expectInteger(backend, key('n'), 42n);
    },
  },
  {
    title: 'incr() goes through zero and back',
    needs: needsNegative,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(1), 100);

      expectEqual(await backend.incr!(key('n'), -3), -2, 'incr() by -3');
      expectEqual(await backend.incr!(key('n'), -10), -12, 'incr() by -10');
      expectEqual(await backend.incr!(key('n'), 5), -7, 'incr() by 5');
      expectEqual(await backend.incr!(key('n'), 8), 1, 'incr() by 8');
      await expectInteger(backend, key('n'), 1n);
    },
  },
  {
    title: 'incr() keeps a number whole when it gains or loses digits',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(99), 100);

      expectEqual(await backend.incr!(key('n'), 1), 100, 'incr() by 1');
      expectEqual(await backend.incr!(key('n'), -1), 99, 'incr() by -1');
      await expectInteger(backend, key('n'), 99n);
      expectEqual(await backend.incr!(key('n'), -90), 9, 'incr() by -90');
      expectEqual(await backend.incr!(key('n'), 2), 11, 'incr() by 2');
      await expectInteger(backend, key('n'), 11n);
    },
  },
  {
    title: 'incr() answers undefined for a missing entry, whatever the delta, and makes none',
    needs: ['incr'],
    run: async ({ backend, key }) => {
      for (const delta of [1, 0, -1]) {
        expectEqual(await backend.incr!(key('n'), delta), undefined, `incr() by ${delta}`);
      }
      expectEqual(await backend.get(key('n')), undefined, 'get()');
    },
  },
  {
    title: 'incr() answers undefined for an expired entry',
    needs,
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('n'), digits(1), life);
      await expire();

      expectEqual(await backend.incr!(key('n'), 1), undefined, 'incr()');
      expectEqual(await backend.get(key('n')), undefined, 'get()');
    },
  },
  {
    title: 'incr() keeps the ttl, up and down',
    needs,
    run: async ({ backend, key, life, expire }) => {
      await backend.set(key('short'), digits(1), life);
      await backend.set(key('long'), digits(1), 100);
      await backend.set(key('endless'), digits(1), null);
      for (const name of ['short', 'long', 'endless']) {
        await backend.incr!(key(name), 5);
        await backend.incr!(key(name), -2);
      }

      await expire();

      expectEqual(await backend.get(key('short')), undefined, 'get() of the short one');
      await expectInteger(backend, key('long'), 4n);
      await expectInteger(backend, key('endless'), 4n);
    },
  },
  {
    title: 'incr() keeps the ttl to the second',
    needs: ['storage', 'incr', 'ttl'],
    exactTime: true,
    run: async ({ backend, key, advance }) => {
      await backend.set(key('n'), digits(1), 100);
      await advance(30);

      await backend.incr!(key('n'), 1);

      expectEqual(await backend.ttl!(key('n')), 70, 'ttl()');
    },
  },
  {
    title: 'incr() keeps the flags: text stays text, bytes stay bytes',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('text'), text('41'), 100);
      await backend.set(key('bytes'), bytes(Buffer.from('41')), 100);
      await backend.set(key('integer'), digits(41), 100);
      for (const name of ['text', 'bytes', 'integer']) {
        expectEqual(await backend.incr!(key(name), 1), 42, `incr() of ${name}`);
      }

      expectPayload(await backend.get(key('text')), text('42'), 'the text');
      expectPayload(await backend.get(key('bytes')), bytes(Buffer.from('42')), 'the bytes');
      expectPayload(await backend.get(key('integer')), digits(42), 'the integer');
    },
  },
  {
    title: 'incr() passes over the blanks with which memcached pads a number that became shorter',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), { flags: FLAG_INTEGER, data: '9  ' }, 100);

      expectEqual(await backend.incr!(key('n'), 2), 11, 'incr()');
      await expectInteger(backend, key('n'), 11n);
    },
  },
  ...Object.entries(NOT_INTEGERS).map<BackendCase>(([what, payload]) => ({
    title: `incr() refuses ${what} and changes nothing`,
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), payload, 100);

      for (const delta of [1, -1]) {
        await expectRejection(
          () => backend.incr!(key('n'), delta),
          { name: 'CacheTypeError', code: 'CACHE_NOT_AN_INTEGER' },
          `incr() by ${delta}`,
        );
      }
      expectPayload(await backend.get(key('n')), payload, 'the entry');
    },
  })),
  {
    title: 'incr() goes up to 2^53 - 1 and back to zero',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(MAX - 2), 100);

      expectEqual(await backend.incr!(key('n'), 2), MAX, 'incr() by 2');
      expectEqual(await backend.incr!(key('n'), -MAX), 0, 'incr() back to 0');
    },
  },
  {
    title: 'incr() goes down to the negative of 2^53 - 1, and not further',
    needs: needsNegative,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(2 - MAX), 100);

      expectEqual(await backend.incr!(key('n'), -2), -MAX, 'incr() by -2');
      await expectRejection(() => backend.incr!(key('n'), -1), { name: 'RangeError' }, 'incr()');
      await expectInteger(backend, key('n'), BigInt(-MAX));
    },
  },
  {
    title: 'incr() refuses to count below zero where the backend cannot, and changes nothing',
    needs,
    lacks: 'negativeCounters',
    run: async ({ backend, key }) => {
      const refusal = { name: 'CacheUnsupportedError', code: 'CACHE_UNSUPPORTED' };
      await backend.set(key('n'), digits(1), 100);
      await backend.set(key('negative'), digits(-5), 100);

      await expectRejection(() => backend.incr!(key('n'), -2), refusal, 'incr() by -2');
      await expectRejection(() => backend.incr!(key('negative'), 1), refusal, 'incr() of -5');
      await expectInteger(backend, key('n'), 1n);
      await expectInteger(backend, key('negative'), -5n);
    },
  },
  ...Object.entries(BEYOND).map<BackendCase>(([what, [value, delta]]) => ({
    title: `incr() refuses ${what} and changes nothing`,
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(value), 100);

      await expectRejection(
        () => backend.incr!(key('n'), delta),
        { name: 'RangeError' },
        `incr() of ${value} by ${delta}`,
      );
      await expectInteger(backend, key('n'), value);
    },
  })),
  {
    title: 'incr() brings a number that lies beyond the safe integers back among them',
    needs,
    run: async ({ backend, key }) => {
      await backend.set(key('n'), digits(2n ** 53n + 1n), 100);

      expectEqual(await backend.incr!(key('n'), -10), Number(2n ** 53n - 9n), 'incr()');
    },
  },
];

// A counter's payload may be padded with blanks, so it is compared by its number.
async function expectInteger(backend: CacheBackend, key: string, expected: bigint): Promise<void> {
  const payload = await backend.get(key);
  expectEqual(payload && integerOf(payload), expected, 'the number kept');
}
