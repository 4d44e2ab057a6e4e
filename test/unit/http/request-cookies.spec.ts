import { describe, expect, it } from '@jest/globals';
import { linesOfPairs, type RequestHead } from '../../../lib/http/http-head.js';
import { cookieNames, cookiesOfName, cookieVariants } from '../../../lib/http/request-cookies.js';

/** @param seen What middleware made of the cookies. Default: they are as Node.js joins them. */
function head(lines: string[], seen?: string): RequestHead {
  const cookie = seen ?? (lines.length === 0 ? undefined : lines.join('; '));
  return {
    method: 'GET',
    lines: linesOfPairs(lines.flatMap((line) => ['Cookie', line])),
    headers: cookie === undefined ? {} : { cookie },
  };
}

describe('cookieNames()', () => {
  it.each<[string[], string[]]>([
    [[], []],
    [['a=1; b=2'], ['a', 'b']],
    [
      ['a=1', 'b=2'],
      ['a', 'b'],
    ],
    [['a=1;b=2 ;  c = 3'], ['a', 'b', 'c']],
    [['lonely'], ['lonely']],
    [['\u00a0a=1;\tb\u00a0=2'], ['a', 'b']],
    [['a=b=c'], ['a']],
    [['__proto__=1; constructor=2'], ['__proto__', 'constructor']],
  ])('finds in %j the names %j', (lines, names) => {
    expect([...cookieNames(head(lines))]).toEqual(names);
  });

  it('finds what only middleware knows, and what it took away', () => {
    expect([...cookieNames(head(['a=1'], 'b=2'))]).toEqual(['a', 'b']);
    expect([...cookieNames(head([], 'b=2'))]).toEqual(['b']);
  });
});

describe('cookiesOfName()', () => {
  it('gives each cookie of a name, in their order', () => {
    expect(cookiesOfName(head(['a=1; b=2;a = 3; a=1']), 'a')).toEqual(['a=1', 'a=3', 'a=1']);
    expect(cookiesOfName(head(['a; a=; \u00a0a=1']), 'a')).toEqual(['a', 'a=', '\u00a0a=1']);
    expect(cookiesOfName(head(['b=2']), 'a')).toEqual([]);
  });
});

describe('cookieVariants()', () => {
  const CASES = [
    [],
    ['a'],
    ['a='],
    ['a=1'],
    // Blanks of another kind are a part of it to one parser, and none to another.
    ['a=\u00a01'],
    ['\u00a0a=1'],
    ['a=1\u00a0'],
    ['a=1; a=1'],
    ['a=1; a=2'],
    ['a=2; a=1'],
    ['a=1; a=2; a=1'],
    ['b=1'],
    ['a=1; b=1'],
    ['a=1b=1'],
    ['A=1'],
  ].map((lines) => head(lines));

  it('is another for each presence, number, order and value', () => {
    const variants = CASES.map((asked) => JSON.stringify(cookieVariants(asked, ['a', 'b'])));

    // `A` is none of them, so it is as if nothing was sent.
    expect(new Set(variants).size).toBe(CASES.length - 1);
  });

  it('is the same with other cookies, and whatever the blanks', () => {
    const plain = cookieVariants(head(['a=1']), ['a']);

    expect(cookieVariants(head(['tracking=7;a=1']), ['a'])).toEqual(plain);
    expect(cookieVariants(head(['x=y', 'a=1 ; z=']), ['a'])).toEqual(plain);
  });

  it('is another if the handler sees another value than was sent', () => {
    expect(cookieVariants(head(['a=1'], 'a=2'), ['a'])).not.toEqual(
      cookieVariants(head(['a=1']), ['a']),
    );
  });
});
