import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { copyPlain } from '../../../lib/core/plain-copy.js';
import { JsonSerializer } from '../../../lib/serializers/json/json.serializer.js';

const numRuns = process.env['HEAVY'] === '1' ? 100_000 : 1_000;
const serializer = new JsonSerializer();

const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toJSON', '0'));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, NaN, -0, Infinity, undefined),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value')),
    fc.sparseArray(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(key, tie('value'))).map((pairs) => Object.fromEntries(pairs)),
    fc.dictionary(key, tie('value'), { noNullPrototype: false }),
  ),
}));

describe('JsonSerializer.keep()', () => {
  it('keeps exactly what would come back from the text', () => {
    fc.assert(
      fc.property(value, (given) => {
        const kept = serializer.keep(given);
        if (kept === undefined) return true;
        const read = serializer.deserialize(serializer.serialize(given));
        return (
          isDeepStrictEqual(kept.tree, read) &&
          isDeepStrictEqual(copyPlain(kept.tree), read) &&
          kept.data === serializer.serialize(given).data
        );
      }),
      { numRuns },
    );
  });

  it('keeps nothing that the caller could change afterwards', () => {
    const given = { tags: ['new'], owner: { name: 'Ann' } };

    const kept = serializer.keep(given);
    given.tags.push('sold');
    given.owner.name = 'Bob';

    expect(kept?.tree).toEqual({ tags: ['new'], owner: { name: 'Ann' } });
    expect(kept?.data).toBe('{"tags":["new"],"owner":{"name":"Ann"}}');
  });

  it.each([
    ['a text', 'text'],
    ['a number', 1.5],
    ['null', null],
    ['a Date inside', { at: new Date(0) }],
    ['NaN inside', { n: NaN }],
    ['-0 inside', [-0]],
    ['a hole', [1, , 3]], // oxlint-disable-line no-sparse-arrays -- it is what is tested
    ['a function', { toJSON: () => 1 }],
    ['a symbol as a name', { [Symbol('x')]: 1 }],
    ['an instance of a class', new (class Point {})()],
  ])('leaves %s to the text', (_, given) => {
    expect(serializer.keep(given)).toBeUndefined();
  });

  it('leaves a circular value to the text, where it is refused', () => {
    const given: Record<string, unknown> = {};
    given['self'] = given;

    expect(serializer.keep(given)).toBeUndefined();
    expect(() => serializer.serialize(given)).toThrow('circular');
  });

  it('counts about what the copy takes', () => {
    const kept = serializer.keep({ id: 1, name: 'Customer', tags: ['new'] });

    expect(kept?.bytes).toBe(8 * 3 + 8 * 3 + (16 + 8) + (8 * 6 + 8) + (16 + 3));
  });
});
