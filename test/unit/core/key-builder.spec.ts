import { describe, expect, it } from '@jest/globals';
import {
  KeyBuilder,
  MEMCACHED_KEY_LIMITS,
  type KeyBuilderOptions,
} from '../../../lib/core/key-builder.js';

function builder(options: Partial<KeyBuilderOptions> = {}): KeyBuilder {
  return new KeyBuilder({
    alias: 'default',
    keyPrefix: '',
    version: 1,
    invalidKeys: 'hash',
    ...options,
  });
}

describe('KeyBuilder', () => {
  it("builds Django's prefix:version:key", () => {
    expect(builder().build('k')).toBe(':1:k');
    expect(builder({ keyPrefix: 'shop', version: 2 }).build('k')).toBe('shop:2:k');
    expect(builder({ keyPrefix: 'shop' }).build('k', 7)).toBe('shop:7:k');
  });

  it.each(['0', '42', '4294967294', '16777215'])(
    'never makes a key that is a number, which V8 would hash by its value',
    (key) => {
      const made = builder().build(key);

      expect(made).not.toMatch(/^\d+$/);
      expect(made.endsWith(key)).toBe(true);
    },
  );

  it('takes version 0', () => {
    expect(builder().build('k', 0)).toBe(':0:k');
  });

  it('hands key, prefix and version to a key function', () => {
    const keys = builder({
      keyPrefix: 'p',
      version: 3,
      keyFunction: (key, keyPrefix, version) => `django:${keyPrefix}-${version}-${key}`,
    });

    expect(keys.build('username')).toBe('django:p-3-username');
  });

  it.each([['a:1'], ['site:2:x'], ['x:y:007']])('refuses the keyPrefix "%s"', (keyPrefix) => {
    expect(() => builder({ keyPrefix })).toThrow(
      expect.objectContaining({ code: 'CACHE_BAD_PREFIX' }),
    );
  });

  it.each([['site:prod'], ['1'], ['a'], ['1:a']])('takes the keyPrefix "%s"', (keyPrefix) => {
    expect(builder({ keyPrefix }).build('k')).toBe(`${keyPrefix}:1:k`);
  });

  it('takes any keyPrefix beside a key function', () => {
    expect(
      builder({ keyPrefix: 'a:1', keyFunction: (key, prefix) => prefix + key }).build('k'),
    ).toBe('a:1k');
  });

  it.each([[''], [42], [null], [undefined], [{}]])(
    'refuses %p as a key with a TypeError',
    (key) => {
      expect(() => builder().build(key as string)).toThrow(TypeError);
    },
  );

  it.each([[-1], [1.5], ['beta'], [NaN], [null]])('refuses %p as a version', (version) => {
    expect(() => builder().build('k', version as number)).toThrow(TypeError);
    expect(() => builder({ version: version as number })).toThrow(
      expect.objectContaining({ code: 'CACHE_BAD_OPTION' }),
    );
  });

  it('replaces a key that breaks the limits by a legal and unique one', () => {
    const keys = builder({ limits: MEMCACHED_KEY_LIMITS });
    const bad = ['a b', 'a\r\nset pwn 0 0 1', 'x'.repeat(248), 'é'.repeat(124), 'tab\t', 'nul\0'];

    const built = bad.map((key) => keys.build(key));

    expect(new Set(built).size).toBe(bad.length);
    for (const key of built) {
      expect(key).toMatch(/^[\x21-\x7e]+~[0-9a-f]{64}$/);
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(250);
    }
  });

  it('counts bytes, not characters', () => {
    const keys = builder({ limits: MEMCACHED_KEY_LIMITS });

    expect(keys.build('x'.repeat(247))).toBe(`:1:${'x'.repeat(247)}`);
    expect(keys.build('é'.repeat(123))).toBe(`:1:${'é'.repeat(123)}`);
    expect(keys.build('é'.repeat(124))).toMatch(/~[0-9a-f]{64}$/);
  });

  it('never lets a user key look like a replaced one', () => {
    const keys = builder({ limits: MEMCACHED_KEY_LIMITS, keyFunction: (key) => key });
    const replaced = keys.build('a b');

    expect(keys.build(replaced)).not.toBe(replaced);
    expect(keys.build('~own')).toMatch(/^_own~[0-9a-f]{64}$/);
  });

  it('keeps ill-formed UTF-16 keys apart on every backend', () => {
    for (const limits of [undefined, MEMCACHED_KEY_LIMITS]) {
      const keys = builder({ limits });

      const built = ['\ud800', '\ud801', '\udc00', '\ufffd'].map((key) => keys.build(key));

      expect(new Set(built).size).toBe(4);
      for (const key of built) expect(key.isWellFormed()).toBe(true);
    }
  });

  it("throws in 'throw' mode, by memcached's limits also where the backend has none", () => {
    const keys = builder({ invalidKeys: 'throw' });

    for (const key of ['a b', 'x'.repeat(248), 'a\n', '\ud800']) {
      expect(() => keys.build(key)).toThrow(expect.objectContaining({ code: 'CACHE_INVALID_KEY' }));
    }
    expect(keys.build('fine')).toBe(':1:fine');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
      'boom',
    ],
    ['returns undefined', () => undefined, 'type undefined'],
    ['returns an empty string', () => '', 'an empty string'],
    ['returns a promise', () => Promise.resolve('x'), 'type object'],
  ])('fails clearly when the key function %s', (_, keyFunction, reason) => {
    const keys = builder({ keyFunction: keyFunction as () => string });

    expect(() => keys.build('k')).toThrow(
      expect.objectContaining({
        code: 'CACHE_INVALID_KEY',
        message: expect.stringContaining(reason),
      }),
    );
  });

  it('keeps the stamps of tags and namespaces under keys that every backend takes', () => {
    const limits = { maxBytes: 100, printableOnly: true };
    const texts = ['tag', 'a b', 'é', '\ud800', '', 'x'.repeat(100), 'x'.repeat(10_000)];

    for (const keyPrefix of ['', 'shop', 'é', 'y'.repeat(300)]) {
      const keys = builder({ keyPrefix, limits });
      for (const key of texts.flatMap((each) => [keys.tagKey(each), keys.namespaceKey(each)])) {
        expect(key).toMatch(/^~(tag|ns):[\x21-\x7e]{1,95}$/);
      }
    }
  });

  it('never lets two of these keys meet, nor one of them and a key of a user', () => {
    const parts = ['', 'a', 'a:b', '1:a', ':', '~', 'a:', 'x'.repeat(300)];
    const seen = new Set<string>();
    const users = new Set<string>();

    for (const keyPrefix of parts.filter((part) => !part.includes('1:'))) {
      const keys = builder({ keyPrefix });
      for (const part of parts) {
        seen.add(keys.tagKey(part));
        seen.add(keys.namespaceKey(part));
        seen.add(keys.reserved('in', `${keyPrefix.length}:${keyPrefix}:${part}`));
      }
    }
    const bare = builder({ keyFunction: (key) => key });
    for (const key of seen) users.add(bare.build(key));

    expect(seen.size).toBe(7 * parts.length * 3);
    expect([...users].filter((key) => seen.has(key))).toEqual([]);
  });
});
