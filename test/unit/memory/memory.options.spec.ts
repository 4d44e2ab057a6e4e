import { describe, expect, it } from '@jest/globals';
import { memory, MemoryBackend, type MemoryOptions } from '../../../lib/backends/memory/index.js';
import { contextWith } from './memory-fixture.js';

describe('memory()', () => {
  it.each<[string, unknown, string]>([
    ['maxEntries', 0, '0, but must be a whole number of at least 1'],
    ['maxEntries', 2.5, '2.5, but must be a whole number'],
    ['maxEntries', '300', '"300", but must be a whole number'],
    ['maxEntries', 2 ** 24, 'at most 8388608'],
    ['maxBytes', 100, '100, but must be a whole number of at least 1024'],
    ['maxBytes', Infinity, 'Infinity, but must be a whole number'],
    ['maxEntryBytes', 100, '100, but must be a whole number of at least 1024'],
    ['cullFrequency', -1, '-1, but must be a whole number of at least 0'],
    ['location', ['a', 'b'], 'a list, but must be a text'],
  ])('refuses %s = %p when it is called', (name, value, message) => {
    expect(() => memory({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'CACHE_BAD_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('refuses an entry limit above the limit of all', () => {
    expect(() => memory({ maxBytes: 2_000, maxEntryBytes: 3_000 })).toThrow('at most 2000');
  });

  it('names the option that was probably meant', () => {
    expect(() => memory({ maxentries: 5 } as MemoryOptions)).toThrow('Did you mean "maxEntries"?');
  });

  it('says what it is', () => {
    const context = contextWith();

    expect(new MemoryBackend(context).description).toBe('memory, at most 10000 entries and 64 MiB');
    expect(
      new MemoryBackend(context, { location: 'pages', maxEntries: 5, maxBytes: 2_000 }).description,
    ).toBe('memory "pages", at most 5 entries and 2000 bytes');
  });

  it('is not guarded, as it cannot hang', () => {
    expect(new MemoryBackend(contextWith()).deadlineMs).toBeNull();
  });
});
