import { describe, expect, it } from '@jest/globals';
import { mergeVary, parseVary } from '../../../lib/http/vary.js';

describe('parseVary()', () => {
  it.each([
    [[], []],
    [[''], []],
    [['Accept-Language'], ['accept-language']],
    [['X-B, x-a'], ['x-a', 'x-b']],
    [
      ['X-A', 'x-a, X-B'],
      ['x-a', 'x-b'],
    ],
    [['  Cookie '], ['cookie']],
    [['\tCookie\t,,'], ['cookie']],
  ])('reads %j [H12]', (lines, names) => {
    expect(parseVary(lines)).toEqual(names);
  });

  it.each([[['*']], [['Accept, *']], [['Accept', '*']], [[' * ']], [['*, Accept']]])(
    'finds no list of headers in %j [H10]',
    (lines) => {
      expect(parseVary(lines)).toBeUndefined();
    },
  );

  it.each([[['co okie']], [['Accept;q=1']], [['"Accept"']], [['Accept\u0000']], [['Äccept']]])(
    'finds no list of headers in %j, which is malformed [H12]',
    (lines) => {
      expect(parseVary(lines)).toBeUndefined();
    },
  );
});

describe('mergeVary()', () => {
  it('lists what both list, each once, as first written [V2]', () => {
    expect(mergeVary(['Origin'], ['origin, Accept-Language', ' X-A ,'])).toBe(
      'Origin, Accept-Language, X-A',
    );
  });

  it.each([
    [['*'], ['Accept']],
    [['Accept'], ['Cookie, *']],
  ])('leaves nothing beside the * in %j and %j', (one, other) => {
    expect(mergeVary(one, other)).toBe('*');
  });
});
