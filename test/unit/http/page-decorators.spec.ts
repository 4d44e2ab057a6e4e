import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { CacheControl } from '../../../lib/decorators/cache-control.decorator.js';
import { CachePage } from '../../../lib/decorators/cache-page.decorator.js';
import { Condition } from '../../../lib/decorators/condition.decorator.js';
import { InvalidateTags } from '../../../lib/decorators/invalidate-tags.decorator.js';
import { VaryOn, VaryOnCookie, VaryOnHeaders } from '../../../lib/decorators/vary-on.decorator.js';

describe('wrong options of @CachePage()', () => {
  it.each<[unknown, string]>([
    [{ tag: ['a'] }, 'Unknown option "tag" in @CachePage(). Did you mean "tags"?'],
    [{ tags: 'a' }, '"tags" in @CachePage() is "a", but must be a list of tags'],
    [{ tags: [''] }, '"tags" in @CachePage() is a list'],
    [{ shared: 'yes' }, '"shared" in @CachePage() is "yes", but must be true or false'],
    [{ early: 1 }, '"early" in @CachePage()'],
    [{ cache: 1 }, '"cache" in @CachePage() is 1, but must be a string'],
    [{ keyPrefix: null }, '"keyPrefix" in @CachePage()'],
    [{ unless: true }, '"unless" in @CachePage() is true'],
    [{ staleIfError: null }, '"staleIfError" in @CachePage() is null'],
    [{ staleWhileRevalidate: '1 minute' }, '"1 minute" is not a timeout'],
    [null, '"options" in @CachePage() is null'],
  ])('are refused at once: %j', (options, message) => {
    expect(() => CachePage(60, options as never)).toThrow(message);
  });

  it.each(['15', Number.NaN, undefined])('so is %j, which is no timeout', (timeout) => {
    expect(() => CachePage(timeout as never)).toThrow(TypeError);
  });
});

describe('wrong arguments of decorators', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['@VaryOn()', () => VaryOn(), /needs something to vary on/],
    ['@VaryOn(name)', () => VaryOn('cookie' as never), /but got "cookie"/],
    ['@VaryOn(null)', () => VaryOn(null as never), /but got null/],
    ['@VaryOn(object)', () => VaryOn({ name: 'a' } as never), /but got an object/],
    ['@VaryOn(kind)', () => VaryOn({ kind: 'ip', name: 'a' } as never), /but got an object/],
    ['@VaryOnHeaders()', () => VaryOnHeaders(), /needs something to vary on/],
    ['@VaryOnHeaders(name)', () => VaryOnHeaders('Accept Language'), /cannot be the name/],
    ['@VaryOnCookie()', () => VaryOnCookie(), /needs something to vary on/],
    ['@VaryOnCookie(name)', () => VaryOnCookie('a=b'), /cannot be the name of a cookie/],
    ['@CacheControl(time)', () => CacheControl({ maxAge: '5' as never }), /is not a timeout/],
    ['@CacheControl(name)', () => CacheControl({ 'a b': true }), /cannot be the name/],
    ['@Condition()', () => Condition({}), /needs a function "etag" or "lastModified"/],
    ['@Condition(undefined)', () => Condition(undefined as never), /needs a function/],
    ['@Condition(text)', () => Condition({ etag: '"a"' as never }), /needs a function/],
    ['@InvalidateTags()', () => InvalidateTags(), /needs tags, or functions that give them/],
    ["@InvalidateTags('')", () => InvalidateTags('news', ''), /but got ""/],
    ['@InvalidateTags(list)', () => InvalidateTags(['news'] as never), /but got a list/],
  ])('are refused at once: %s', (_what, decorate, message) => {
    expect(decorate).toThrow(TypeError);
    expect(decorate).toThrow(message);
  });
});
