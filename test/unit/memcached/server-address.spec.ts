import { describe, expect, it } from '@jest/globals';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';

const names = (location: unknown): string[] =>
  parseLocation(location, 'a test').map(({ name }) => name);

describe('location of memcached', () => {
  it.each([
    ['a string', '10.0.0.1:11211', ['10.0.0.1:11211']],
    ['semicolons [test_location_multiple_servers]', 'a:1;b:2', ['a:1', 'b:2']],
    ['commas [test_location_multiple_servers]', 'a:1,b:2', ['a:1', 'b:2']],
    ['a list [test_location_multiple_servers]', ['a:1', 'b:2'], ['a:1', 'b:2']],
    ['blanks around', ' a:1 ; b:2\n', ['a:1', 'b:2']],
    ['no port', ['localhost', '[::1]'], ['localhost:11211', '[::1]:11211']],
    ['IPv6', '[2001:db8::1]:11212', ['[2001:db8::1]:11212']],
    ['a zone', '[fe80::1%eth0]:1', ['[fe80::1%eth0]:1']],
    ['a unix socket', 'unix:/run/memcached.sock', ['unix:/run/memcached.sock']],
    ['a path', '/run/memcached.sock', ['unix:/run/memcached.sock']],
    ['names with underscores and dashes', 'my_cache-1.local.:1', ['my_cache-1.local.:1']],
  ])('may be %s', (_, location, expected) => {
    expect(names(location)).toEqual(expected);
  });

  it('keeps user and password out of the name', () => {
    const [address] = parseLocation(['user:p@ss:w,rd@cache.example:11211'], 'a test');

    expect(address).toEqual({
      name: 'cache.example:11211',
      node: 'cache.example:11211',
      host: 'cache.example',
      port: 11211,
      credentials: { username: 'user', password: 'p@ss:w,rd' },
    });
  });

  it('names nodes as pymemcache does: without brackets, and a socket by its path', () => {
    const nodes = parseLocation('[::1]:1,unix:/run/m.sock,a', 'a test').map(({ node }) => node);

    expect(nodes).toEqual(['::1:1', '/run/m.sock', 'a:11211']);
  });

  it.each([
    ['nothing', '', 'an entry is empty'],
    ['an empty entry', 'a:1,,b:2', 'an entry is empty'],
    ['an empty list', [], 'it is neither a string nor a list of servers'],
    ['a number', 11211, 'it is neither a string nor a list of servers'],
    ['a number in the list', [11211], 'an entry is not a string'],
    ['no host', ':11211', '":11211" has no usable host'],
    ['no port after the colon', 'a:', '"a:" is no server'],
    ['a port that is no number', 'a:b', '"a:b" is no server'],
    ['port 0', 'a:0', 'the port of "a:0" is not between 1 and 65535'],
    ['port 65536', 'a:65536', 'the port of "a:65536" is not between 1 and 65535'],
    ['a URL', 'memcached://a:1', '"memcached://a:1" is no server'],
    ['a blank inside', 'a b:1', '"a b:1" has no usable host'],
    ['a comma in a list entry', ['a:1,b:2'], '"a:1,b:2" is no server'],
    ['IPv6 without brackets', '::1', 'Write an IPv6 address in brackets: "[::1]:11211".'],
    ['brackets around a name', '[localhost]:1', '"[localhost]:1" has no usable host'],
    ['a server twice', 'a,b,a:11211', 'the server "a:11211" is in it twice'],
  ])('is refused with %s', (_, location, reason) => {
    expect(() => names(location)).toThrow(
      expect.objectContaining({
        code: 'CACHE_BAD_LOCATION',
        message: expect.stringContaining(reason),
      }),
    );
  });

  it.each([
    's3cret@a:1',
    ':s3cret@a:1',
    's3cret:@a:1',
    'user:s3cret@a b:1',
    'user:s3cret,x@a:1',
    'user:x;s3cret y@a',
    'user:x,s3cret!,y@a',
  ])('shows no secret when it is refused: %s', (location) => {
    expect(() => names(location)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') }),
    );
  });
});
