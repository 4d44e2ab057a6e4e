import { describe, expect, it } from '@jest/globals';
import { lifetimeOf, parseCacheControl } from '../../../lib/http/cache-control.js';

const directives = (...lines: string[]): [string, string][] => [
  ...parseCacheControl(lines).directives,
];

describe('parseCacheControl()', () => {
  it.each([
    ['', []],
    [' , ,', []],
    ['no-store', [['no-store', '']]],
    ['NO-STORE', [['no-store', '']]],
    [
      'max-age=60 , no-store',
      [
        ['max-age', '60'],
        ['no-store', ''],
      ],
    ],
    ['private="x-a, x-b"', [['private', 'x-a, x-b']]],
    ['private=""', [['private', '']]],
    ['private = "authorization"', [['private', 'authorization']]],
    ['private=" authorization"', [['private', ' authorization']]],
    ['private , private="a"', [['private', 'a']]],
    ['no-cache="a\\"b"', [['no-cache', 'a\\"b']]],
    [
      'max-age=60,\tS-MaxAge=5',
      [
        ['max-age', '60'],
        ['s-maxage', '5'],
      ],
    ],
    ['max-age=060, max-age=60', [['max-age', '60']]],
    [
      'x=y, community="UCI"',
      [
        ['x', 'y'],
        ['community', 'UCI'],
      ],
    ],
  ])('reads %j', (line, expected) => {
    expect(directives(line)).toEqual(expected);
    expect(parseCacheControl([line]).malformed).toBe(false);
  });

  it('reads every line of the header', () => {
    expect(directives('max-age=60', 'Private')).toEqual([
      ['max-age', '60'],
      ['private', ''],
    ]);
  });

  it('reads a header that is not there as one that says nothing', () => {
    expect(parseCacheControl()).toEqual({ malformed: false, directives: new Map() });
  });

  it.each([
    'max-age=abc',
    'max-age=-1',
    'max-age="60"',
    'max-age',
    'max-age=',
    'max-age=1.5',
    'max-age=60, max-age=0',
    's-maxage=1e3',
    'no-cache="a, no-store',
    'no-store=',
    'no store',
    'private; max-age=60',
    '"no-store"',
    'no-störe',
    'max-age=60 60',
    '=60',
    'no-store"',
  ])('finds %j malformed [H9]', (line) => {
    expect(parseCacheControl([line]).malformed).toBe(true);
  });

  it('lets a quote left open in one line hide nothing in the next [H9]', () => {
    const control = parseCacheControl(['no-cache="a', 'no-store']);

    expect(control.malformed).toBe(true);
    expect(control.directives.has('no-store')).toBe(true);
  });

  it('reads a line of a megabyte in which nothing ends', () => {
    expect(parseCacheControl([`a="${'\\'.repeat(1_000_000)}`]).malformed).toBe(true);
  });
});

describe('lifetimeOf()', () => {
  it.each([
    ['max-age=60', 'max-age', 60],
    ['max-age=0', 'max-age', 0],
    ['max-age=60', 's-maxage', undefined],
    ['max-age=99999999999999999999', 'max-age', 2 ** 31],
  ] as const)('of %j and %s is %s', (line, name, expected) => {
    expect(lifetimeOf(parseCacheControl([line]), name)).toBe(expected);
  });
});
