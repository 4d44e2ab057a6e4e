import { describe, expect, it } from '@jest/globals';
import { dummy, DummyBackend, type DummyOptions } from '../../../lib/backends/dummy/index.js';

describe('DummyBackend', () => {
  it('keeps nothing and answers as if there had never been anything', async () => {
    const backend = new DummyBackend();

    expect({
      set: await backend.set(),
      get: await backend.get(),
      add: await backend.add(),
      addAgain: await backend.add(),
      flags: await backend.flags(),
      touch: await backend.touch(),
      incr: await backend.incr(),
      ttl: await backend.ttl(),
      delete: await backend.delete(),
      clear: await backend.clear(),
    }).toEqual({
      set: true,
      get: undefined,
      add: true,
      addAgain: true,
      flags: undefined,
      touch: false,
      incr: undefined,
      ttl: undefined,
      delete: false,
      clear: undefined,
    });
  });

  it('is always up and empty', async () => {
    expect(await new DummyBackend().stats()).toEqual([
      { server: 'dummy', state: 'up', items: 0, bytes: 0 },
    ]);
  });
});

describe('dummy()', () => {
  it.each<DummyOptions>([{}, { location: 'anywhere' }, { location: ['10.0.0.1', '10.0.0.2'] }])(
    'accepts a location without effect: %p',
    (options) => {
      expect(dummy(options)).toBeInstanceOf(Function);
    },
  );

  it('refuses an option, which could only be a mistake', () => {
    expect(() => dummy({ maxEntries: 5 } as DummyOptions)).toThrow(
      expect.objectContaining({ code: 'CACHE_UNKNOWN_OPTION' }),
    );
  });

  it('refuses a location that is no text', () => {
    expect(() => dummy({ location: 5 } as unknown as DummyOptions)).toThrow(
      expect.objectContaining({ code: 'CACHE_BAD_OPTION' }),
    );
  });
});
