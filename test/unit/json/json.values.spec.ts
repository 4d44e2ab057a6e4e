import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { FLAG_JSON, FLAG_TAGGED_JSON } from '../../../lib/core/payload-flags.js';
import { json } from '../../../lib/serializers/json/index.js';
import { partsOf, roundTrip } from './round-trip.js';

describe('plain data', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a boolean', true],
    ['a fraction', 1.5],
    ['a text', 'zhiliao'],
    ['a text with half of a pair', 'a\ud800b'],
    ['a list', [1, [2, ['x']], {}]],
    ['an object', { a: 1, b: { c: [null, false] }, 'odd key': '' }],
    ['a key with half of a pair', { '\udc00': 1 }],
    ['what looks like a tag', { $: 'Date', v: 0 }],
  ])('keeps %s as plain JSON', (_title, value) => {
    const payload = json().serialize(value);

    expect(payload).toEqual({ flags: FLAG_JSON, data: JSON.stringify(value) });
    expect(json().deserialize(payload)).toStrictEqual(value);
  });

  it('is read from bytes as well', () => {
    const payload = { flags: FLAG_JSON, data: Buffer.from('{"a":"é"}') };

    expect(json().deserialize(payload)).toStrictEqual({ a: 'é' });
  });

  it('comes back as a new value each time', () => {
    const payload = json().serialize({ a: [1] });

    expect(json().deserialize(payload)).not.toBe(json().deserialize(payload));
  });

  it('loses properties that are undefined or not enumerable, as in JSON', () => {
    const value = Object.defineProperty({ a: 1, b: undefined }, 'hidden', { value: 2 });

    expect(json().serialize(value)).toEqual({ flags: FLAG_JSON, data: '{"a":1}' });
  });

  it('has its getters read', () => {
    const value = {
      get total() {
        return 42;
      },
    };

    expect(roundTrip(value)).toStrictEqual({ total: 42 });
  });

  it('gets a prototype where it had none', () => {
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  it('is plain only without tags', () => {
    const serializer = json();

    expect(serializer.isPlain?.(serializer.serialize({ a: 1 }).flags)).toBe(true);
    expect(serializer.isPlain?.(serializer.serialize({ a: new Date() }).flags)).toBe(false);
  });
});

describe('what JSON lacks', () => {
  const date = new Date('2026-02-03T04:05:06.789Z');

  it.each<[string, unknown]>([
    ['a Date', date],
    ['a Date before the epoch', new Date(-1)],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [{ key: date }, new Map([[NaN, -0]])],
      ]),
    ],
    ['a Set', new Set<unknown>([1, 'a', { b: new Set() }, undefined])],
    ['a bigint', -(2n ** 100n)],
    ['a small bigint', 1n],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['-0', -0],
    ['a RegExp', /a\/(?<b>\d+)[\n]/giu],
    ['a RegExp with a place', Object.assign(/x/g, { lastIndex: 3 })],
    ['a URL', new URL('https://user@example.org:8080/p?q=1#h')],
    ['undefined in a list', [undefined, 1, undefined]],
    ['holes in a list', [, 1, , undefined, ,]], // oxlint-disable-line no-sparse-arrays
    ['a Buffer', Buffer.from([0, 255, 128])],
    ['an empty Buffer', Buffer.alloc(0)],
    ['a Uint8Array', new Uint8Array([0, 255, 128])],
    ['a part of a Float32Array', new Float32Array([9, 1.5, -0, NaN, 9]).subarray(1, 4)],
    ['a BigInt64Array', new BigInt64Array([-1n, 2n ** 62n])],
    ['a Uint16Array', new Uint16Array([1, 65535])],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ])('keeps %s', (_title, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(roundTrip({ inside: [value] })).toStrictEqual({ inside: [value] });
  });

  it('keeps an invalid Date', () => {
    const back = roundTrip([new Date(NaN)]) as [Date];

    expect(back[0]).toBeInstanceOf(Date);
    expect(back[0].getTime()).toBeNaN();
  });

  it('is marked by a flag of its own', () => {
    expect(json().serialize({ at: date })).toEqual({
      flags: FLAG_TAGGED_JSON,
      data: `{"at":{"$":"Date","v":${date.getTime()}}}`,
    });
  });

  it('keeps the bytes of a part of a larger buffer alone', () => {
    const whole = Buffer.from('secret value secret');

    expect(roundTrip(whole.subarray(7, 12))).toStrictEqual(Buffer.from('value'));
  });

  it('gives bytes memory of their own', () => {
    const bytes = roundTrip(new Uint8Array([1, 2])) as Uint8Array;

    expect(bytes.buffer.byteLength).toBe(2);
  });

  it('keeps a bigint of a hundred thousand digits', () => {
    const value = 7n ** 118_000n;

    expect(roundTrip([value])).toStrictEqual([value]);
  });
});

describe('an object that looks like a tag', () => {
  it.each<[string, unknown]>([
    ['beside a tag', [{ $: 'Date', v: 0 }, new Date(0)]],
    ['around a tag', { $: 'Set', v: new Date(0) }],
    ['as a tag of itself', { $: 'Object', v: { $: 'Object', v: new Date(0) } }],
    ['as a hole', [{ $: 'hole' }, NaN]],
    ['with more properties', { a: 1, $: NaN, z: { $: [] } }],
    ['in a Map', new Map([[{ $: 'Map' }, { $: '@Money', v: 1 }]])],
    ['in an error', Object.assign(new Error('x'), { $: 'Error', v: { $: 1 } })],
  ])('comes back as it was: %s', (_title, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });
});

describe('errors', () => {
  it('keep class, message, cause and properties of their own', () => {
    const cause = Object.assign(new RangeError('below'), { at: new Date(0) });
    const error = Object.assign(new TypeError('above', { cause }), { code: 'E_X', errno: -2 });

    const back = roundTrip(error) as TypeError & { cause: RangeError };

    expect(back).toBeInstanceOf(TypeError);
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(partsOf(back)).toEqual({
      code: 'E_X',
      errno: -2,
      message: 'above',
    });
    expect(partsOf(back.cause)).toEqual({
      at: new Date(0),
      message: 'below',
    });
    expect(Object.keys(back)).toEqual(['code', 'errno']);
  });

  it.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    'come back as their built-in class: %p',
    (Class) => {
      expect((roundTrip(new Class('x')) as Error).constructor).toBe(Class);
    },
  );

  it('keep the list of an AggregateError', () => {
    const error = new AggregateError([new Error('a'), 'b'], 'all failed');

    const back = roundTrip(error) as AggregateError;

    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors).toEqual([new Error('a'), 'b']);
  });

  it('keep a name that was given to them', () => {
    const error = new Error('x');
    error.name = 'PaymentError';

    const back = roundTrip(error) as Error;

    expect([back.name, back.constructor]).toEqual(['PaymentError', Error]);
  });

  it('lose their stack, which names files of this machine', () => {
    const error = new Error('no such user');

    const { data } = json().serialize(error);
    const back = roundTrip(error) as Error;

    expect(data).not.toContain('json.values.spec');
    expect(back.stack).toBe('Error: no such user');
    expect(Object.keys(back)).toEqual([]);
  });

  it('that Node throws itself are of their built-in class', () => {
    let thrown: unknown;
    try {
      Buffer.from(5 as never);
    } catch (error) {
      thrown = error;
    }

    expect(roundTrip(thrown)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' });
  });
});

describe('values of another realm', () => {
  it('are kept as those of this one', () => {
    const foreign: unknown = runInNewContext(
      `({ list: [1, , { a: -0 }], date: new Date(5), map: new Map([['k', new Set([1n])]]),
          error: new TypeError('x'), regExp: /x/g, bytes: new Uint8Array([1]), nothing: undefined })`,
    );

    const back = roundTrip(foreign) as { error: Error };

    expect(back).toStrictEqual({
      list: [1, , { a: -0 }], // oxlint-disable-line no-sparse-arrays
      date: new Date(5),
      map: new Map([['k', new Set([1n])]]),
      error: new TypeError('x'),
      regExp: /x/g,
      bytes: new Uint8Array([1]),
    });
    expect(back.error).toBeInstanceOf(TypeError);
  });

  it('need no tags if they are plain', () => {
    const foreign: unknown = runInNewContext('({ a: [1, { b: "x" }] })');

    expect(json().serialize(foreign)).toEqual({ flags: FLAG_JSON, data: '{"a":[1,{"b":"x"}]}' });
  });
});
