import { describe, expect, it } from '@jest/globals';
import { makeTemplateFragmentKey } from '../../../lib/http/fragment-key.js';

describe('makeTemplateFragmentKey()', () => {
  it.each([
    [[], 'd41d8cd98f00b204e9800998ecf8427e'],
    [['1'], '3afcdbfeb6ecfbdd0ba628696e3cc163'],
    [[1], '3afcdbfeb6ecfbdd0ba628696e3cc163'],
    [[1n], '3afcdbfeb6ecfbdd0ba628696e3cc163'],
    [['a', ':b'], 'b76cc21cba4ac805d1fc53024777d235'],
  ])('of the values %p ends in %s', (varyOn, digest) => {
    expect(makeTemplateFragmentKey('foo', varyOn)).toBe(`template.cache.foo.${digest}`);
  });

  it.each<[unknown]>([[null], [1.5], [true], [['a']], [undefined]])('refuses %p', (part) => {
    expect(() => makeTemplateFragmentKey('foo', [part as string])).toThrow(TypeError);
  });
});
