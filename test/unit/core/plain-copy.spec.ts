import { describe, expect, it } from '@jest/globals';
import { copyPlain, freezePlain } from '../../../lib/core/plain-copy.js';

const tree = (): { a: { b: unknown[] }; c: null; d: string } => ({
  a: { b: [1, [2, { e: true }], null] },
  c: null,
  d: 'x',
});

describe('copyPlain()', () => {
  it('gives an equal tree that shares nothing', () => {
    const original = tree();

    const copy = copyPlain(original) as ReturnType<typeof tree>;
    (copy.a.b[1] as unknown[]).push('changed');

    expect(original).toEqual(tree());
    expect(copy).not.toEqual(tree());
  });

  it('keeps an own "__proto__" as data, and copies what it holds', () => {
    const original = JSON.parse('{"__proto__":{"x":[1]},"constructor":{"y":2}}') as object;

    const copy = copyPlain(original) as { constructor: unknown };

    expect(Object.keys(copy)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(original));
    expect(copy.constructor).not.toBe((original as typeof copy).constructor);
  });

  it.each([[null], [1], ['x'], [true]])('gives back %p', (primitive) => {
    expect(copyPlain(primitive)).toBe(primitive);
  });
});

describe('freezePlain()', () => {
  it('freezes every level', () => {
    const frozen = freezePlain(tree()) as ReturnType<typeof tree>;

    expect(() => frozen.a.b.push(1)).toThrow(TypeError);
    expect(() => {
      (frozen.a.b[1] as unknown[])[0] = 3;
    }).toThrow(TypeError);
    expect(frozen).toEqual(tree());
  });
});
