import { describe, expect, it } from '@jest/globals';
import {
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
  type Timeout,
} from '../../../lib/core/timeout.js';

const now = (): number => 1_700_000_000_000;

describe('settleTimeout()', () => {
  it.each<[Timeout, number | null]>([
    [60, 60],
    [0.5, 0.5],
    [null, null],
    [0, 0],
    [-5, 0],
    ['500ms', 0.5],
    ['30s', 30],
    ['15m', 900],
    ['2h', 7200],
    ['7d', 604800],
    ['1.5h', 5400],
    ['-1s', 0],
    [new Date(1_700_000_060_000), 60],
    [new Date(1_600_000_000_000), 0],
  ])('settles %p as %p', (timeout, ttl) => {
    expect(settleTimeout(timeout, now)).toBe(ttl);
  });

  it.each<[unknown, string]>([
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    ['60', '"60"'],
    ['1w', '"1w"'],
    ['abc', '"abc"'],
    ['', '""'],
    [true, 'true'],
    [{}, '[object Object]'],
    [new Date(NaN), 'Invalid Date'],
    ['1\r\nflush_all', '"1\r\nflush_all"'],
  ])('refuses %p with a TypeError that names it', (timeout, name) => {
    expect(() => settleTimeout(timeout as Timeout, now)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringContaining(`${name} is not a timeout`),
      }),
    );
  });
});

describe('looksLikeMilliseconds()', () => {
  it.each([[1000], [5000], [60_000], [300_000], [86_400_000]])('suspects %p', (timeout) => {
    expect(looksLikeMilliseconds(timeout)).toBe(true);
  });

  it.each([
    [999],
    [1200],
    [3600],
    [36_000],
    [86_400],
    [604_800],
    [2_592_000],
    [31_536_000],
    ['5000s'],
    [null],
  ])('trusts %p', (timeout) => {
    expect(looksLikeMilliseconds(timeout)).toBe(false);
  });

  it('is explained with both ways to write it', () => {
    expect(millisecondsWarning(60_000, 'of cache "default"')).toBe(
      'The timeout 60000 of cache "default" looks like milliseconds, but a number is seconds (16.7 hours). Write "60s" if you meant 60 seconds, or "60000s" if you really mean 60000 seconds.',
    );
  });
});
