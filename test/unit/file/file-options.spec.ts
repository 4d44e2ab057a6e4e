import { describe, expect, it } from '@jest/globals';
import { resolve } from 'node:path';
import { file, type FileOptions } from '../../../lib/backends/file/index.js';
import { resolveFileOptions } from '../../../lib/backends/file/file.options.js';

describe('the options of file()', () => {
  it('have the documented defaults', () => {
    expect(resolveFileOptions({ location: '/var/cache/shop' })).toEqual({
      location: '/var/cache/shop',
      maxEntries: 100_000,
      cullFrequency: 3,
      io: 'async',
      maxEntryBytes: 64 * 1024 * 1024,
      deadlineMs: 1_000,
    });
  });

  it('take a relative location from the working directory', () => {
    expect(resolveFileOptions({ location: 'cache' }).location).toBe(resolve('cache'));
  });

  it.each<[string, Partial<FileOptions>, string]>([
    ['no location', {}, '"location" in the options of the file backend is undefined'],
    ['an empty location', { location: '' }, '"location" in the options of the file backend is ""'],
    ['a location with a NUL', { location: '/tmp/\0' }, '"location"'],
    ['a list of locations', { location: ['/a', '/b'] as unknown as string }, '"location"'],
    ['no room for an entry', { maxEntries: 0 }, '"maxEntries"'],
    ['a negative cullFrequency', { cullFrequency: -1 }, '"cullFrequency"'],
    ['an unknown io', { io: 'fast' as 'sync' }, '"async" or "sync"'],
    ['a value of more than 1 GiB', { maxEntryBytes: 2 ** 30 + 1 }, '"maxEntryBytes"'],
    ['no time', { deadlineMs: 0 }, '"deadlineMs"'],
  ])('refuse %s', (_, options, message) => {
    const make = (): unknown =>
      file({ ...('location' in options ? {} : { location: '/tmp/x' }), ...options } as FileOptions);

    if (Object.keys(options).length === 0) {
      expect(() => file({} as FileOptions)).toThrow(message);
    } else {
      expect(make).toThrow(message);
    }
  });

  it('refuse an unknown name and say what was probably meant', () => {
    expect(() => file({ location: '/tmp/x', maxEntires: 5 } as FileOptions)).toThrow(
      'Did you mean "maxEntries"?',
    );
  });
});
