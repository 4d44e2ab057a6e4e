import 'reflect-metadata';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  CACHE_KEY_METADATA,
  CACHE_TTL_METADATA,
  NEVER_CACHE_METADATA,
} from '../../../lib/cache.constants.js';
import { CacheKey } from '../../../lib/decorators/cache-key.decorator.js';
import { CachePage } from '../../../lib/decorators/cache-page.decorator.js';
import { CacheTTL } from '../../../lib/decorators/cache-ttl.decorator.js';
import { NeverCache } from '../../../lib/decorators/never-cache.decorator.js';

const warn = jest.spyOn(Logger, 'warn').mockImplementation(() => {});

const byDay = (): number => 60;
const make = (): string => 'made';

afterEach(() => {
  warn.mockClear();
});

function metadata(name: string, target: { prototype: object }, handler?: string): unknown {
  const marked = handler === undefined ? target : (target.prototype as never)[handler];
  return Reflect.getMetadata(name, marked);
}

describe('@CacheTTL()', () => {
  it('marks handlers and classes', () => {
    @CacheTTL('15m')
    class Cats {
      @CacheTTL(30)
      one(): void {}

      @CacheTTL(byDay)
      other(): void {}
    }

    expect(metadata(CACHE_TTL_METADATA, Cats)).toBe('15m');
    expect(metadata(CACHE_TTL_METADATA, Cats, 'one')).toBe(30);
    expect(metadata(CACHE_TTL_METADATA, Cats, 'other')).toBe(byDay);
  });

  it.each([[0], [-1], [null], [new Date(0)], [1.5]])('takes %j', (timeout) => {
    expect(() => CacheTTL(timeout)).not.toThrow();
  });

  it.each([['1x'], [Number.NaN], [Infinity], ['60'], [undefined], [{}], [true]])(
    'refuses %j at once [W32]',
    (timeout) => {
      expect(() => CacheTTL(timeout as never)).toThrow(TypeError);
    },
  );

  it('warns once for each place where a number looks like milliseconds', () => {
    const ttl = CacheTTL(5000);
    class Cats {
      @ttl
      one(): void {}

      @CacheTTL(3600)
      hour(): void {}
    }

    expect(metadata(CACHE_TTL_METADATA, Cats, 'one')).toBe(5000);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^The timeout 5000 of @CacheTTL\(\) on Cats\.one looks like milliseconds/,
        ),
        'CacheInterceptor',
      ],
    ]);
  });

  it('warns of how long a page may be stale too', () => {
    CachePage(60, { staleIfError: 60_000, staleWhileRevalidate: '60s' });

    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/^The timeout 60000 of "staleIfError" in @CachePage\(\) looks like/),
        'CacheInterceptor',
      ],
    ]);
  });

  it('names the class in that warning if it stands on one', () => {
    @CacheTTL(60_000)
    class Cats {}

    expect(metadata(CACHE_TTL_METADATA, Cats)).toBe(60_000);
    expect(String(warn.mock.calls[0]![0])).toContain('of @CacheTTL() on Cats looks');
  });
});

describe('@CacheKey()', () => {
  it('marks handlers', () => {
    class Cats {
      @CacheKey('cats')
      one(): void {}

      @CacheKey(make)
      other(): void {}
    }

    expect(metadata(CACHE_KEY_METADATA, Cats, 'one')).toBe('cats');
    expect(metadata(CACHE_KEY_METADATA, Cats, 'other')).toBe(make);
  });

  it.each([[''], [1], [null], [undefined], [{}]])('refuses %j', (key) => {
    expect(() => CacheKey(key as never)).toThrow(TypeError);
  });

  it('refuses to stand on a class, and says where it belongs [W34]', () => {
    class Cats {}

    expect(() => {
      (CacheKey('cats') as unknown as ClassDecorator)(Cats);
    }).toThrow(
      new TypeError(
        '@CacheKey() stands on the class Cats. Put it on a handler: one key for all handlers of a class would mix up their pages.',
      ),
    );
  });
});

describe('@NeverCache()', () => {
  it('marks handlers and classes', () => {
    @NeverCache()
    class Health {
      @NeverCache()
      check(): void {}
    }

    expect(metadata(NEVER_CACHE_METADATA, Health)).toBe(true);
    expect(metadata(NEVER_CACHE_METADATA, Health, 'check')).toBe(true);
  });
});
