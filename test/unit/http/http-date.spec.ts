import { describe, expect, it } from '@jest/globals';
import { parseHttpDate } from '../../../lib/http/http-date.js';

const NOW = Date.parse('2026-11-22T10:00:00Z');

describe('parseHttpDate()', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37.000Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37.000Z'],
    ['Sun Nov 16 08:49:37 1994', '1994-11-16T08:49:37.000Z'],
    ['sUN, 06 nOV 1994 08:49:37 gmt', '1994-11-06T08:49:37.000Z'],
    ['\t Sun, 06 Nov 1994 08:49:37 GMT ', '1994-11-06T08:49:37.000Z'],
    ['Sat, 29 Feb 2020 23:59:59 GMT', '2020-02-29T23:59:59.000Z'],
    ['Sunday, 22-Nov-76 10:00:00 GMT', '2076-11-22T10:00:00.000Z'],
    ['Monday, 22-Nov-77 10:00:00 GMT', '1977-11-22T10:00:00.000Z'],
  ])('reads %j', (text, date) => {
    expect(parseHttpDate(text, NOW)).toBe(Date.parse(date));
  });

  it.each([
    '',
    '0',
    '-1',
    '2030',
    '2030-01-01T00:00:00Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 06  Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 08.49.37 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('takes %j for no date', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });
});
