import { describe, expect, it } from '@jest/globals';
import { maskSecrets, parseCacheUrl } from '../../../lib/core/cache-url.js';

describe('parseCacheUrl()', () => {
  it.each([
    ['memory://', { backend: 'memory' }],
    [
      'memory://pages?maxEntries=50',
      { backend: 'memory', location: 'pages', options: { maxEntries: 50 } },
    ],
    ['dummy://', { backend: 'dummy' }],
    ['file:///var/cache/a%20b', { backend: 'file', location: '/var/cache/a b' }],
    ['memcached://a:1', { backend: 'memcached', location: 'a:1' }],
    [
      'memcached://a:1,b:2?timeout=60&keyPrefix=x&version=2',
      { backend: 'memcached', location: ['a:1', 'b:2'], timeout: 60, keyPrefix: 'x', version: 2 },
    ],
    ['memcached://[::1]:11211', { backend: 'memcached', location: '[::1]:11211' }],
    ['memcached://user:a%2Cb@c:1', { backend: 'memcached', location: ['user:a,b@c:1'] }],
    ['memcached://user:a%3bb@c:1', { backend: 'memcached', location: ['user:a;b@c:1'] }],
    ['memory://a%2Cb', { backend: 'memory', location: 'a,b' }],
    ['memory://?timeout=null', { backend: 'memory', timeout: null }],
    [
      'memory://?timeout=15m&onError=throw',
      { backend: 'memory', timeout: '15m', onError: 'throw' },
    ],
    ['MEMORY://', { backend: 'memory' }],
  ])('reads %s', (url, options) => {
    expect(parseCacheUrl(url, 'cache "default"')).toEqual(options);
  });

  it.each([
    [undefined, 'undefined'],
    ['', 'empty'],
    ['memory', 'no cache URL'],
    [42, 'no cache URL'],
    ['file:///%zz', 'no cache URL'],
    ['memcached://user:a?s3cret@c:1', '"memcached://user:***@c:1", which is no cache URL'],
  ])('refuses %p', (url, reason) => {
    expect(() => parseCacheUrl(url, 'cache "default"')).toThrow(
      expect.objectContaining({
        code: 'CACHE_BAD_URL',
        message: expect.stringContaining(reason),
      }),
    );
  });
});

describe('maskSecrets()', () => {
  it.each([
    ['memcached://user:s3cret@a:1,b:2', 'memcached://user:***@a:1,b:2'],
    ['memcached://token@a:1', 'memcached://***@a:1'],
    ['user:a@b:1, user:c@d:2', 'user:***@b:1, user:***@d:2'],
    ['10.0.0.1:11211', '10.0.0.1:11211'],
  ])('turns %s into %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });
});
