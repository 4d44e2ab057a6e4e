import { describe, expect, it } from '@jest/globals';
import {
  httpMillisecondsWarnings,
  resolveHttpOptions,
  type HttpOptions,
} from '../../../lib/http/http.options.js';

const resolve = (options: unknown): ReturnType<typeof resolveHttpOptions> =>
  resolveHttpOptions(options as HttpOptions);

describe('resolveHttpOptions()', () => {
  it('has a default for all', () => {
    expect(resolve(undefined)).toEqual({
      cache: undefined,
      keyPrefix: '',
      timeout: undefined,
      statuses: new Set([200, 203, 301, 308]),
      identityCookies: undefined,
      identityHeaders: ['x-api-key', 'x-auth-token', 'proxy-authorization', 'x-amzn-oidc-data'],
      query: undefined,
      maxBodyBytes: 1_048_576,
      trustProxy: false,
      anonymousOnly: true,
      coalesceMs: 10_000,
      cacheStatus: undefined,
      browserMaxAge: 0,
      sMaxAge: undefined,
    });
  });

  it('takes undefined for what is not given', () => {
    const options = Object.fromEntries(
      Object.keys(resolve({})).map((name) => [name === 'coalesceMs' ? 'coalesceTimeout' : name]),
    );

    expect(resolve(options)).toEqual(resolve({}));
  });

  it('settles times as seconds, and names as headers have them', () => {
    expect(
      resolve({
        timeout: '5m',
        coalesceTimeout: '500ms',
        browserMaxAge: '1m',
        sMaxAge: '1h',
        identityHeaders: ['X-Me'],
      }),
    ).toMatchObject({
      timeout: '5m',
      coalesceMs: 500,
      browserMaxAge: 60,
      sMaxAge: 3600,
      identityHeaders: ['x-me'],
    });
    expect(resolve({ browserMaxAge: 'same', timeout: null, coalesceTimeout: 0 })).toMatchObject({
      browserMaxAge: 'same',
      timeout: null,
      coalesceMs: 0,
    });
  });

  it.each<[HttpOptions['cacheStatus'], string | undefined]>([
    [true, 'nestjs-cache-framework'],
    [false, undefined],
    ['Shop-1', 'Shop-1'],
  ])('takes %j as the name in Cache-Status', (cacheStatus, name) => {
    expect(resolve({ cacheStatus }).cacheStatus).toBe(name);
  });

  it.each<[string, unknown, string]>([
    ['cache', 1, 'a string'],
    ['keyPrefix', null, 'a string'],
    ['timeout', '5', 'is not a timeout'],
    ['timeout', Number.NaN, 'is not a timeout'],
    ['statuses', 200, 'a list of some of 200, 203,'],
    ['statuses', [200, 500], '"statuses" in "http" of CacheModule is 500,'],
    ['statuses', [206], 'is 206,'],
    ['statuses', [302], 'is 302,'],
    ['statuses', ['200'], 'is "200",'],
    ['identityCookies', 'sid', 'a list of names'],
    ['identityCookies', [''], 'a list of names'],
    ['identityHeaders', [1], 'a list of names'],
    ['query', 'page', 'a list of names'],
    ['query', [null], 'a list of names'],
    ['maxBodyBytes', -1, 'a whole number of at least 0'],
    ['maxBodyBytes', 1.5, 'a whole number of at least 0'],
    ['maxBodyBytes', '1 MiB', 'a whole number of at least 0'],
    ['trustProxy', 'loopback', 'true or false'],
    ['anonymousOnly', 1, 'true or false'],
    ['coalesceTimeout', null, 'a number of seconds'],
    ['coalesceTimeout', '10', 'is not a timeout'],
    ['cacheStatus', 'my cache', 'a name without blanks'],
    ['cacheStatus', '', 'a name without blanks'],
    ['cacheStatus', 'x\r\nSet-Cookie: a=b', 'a name without blanks'],
    ['browserMaxAge', null, 'a number of seconds'],
    ['browserMaxAge', 'as long as here', 'is not a timeout'],
    ['sMaxAge', 'same', 'is not a timeout'],
    ['sMaxAge', null, 'a number of seconds'],
  ])('refuses %s: %j, by its name', (name, value, allowed) => {
    const refused = (): unknown => resolve({ [name]: value });

    expect(refused).toThrow(expect.objectContaining({ code: 'CACHE_BAD_OPTION' }));
    expect(refused).toThrow(`"${name}"`);
    expect(refused).toThrow(allowed);
  });

  it.each([[null], [true], ['pages'], [5]])('refuses %j in place of options', (options) => {
    expect(() => resolve(options)).toThrow(expect.objectContaining({ code: 'CACHE_BAD_OPTION' }));
  });

  it.each([
    ['timeuot', 'timeout'],
    ['identityCookie', 'identityCookies'],
    ['smaxage', 'sMaxAge'],
  ])('refuses the unknown option "%s", and asks whether "%s" was meant', (given, meant) => {
    const refused = (): unknown => resolve({ [given]: 1 });

    expect(refused).toThrow(expect.objectContaining({ code: 'CACHE_UNKNOWN_OPTION' }));
    expect(refused).toThrow(
      `Unknown option "${given}" in "http" of CacheModule. Did you mean "${meant}"?`,
    );
  });
});

describe('httpMillisecondsWarnings()', () => {
  it('names each time that was probably meant as milliseconds', () => {
    expect(
      httpMillisecondsWarnings({ timeout: 60_000, browserMaxAge: 5000, sMaxAge: '5000s' }),
    ).toEqual([
      expect.stringMatching(/^The timeout 60000 of "timeout" in "http" of CacheModule looks like/),
      expect.stringMatching(/^The timeout 5000 of "browserMaxAge" in "http" of CacheModule looks/),
    ]);
    expect(httpMillisecondsWarnings()).toEqual([]);
  });
});
