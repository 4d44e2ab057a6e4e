import { describe, expect, it } from '@jest/globals';
import {
  isAsciiKey,
  leaseKey,
  lockKey,
  numberKey,
  wireKey,
} from '../../../lib/backends/memcached/wire-key.js';

const GENERATION = 1_767_225_600_000_000;

describe('wireKey()', () => {
  it('is the final key itself without a generation', () => {
    expect(wireKey('shop:1:é', 0)).toBe('shop:1:é');
  });

  it('has the generation in front', () => {
    expect(wireKey('shop:1:key', 35)).toBe('~z~shop:1:key');
  });

  it.each(['k'.repeat(250), 'é'.repeat(125)])('has at most 250 bytes', (key) => {
    const wire = wireKey(key, GENERATION);

    expect(Buffer.byteLength(wire)).toBeLessThanOrEqual(250);
    expect(wire).toMatch(/^~[0-9a-z]+#[0-9a-f]{64}$/);
  });

  it('keeps all keys and generations apart', () => {
    const hashed = /#(.*)$/.exec(wireKey('k'.repeat(250), GENERATION))![1]!;
    const keys = [
      'k',
      'z~k',
      '~k'.slice(1),
      'k'.repeat(250),
      `${'k'.repeat(249)}l`,
      hashed,
      `#${hashed}`,
    ];
    const generations = [1, 2, 35, 36, GENERATION, GENERATION + 1];

    const wires = keys.flatMap((key) => generations.map((generation) => wireKey(key, generation)));

    expect(new Set(wires).size).toBe(new Set(keys).size * generations.length);
  });
});

describe('isAsciiKey()', () => {
  it('tells ASCII from the rest', () => {
    expect(isAsciiKey('k'.repeat(250))).toBe(true);
    expect(isAsciiKey('é'.repeat(125))).toBe(false);
  });

  it.each([
    ['an empty key', '', 'it is empty'],
    ['a blank', 'a b', 'it holds a blank or a control character'],
    ['a line end', 'a\r\nflush_all', 'it holds a blank or a control character'],
    ['DEL', 'a\u007f', 'it holds a blank or a control character'],
    ['251 bytes', 'k'.repeat(251), 'it has 251 bytes and the limit is 250'],
    ['252 bytes of 126 characters', 'é'.repeat(126), 'it has 252 bytes and the limit is 250'],
    ['half a surrogate pair', 'a\ud800', 'it holds half of a surrogate pair'],
  ])('refuses %s', (_, key, why) => {
    expect(() => isAsciiKey(key)).toThrow(
      expect.objectContaining({
        code: 'CACHE_INVALID_KEY',
        message: expect.stringContaining(`was not sent to memcached: ${why}.`),
      }),
    );
  });
});

describe('leaseKey()', () => {
  it('is beside the key, in 250 bytes', () => {
    expect(leaseKey('shop:1:key')).toBe('~lease~shop:1:key');
    expect(leaseKey('k'.repeat(250))).toMatch(/^~lease#[0-9a-f]{64}$/);
  });
});

describe('lockKey()', () => {
  it('is another than those of the entry and of its lease, in 250 bytes', () => {
    expect(lockKey('shop:1:key')).toBe('~lock~shop:1:key');
    expect(lockKey('k'.repeat(250))).toMatch(/^~lock#[0-9a-f]{64}$/);
  });
});

describe('numberKey()', () => {
  it('is readable', () => {
    expect(numberKey('shop')).toBe('~clear:shop');
    expect(numberKey('')).toBe('~clear:');
  });

  it.each(['a b', 'x\r\nflush_all', 'é', 'k'.repeat(250), '~a'])(
    'is legal for the scope %j',
    (scope) => {
      expect(numberKey(scope)).toMatch(/^~clear:~[0-9a-f]{64}$/);
    },
  );

  it('is never a key of an entry', () => {
    const base36 = Number.parseInt('clear', 36);

    expect(wireKey('key', base36)).toBe('~clear~key');
    expect(wireKey('k'.repeat(250), base36)).not.toBe(numberKey('k'.repeat(250)));
  });
});
