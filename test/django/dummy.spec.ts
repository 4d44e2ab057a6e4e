import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import { createCache } from '../../lib/create-cache.js';

const NOT_FOUND = { code: 'CACHE_KEY_NOT_FOUND' };
const BAD_KEY = 'key with spaces';

describe('DummyCacheTests', () => {
  let cache: CacheService;
  let strict: CacheService;

  beforeEach(async () => {
    cache = await createCache({ backend: 'dummy' });
    strict = await createCache({ backend: 'dummy', invalidKeys: 'throw' });
  });

  it('a value that was set is not kept [test_simple]', async () => {
    expect(await cache.set('key', 'value')).toBe(true);
    expect(await cache.get('key')).toBeUndefined();
  });

  it('add is always true, and keeps nothing [test_add]', async () => {
    expect(await cache.add('addkey1', 'value')).toBe(true);
    expect(await cache.add('addkey1', 'newvalue')).toBe(true);
    expect(await cache.get('addkey1')).toBeUndefined();
  });

  it('get answers the default [test_non_existent]', async () => {
    expect(await cache.get('does_not_exist')).toBeUndefined();
    expect(await cache.get('does_not_exist', 'bang!')).toBe('bang!');
  });

  it('getMany is always empty [test_get_many]', async () => {
    await cache.setMany({ a: 'a', b: 'b', c: 'c', d: 'd' });

    expect(await cache.getMany(['a', 'c', 'd'])).toEqual(new Map());
    expect(await cache.getMany(['a', 'b', 'e'])).toEqual(new Map());
  });

  it('getMany takes a bad key, or refuses it if told so [test_get_many_invalid_key]', async () => {
    expect(await cache.getMany([BAD_KEY])).toEqual(new Map());
    await expect(strict.getMany([BAD_KEY])).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
  });

  it('delete is always false [test_delete]', async () => {
    await cache.setMany({ key1: 'spam', key2: 'eggs' });

    expect(await cache.get('key1')).toBeUndefined();
    expect(await cache.delete('key1')).toBe(false);
    expect(await cache.get('key2')).toBeUndefined();
  });

  it('has is always false [test_has_key]', async () => {
    await cache.set('hello1', 'goodbye1');

    expect(await cache.has('hello1')).toBe(false);
    expect(await cache.has('goodbye1')).toBe(false);
  });

  it('has is the `in` of other languages [test_in]', async () => {
    await cache.set('hello2', 'goodbye2');

    expect(await cache.has('hello2')).toBe(false);
  });

  it('incr never finds a counter [test_incr]', async () => {
    await cache.set('answer', 42);

    await expect(cache.incr('answer')).rejects.toMatchObject(NOT_FOUND);
    await expect(cache.incr('does_not_exist')).rejects.toMatchObject(NOT_FOUND);
    await expect(cache.incr('does_not_exist', -1)).rejects.toMatchObject(NOT_FOUND);
  });

  it('decr never finds a counter [test_decr]', async () => {
    await cache.set('answer', 42);

    await expect(cache.decr('answer')).rejects.toMatchObject(NOT_FOUND);
    await expect(cache.decr('does_not_exist')).rejects.toMatchObject(NOT_FOUND);
    await expect(cache.decr('does_not_exist', -1)).rejects.toMatchObject(NOT_FOUND);
  });

  it('touch is always false [test_touch]', async () => {
    expect(await cache.touch('whatever')).toBe(false);
    await cache.set('whatever', 1);
    expect(await cache.touch('whatever', 100)).toBe(false);
  });

  it('values of every type are equally forgotten [test_data_types]', async () => {
    for (const value of ['text', 42, true, [1, 2], { A: 1 }, null, new Date(), Buffer.from('b')]) {
      await cache.set('stuff', value);

      expect(await cache.get('stuff')).toBeUndefined();
    }
  });

  it('timeouts have no effect [test_expiration]', async () => {
    await cache.set('expire1', 'very quickly', 1);
    await cache.set('expire2', 'very quickly', null);

    expect(await cache.get('expire1')).toBeUndefined();
    expect(await cache.add('expire2', 'newvalue')).toBe(true);
    expect(await cache.get('expire2')).toBeUndefined();
    expect(await cache.has('expire2')).toBe(false);
  });

  it('Unicode is forgotten too [test_unicode]', async () => {
    await cache.set('Iñtërnâtiônàlizætiøn', '清');

    expect(await cache.get('Iñtërnâtiônàlizætiøn')).toBeUndefined();
  });

  it('setMany names no key [test_set_many]', async () => {
    expect(await cache.setMany({ a: 1, b: 2 })).toEqual([]);
    expect(await cache.setMany({ a: 1, b: 2 }, { timeout: 2, version: 1 })).toEqual([]);
  });

  it('setMany takes a bad key, or refuses it if told so [test_set_many_invalid_key]', async () => {
    expect(await cache.setMany({ [BAD_KEY]: 1 })).toEqual([]);
    await expect(strict.setMany({ [BAD_KEY]: 1 })).rejects.toMatchObject({
      code: 'CACHE_INVALID_KEY',
    });
  });

  it('deleteMany removes nothing [test_delete_many]', async () => {
    await cache.setMany({ a: 1, b: 2 });

    expect(await cache.deleteMany(['a', 'b'])).toBe(0);
  });

  it('deleteMany takes a bad key, or refuses it if told so [test_delete_many_invalid_key]', async () => {
    expect(await cache.deleteMany([BAD_KEY])).toBe(0);
    await expect(strict.deleteMany([BAD_KEY])).rejects.toMatchObject({
      code: 'CACHE_INVALID_KEY',
    });
  });

  it('clear is no error [test_clear]', async () => {
    await expect(cache.clear()).resolves.toBeUndefined();
  });

  it('incrVersion never finds a value [test_incr_version]', async () => {
    await cache.set('answer', 42);

    await expect(cache.incrVersion('answer')).rejects.toMatchObject(NOT_FOUND);
    await expect(cache.incrVersion('does_not_exist')).rejects.toMatchObject(NOT_FOUND);
  });

  it('decrVersion never finds a value [test_decr_version]', async () => {
    await cache.set('answer', 42);

    await expect(cache.decrVersion('answer')).rejects.toMatchObject(NOT_FOUND);
    await expect(cache.decrVersion('does_not_exist')).rejects.toMatchObject(NOT_FOUND);
  });

  it('getOrSet answers the default [test_get_or_set]', async () => {
    expect(await cache.getOrSet('mykey', 'default')).toBe('default');
    expect(await cache.getOrSet('mykey', null)).toBeNull();
  });

  it('getOrSet calls the function each time [test_get_or_set_callable]', async () => {
    let calls = 0;
    const load = (): string => `default ${(calls += 1)}`;

    expect(await cache.getOrSet('mykey', load)).toBe('default 1');
    expect(await cache.getOrSet('mykey', load)).toBe('default 2');
  });
});
