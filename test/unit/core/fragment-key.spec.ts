import { describe, expect, it } from '@jest/globals';
import { fragmentKey, type FragmentPart } from 'nestjs-cache-framework';

const ALPHABET = ['', '1', ':', 's1:', 's', 'n1', '0', 't', 'a:b', 'é', '\ud800', ' ', '#'];
const OTHERS: readonly FragmentPart[] = [0, -0, 1, -1, 1.5, 1e21, 1n, 0n, true, false, null];
const PARTS: readonly FragmentPart[] = [...ALPHABET, ...OTHERS];

describe('fragmentKey()', () => {
  it('is readable where that is possible', () => {
    const key = fragmentKey('sidebar', ['en', 7, 7n, true, null]);

    expect(key).toBe('fragment:7:sidebar:s2:en:n7:b7:t:0');
  });

  it('is short and printable whatever the fragment varies on', () => {
    const keys = [
      fragmentKey('side bar'),
      fragmentKey('sidebar', ['John Smith']),
      fragmentKey('sidebar', ['x'.repeat(10_000)]),
      fragmentKey('x'.repeat(10_000)),
    ];

    for (const key of keys) expect(key).toMatch(/^fragment:#[0-9a-f]{64}$/);
  });

  it('is different for every name and every list', () => {
    const keys = new Map<string, string>();
    const lists: FragmentPart[][] = [[]];
    for (const one of PARTS) {
      lists.push([one]);
      for (const two of PARTS) {
        lists.push([one, two]);
        for (const three of ALPHABET) lists.push([one, two, three]);
      }
    }

    for (const name of ALPHABET.slice(1)) {
      for (const [index, list] of lists.entries()) {
        keys.set(fragmentKey(name, list), `${name} ${index}`);
      }
    }

    expect(keys.size).toBe((ALPHABET.length - 1) * lists.length);
  });

  it.each([undefined, Number.NaN, Infinity, {}, [], Symbol('x'), () => 1])(
    'refuses to vary on %p',
    (part) => {
      expect(() => fragmentKey('sidebar', [part as FragmentPart])).toThrow(TypeError);
    },
  );

  it.each(['', 7, null, undefined])('refuses the name %p', (name) => {
    expect(() => fragmentKey(name as string)).toThrow(TypeError);
  });

  it('refuses a text in place of the list', () => {
    expect(() => fragmentKey('sidebar', 'en')).toThrow(TypeError);
  });
});
