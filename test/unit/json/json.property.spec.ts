import { isDeepStrictEqual, types } from 'node:util';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { FLAG_JSON, FLAG_TAGGED_JSON } from '../../../lib/core/payload-flags.js';
import { json } from '../../../lib/serializers/json/index.js';
import { roundTrip } from './round-trip.js';

const numRuns = process.env['HEAVY'] === '1' ? 100_000 : 1_000;

// Any code units, so halves of pairs too.
const text = fc
  .array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 8 })
  .map((units) => String.fromCharCode(...units));
const key = fc.oneof(
  text,
  fc.constantFrom('$', 'v', 'type', 'own', '__proto__', 'constructor', 'toJSON', 'length', '0'),
);
const tagName = fc.constantFrom('Object', 'Date', 'Map', 'Error', 'hole', 'undefined', '@x', '$');

const { plain, value } = fc.letrec<{ plain: unknown; value: unknown }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'plain' },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    text,
    fc.array(tie('plain'), { depthIdentifier: 'plain' }),
    record(key, tie('plain'), 'plain'),
    fc.record({ $: fc.oneof(tagName, tie('plain')), v: tie('plain') }, { noNullPrototype: true }),
  ),
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'value' },
    fc.constantFrom(null, true, NaN, Infinity, -Infinity, -0),
    fc.double(),
    fc.bigInt(),
    text,
    fc.date({ noInvalidDate: true }), // isDeepStrictEqual tells two invalid dates apart
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.float64Array({ maxLength: 4 }),
    fc.constantFrom(/a+/g, /[/]\n/imsuy, new URL('http://[::1]/ä?b#c')),
    fc.array(fc.oneof(tie('value'), fc.constant(undefined)), { depthIdentifier: 'value' }),
    fc.sparseArray(tie('value'), { maxLength: 20, maxNumElements: 5 }),
    record(key, tie('value'), 'value'),
    fc.record({ $: fc.oneof(tagName, tie('value')), v: tie('value') }, { noNullPrototype: true }),
    fc
      .array(fc.tuple(tie('value'), tie('value')), { depthIdentifier: 'value' })
      .map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { depthIdentifier: 'value' }).map((items) => new Set(items)),
    fc
      .tuple(fc.constantFrom(Error, TypeError, RangeError), text, tie('value'))
      .map(([Class, message, cause]) => new Class(message, { cause })),
  ),
}));

describe('json()', () => {
  it('gives back plain data as it was, as plain JSON', () => {
    fc.assert(
      fc.property(plain, (given) => {
        const payload = json().serialize(given);
        return payload.flags === FLAG_JSON && isDeepStrictEqual(json().deserialize(payload), given);
      }),
      { numRuns },
    );
  });

  it('gives back any mixture as it was', () => {
    fc.assert(
      fc.property(value, (given) => isDeepStrictEqual(roundTrip(given), given)),
      { numRuns },
    );
  });

  it('never changes the value that it was given', () => {
    fc.assert(
      fc.property(value, (given) => {
        const before = structuredClone(given);
        json().serialize(given);
        return isDeepStrictEqual(structuredClone(given), before);
      }),
      { numRuns: numRuns / 10 },
    );
  });

  it('reads a payload that nobody wrote or throws an error, and changes no prototype', () => {
    fc.assert(
      fc.property(plain, fc.constantFrom(FLAG_JSON, FLAG_TAGGED_JSON), (tree, flags) => {
        try {
          json().deserialize({ flags, data: JSON.stringify(tree) });
        } catch (error) {
          if (!types.isNativeError(error)) return false;
        }
        return Reflect.ownKeys(Object.prototype).length === OWN_KEYS;
      }),
      { numRuns },
    );
  });

  it('reads a damaged payload or throws an error', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (given, place, byte) => {
        const { flags, data } = json().serialize(given);
        const damaged = Buffer.from(data);
        damaged[place % damaged.length] = byte;
        try {
          json().deserialize({ flags, data: damaged });
        } catch (error) {
          return types.isNativeError(error);
        }
        return true;
      }),
      { numRuns },
    );
  });
});

const OWN_KEYS = Reflect.ownKeys(Object.prototype).length;

// fast-check's dictionary would set a key named __proto__ by assignment.
function record(
  keys: fc.Arbitrary<string>,
  items: fc.Arbitrary<unknown>,
  depthIdentifier: string,
): fc.Arbitrary<object> {
  return fc
    .array(fc.tuple(keys, items), { maxLength: 5, depthIdentifier })
    .map((entries) => Object.fromEntries(entries));
}
