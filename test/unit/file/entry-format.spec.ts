import { describe, expect, it } from '@jest/globals';
import {
  encodeEntry,
  HEADER_BYTES,
  isExpired,
  readEntry,
  renewLife,
} from '../../../lib/backends/file/entry-format.js';

const key = Buffer.from(':1:schlüssel');
const life = { expiresAt: 1_800_000_000_123, writtenAt: 1_799_999_000_000 };
const entry = encodeEntry(key, { flags: 272, data: '{"a":1}' }, life);

describe('an entry', () => {
  it('gives back flags, times and value', () => {
    expect(readEntry(entry, entry.length, key)).toEqual({
      state: 'entry',
      header: { ...life, flags: 272, valueLength: 7 },
      value: Buffer.from('{"a":1}'),
    });
  });

  it('keeps bytes, flags of 32 bits and no end of life as they are', () => {
    const data = Buffer.from([0, 255, 13, 10]);
    const forEver = { expiresAt: Infinity, writtenAt: 0 };
    const bytes = encodeEntry(key, { flags: 0xffff_ffff, data }, forEver);

    expect(readEntry(bytes, bytes.length, key)).toEqual({
      state: 'entry',
      header: { ...forEver, flags: 0xffff_ffff, valueLength: 4 },
      value: data,
    });
  });

  it('is told by its beginning alone, without the value', () => {
    const head = entry.subarray(0, HEADER_BYTES + key.length);

    expect(readEntry(head, entry.length, key)).toEqual({
      state: 'entry',
      header: { ...life, flags: 272, valueLength: 7 },
      value: undefined,
    });
  });

  it('gives nothing after any single bit is flipped', () => {
    const states = new Set<string>();
    for (let bit = 0; bit < entry.length * 8; bit += 1) {
      const damaged = Buffer.from(entry);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      states.add(readEntry(damaged, damaged.length, key).state);
    }

    expect([...states].toSorted()).toEqual(['corrupt', 'foreign', 'unknown']);
  });

  it('gives nothing after it was cut at any byte', () => {
    for (let length = 0; length < entry.length; length += 1) {
      expect(readEntry(entry.subarray(0, length), length, key).state).toBe('corrupt');
    }
  });

  it('gives nothing with bytes added', () => {
    const longer = Buffer.concat([entry, Buffer.from('x')]);

    expect(readEntry(longer, longer.length, key).state).toBe('corrupt');
  });

  it('gives nothing for another key of the same length', () => {
    expect(readEntry(entry, entry.length, Buffer.from(':1:schlüsseL')).state).toBe('corrupt');
  });

  it('is corrupt if it is empty or full of zeros, as a power failure leaves it', () => {
    expect(readEntry(Buffer.alloc(0), 0, key).state).toBe('corrupt');
    expect(readEntry(Buffer.alloc(100), 100, key).state).toBe('corrupt');
    expect(readEntry(Buffer.alloc(3), 3, key).state).toBe('corrupt');
  });

  it('is foreign if it begins otherwise', () => {
    const readme = Buffer.from('Please do not remove this file, it is not yours at all.');

    expect(readEntry(readme, readme.length, key).state).toBe('foreign');
    expect(readEntry(readme.subarray(0, 2), 2, key).state).toBe('foreign');
  });

  it('is unknown if it bears another version, whatever follows', () => {
    const newer = Buffer.from(entry);
    newer.writeUInt16LE(2, 4);

    expect(readEntry(newer, newer.length + 1000, key).state).toBe('unknown');
  });

  it('has a new life after the one stretch that changes was replaced', () => {
    const changed = Buffer.from(entry);
    const renewed = { expiresAt: Infinity, writtenAt: 5 };

    const { patch, position } = renewLife(Buffer.from(entry), key, renewed);
    changed.set(patch, position);

    expect(readEntry(changed, changed.length, key)).toEqual({
      state: 'entry',
      header: { ...renewed, flags: 272, valueLength: 7 },
      value: Buffer.from('{"a":1}'),
    });
  });
});

describe('isExpired()', () => {
  it('is true from the moment of expiry on', () => {
    expect(isExpired(life, life.expiresAt - 1)).toBe(false);
    expect(isExpired(life, life.expiresAt)).toBe(true);
  });

  it('is true if the clock was set back by more than the lifetime', () => {
    const minute = { writtenAt: 1_000_000, expiresAt: 1_060_000 };

    expect(isExpired(minute, 1_000_000 - 60_000)).toBe(false);
    expect(isExpired(minute, 1_000_000 - 60_001)).toBe(true);
  });

  it('is never true for what never expires', () => {
    expect(isExpired({ writtenAt: 5, expiresAt: Infinity }, Number.MAX_VALUE)).toBe(false);
    expect(isExpired({ writtenAt: 5, expiresAt: Infinity }, -5)).toBe(false);
  });
});
