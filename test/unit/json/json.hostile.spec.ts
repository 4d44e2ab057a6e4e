import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FLAG_JSON, FLAG_PICKLE, FLAG_TAGGED_JSON } from '../../../lib/core/payload-flags.js';
import { json } from '../../../lib/serializers/json/index.js';
import { messageOf, roundTrip } from './round-trip.js';

const DEPTH = 100_000;

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
});

describe('prototypes', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'toJSON'];

  it.each(names)('an own property %s is data, plain and beside tags', (name) => {
    for (const beside of ['text', NaN]) {
      const value = { ...(JSON.parse(`{"${name}":{"polluted":true}}`) as object), beside };

      const back = roundTrip([value]) as [Record<string, unknown>];

      expect(isDeepStrictEqual(back, [value])).toBe(true);
      expect(Object.getPrototypeOf(back[0])).toBe(Object.prototype);
      expect(Object.hasOwn(back[0], name)).toBe(true);
    }
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"$":"Object","v":{"__proto__":{"polluted":{"$":"undefined"}}}}',
    '{"$":"Error","v":{"type":"Error","own":{"__proto__":{"polluted":1}},"hidden":{"__proto__":{"polluted":1}}}}',
    '[{"__proto__":{"$":"Map","v":[["polluted",1]]}}]',
  ])('%s changes no prototype but may be read', (data) => {
    const value = json().deserialize({ flags: FLAG_TAGGED_JSON, data }) as object;

    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((value as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('an error with a property __proto__ keeps it as data', () => {
    const error = Object.defineProperty(new Error('x'), '__proto__', {
      value: { polluted: 1 },
      enumerable: true,
    });

    const back = roundTrip(error) as Error;

    expect(Object.getPrototypeOf(back)).toBe(Error.prototype);
    expect(Object.getOwnPropertyDescriptor(back, '__proto__')?.value).toEqual({ polluted: 1 });
  });
});

describe('a payload that nobody wrote', () => {
  it.each([
    ['no JSON', '{"a":'],
    ['nothing', ''],
    ['an unknown tag', '{"$":"Function","v":"return 1"}'],
    ['a tag named like an inherited property', '{"$":"constructor","v":[]}'],
    ['a tag that is no text', '{"$":{"toString":1},"v":[]}'],
    ['a type that is not configured', '{"$":"@User","v":{}}'],
    ['a hole outside a list', '{"a":{"$":"hole"}}'],
    [
      'a class of errors that is not built in',
      '{"$":"Error","v":{"type":"Process","own":{},"hidden":{}}}',
    ],
    ['an error without its parts', '{"$":"Error","v":{"type":"Error"}}'],
    [
      'an error whose name is no text',
      '{"$":"Error","v":{"type":"Error","own":{"name":{"toString":1}},"hidden":{}}}',
    ],
    ['a Map that is no list', '{"$":"Map","v":{"a":1}}'],
    ['a Map without pairs', '{"$":"Map","v":["ab"]}'],
    ['a Set that is text', '{"$":"Set","v":"abc"}'],
    ['a date that is text', '{"$":"Date","v":"today"}'],
    ['a number that is none', '{"$":"Number","v":"12"}'],
    ['a bigint in decimals with a sign', '{"$":"BigInt","v":"+12"}'],
    ['a bigint that is none', '{"$":"BigInt","v":"0x1"}'],
    ['a URL that is none', '{"$":"URL","v":"no url"}'],
    ['a RegExp that is none', '{"$":"RegExp","v":["(","",0]}'],
    ['bytes that are no text', '{"$":"Buffer","v":5}'],
    ['a length that does not suit the type', '{"$":"Float64Array","v":"AAA="}'],
    ['an escaped list', '{"$":"Object","v":[1]}'],
  ])('throws an ordinary error: %s', (_title, data) => {
    const read = () => json().deserialize({ flags: FLAG_TAGGED_JSON, data });

    expect(read).toThrow(expect.objectContaining({ message: expect.any(String) }));
  });

  it('is not read with flags of another kind', () => {
    expect(json().reads(FLAG_PICKLE)).toBe(false);
    expect(() => json().deserialize({ flags: FLAG_PICKLE, data: '1' })).toThrow(
      'A payload with the flags 1 is not JSON.',
    );
  });

  it('is never read as a tag where the flags say plain JSON', () => {
    const data = '{"$":"Date","v":0}';

    expect(json().deserialize({ flags: FLAG_JSON, data })).toStrictEqual({ $: 'Date', v: 0 });
  });
});

describe('depth', () => {
  it.each([
    ['lists', (levels: number) => nested(levels, (inner) => [inner])],
    ['objects', (levels: number) => nested(levels, (inner) => ({ a: inner }))],
    ['lists with a tag', (levels: number) => nested(levels, (inner) => [inner], [NaN])],
    ['maps', (levels: number) => nested(levels, (inner) => new Map([['k', inner]]), new Map())],
    [
      'errors',
      (levels: number) => nested(levels, (cause) => new Error('x', { cause }), new Error()),
    ],
  ])('500 levels of %s are kept, more are refused', (_title, make) => {
    const levels = levelsOf(roundTrip(make(500)));
    const message = messageOf(() => json().serialize(make(501)));

    expect(levels).toBe(500);
    expect(message).toContain('is nested deeper than 500 levels.');
    expect(message.length).toBeLessThan(400);
  });

  it.each([
    ['lists', '['.repeat(DEPTH) + ']'.repeat(DEPTH)],
    ['objects', '{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH)],
    ['tags', '{"$":"Set","v":['.repeat(DEPTH) + ']}'.repeat(DEPTH)],
    ['escaped objects', '{"$":"Object","v":{"a":'.repeat(DEPTH) + '1' + '}}'.repeat(DEPTH)],
    ['lists behind much text', `["${'x'.repeat(5_000)}",${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}]`],
  ])('a payload of 100,000 levels of %s is an ordinary error', (_title, data) => {
    for (const flags of [FLAG_JSON, FLAG_TAGGED_JSON]) {
      expect(messageOf(() => json().deserialize({ flags, data }))).toMatch(
        /^The stored value is nested (deeper than 500 levels|too deeply)\.$/,
      );
    }
  });
});

function nested<T>(levels: number, around: (inner: unknown) => T, innermost?: T): unknown {
  let value: unknown = innermost ?? around(1);
  for (let level = 1; level < levels; level += 1) value = around(value);
  return value;
}

function levelsOf(value: unknown): number {
  let levels = 0;
  for (let inner = value; typeof inner === 'object' && inner !== null; levels += 1) {
    if (inner instanceof Map) inner = inner.get('k');
    else
      inner = Array.isArray(inner)
        ? inner[0]
        : ((inner as { a?: unknown; cause?: unknown }).a ?? (inner as { cause?: unknown }).cause);
  }
  return levels;
}
