import { deflateSync, inflateSync } from 'node:zlib';
import { expect } from '@jest/globals';
import type { DjangoTest } from '../support/suite-django.js';

const NOT_FOUND = { code: 'CACHE_KEY_NOT_FOUND' };

/** Django's BaseCacheTests without versions, keys and culling. */
export const baseCacheTests: readonly DjangoTest[] = [
  {
    title: 'a value that was set is read [test_simple]',
    run: async ({ cache }) => {
      await cache.set('key', 'value');

      expect(await cache.get('key')).toBe('value');
    },
  },
  {
    title: 'a stored null is read, not the default [test_default_used_when_none_is_set]',
    run: async ({ cache }) => {
      await cache.set('key_default_none', null);

      expect(await cache.get('key_default_none', 'default')).toBeNull();
    },
  },
  {
    title: 'add does not replace what is there [test_add]',
    run: async ({ cache }) => {
      await cache.set('addkey1', 'value');

      expect(await cache.add('addkey1', 'newvalue')).toBe(false);
      expect(await cache.get('addkey1')).toBe('value');
    },
  },
  {
    title: 'two prefixes do not see each other [test_prefix]',
    run: async ({ cache, open }) => {
      const prefixed = await open({ keyPrefix: 'cacheprefix' });
      await cache.set('somekey', 'value');

      expect(await prefixed.has('somekey')).toBe(false);
      await prefixed.set('somekey', 'value2');
      expect(await cache.get('somekey')).toBe('value');
      expect(await prefixed.get('somekey')).toBe('value2');
    },
  },
  {
    title: 'what does not exist is a miss [test_non_existent]',
    run: async ({ cache }) => {
      expect(await cache.get('does_not_exist')).toBeUndefined();
      expect(await cache.get('does_not_exist', 'bang!')).toBe('bang!');
    },
  },
  {
    title: 'getMany gives what is there, stored nulls too [test_get_many]',
    run: async ({ cache }) => {
      await cache.setMany({ a: 'a', b: 'b', c: 'c', d: 'd' });

      const all = await cache.getMany(['a', 'c', 'd']);
      expect([...all]).toEqual([
        ['a', 'a'],
        ['c', 'c'],
        ['d', 'd'],
      ]);
      expect(Object.fromEntries(await cache.getMany(['a', 'b', 'e']))).toEqual({ a: 'a', b: 'b' });
      expect((await cache.getMany(['a', 'b', 'e'].values())).size).toBe(2);
      await cache.setMany({ x: null, y: 1 });
      expect(Object.fromEntries(await cache.getMany(['x', 'y']))).toEqual({ x: null, y: 1 });
    },
  },
  {
    title: 'delete removes one key and says so [test_delete]',
    run: async ({ cache }) => {
      await cache.setMany({ key1: 'spam', key2: 'eggs' });

      expect(await cache.get('key1')).toBe('spam');
      expect(await cache.delete('key1')).toBe(true);
      expect(await cache.get('key1')).toBeUndefined();
      expect(await cache.get('key2')).toBe('eggs');
    },
  },
  {
    title: 'delete of what is missing is false [test_delete_nonexistent]',
    run: async ({ cache }) => {
      expect(await cache.delete('nonexistent_key')).toBe(false);
    },
  },
  {
    title: 'has tells what is there [test_has_key]',
    run: async ({ cache }) => {
      await cache.set('hello1', 'goodbye1');
      await cache.set('no_expiry', 'here', null);
      await cache.set('null', null);

      expect(await cache.has('hello1')).toBe(true);
      expect(await cache.has('goodbye1')).toBe(false);
      expect(await cache.has('no_expiry')).toBe(true);
      expect(await cache.has('null')).toBe(true);
    },
  },
  {
    title: 'has is the `in` of other languages [test_in]',
    run: async ({ cache }) => {
      await cache.set('hello2', 'goodbye2');
      await cache.set('null', null);

      expect(await cache.has('hello2')).toBe(true);
      expect(await cache.has('goodbye2')).toBe(false);
      expect(await cache.has('null')).toBe(true);
    },
  },
  {
    title: 'incr adds and answers the sum [test_incr]',
    run: async ({ cache }) => {
      await cache.set('answer', 41);

      expect(await cache.incr('answer')).toBe(42);
      expect(await cache.get('answer')).toBe(42);
      expect(await cache.incr('answer', 10)).toBe(52);
      expect(await cache.get('answer')).toBe(52);
      expect(await cache.incr('answer', -10)).toBe(42);
      await expect(cache.incr('does_not_exist')).rejects.toMatchObject(NOT_FOUND);
      await expect(cache.incr('does_not_exist', -1)).rejects.toMatchObject(NOT_FOUND);
      await cache.set('null', null);
      await expect(cache.incr('null')).rejects.toMatchObject({ code: 'CACHE_NOT_AN_INTEGER' });
    },
  },
  {
    title: 'decr subtracts and answers the difference [test_decr]',
    run: async ({ cache }) => {
      await cache.set('answer', 43);

      expect(await cache.decr('answer')).toBe(42);
      expect(await cache.get('answer')).toBe(42);
      expect(await cache.decr('answer', 10)).toBe(32);
      expect(await cache.get('answer')).toBe(32);
      expect(await cache.decr('answer', -10)).toBe(42);
      await expect(cache.decr('does_not_exist')).rejects.toMatchObject(NOT_FOUND);
      await expect(cache.decr('does_not_exist', -1)).rejects.toMatchObject(NOT_FOUND);
      await cache.set('null', null);
      await expect(cache.decr('null')).rejects.toMatchObject({ code: 'CACHE_NOT_AN_INTEGER' });
    },
  },
  {
    title: 'a cache can be closed [test_close]',
    run: async ({ cache }) => {
      await expect(cache.close()).resolves.toBeUndefined();
    },
  },
  {
    title: 'values keep their types [test_data_types]',
    run: async ({ cache }) => {
      const values = {
        string: 'this is a string',
        int: 42,
        bool: true,
        list: [1, 2, 3, 4],
        dict: { A: 1, B: 2 },
        nothing: null,
        float: 1.5,
        date: new Date(0),
        map: new Map([['a', new Set([1])]]),
      };
      for (const [key, value] of Object.entries(values)) {
        await cache.set(key, value);

        expect(await cache.get(key)).toEqual(value);
      }
    },
  },
  {
    title: 'a value that cannot be serialised is refused by add [test_add_fail_on_pickleerror]',
    run: async ({ cache }) => {
      await expect(cache.add('unserialisable', () => 1)).rejects.toMatchObject({
        name: 'CacheSerializationError',
      });
      expect(await cache.has('unserialisable')).toBe(false);
    },
  },
  {
    title: 'a value that cannot be serialised is refused by set [test_set_fail_on_pickleerror]',
    run: async ({ cache }) => {
      await expect(cache.set('unserialisable', Symbol('s'))).rejects.toMatchObject({
        name: 'CacheSerializationError',
      });
      expect(await cache.has('unserialisable')).toBe(false);
    },
  },
  {
    title: 'Unicode in keys and values survives [test_unicode]',
    run: async ({ cache }) => {
      const stuff: Record<string, unknown> = {
        ascii: 'ascii_value',
        unicode_ascii: 'Iñtërnâtiônàlizætiøn1',
        Iñtërnâtiônàlizætiøn: 'Iñtërnâtiônàlizætiøn2',
        ascii2: { x: 1 },
        清: '😀',
      };
      for (const [key, value] of Object.entries(stuff)) {
        await cache.set(key, value);
        expect(await cache.get(key)).toEqual(value);
      }
      for (const [key, value] of Object.entries(stuff)) {
        expect(await cache.delete(key)).toBe(true);
        expect(await cache.add(key, value)).toBe(true);
        expect(await cache.get(key)).toEqual(value);
      }
      await cache.deleteMany(Object.keys(stuff));
      await cache.setMany(stuff);
      expect(Object.fromEntries(await cache.getMany(Object.keys(stuff)))).toEqual(stuff);
    },
  },
  {
    title: 'compressed bytes survive [test_binary_string]',
    run: async ({ cache }) => {
      const compressed = deflateSync('value_to_be_compressed');
      await cache.set('binary1', compressed);
      await cache.add('binary1-add', compressed);
      await cache.setMany({ 'binary1-set_many': compressed });

      for (const key of ['binary1', 'binary1-add', 'binary1-set_many']) {
        const read = await cache.get<Buffer>(key);
        expect(read?.equals(compressed)).toBe(true);
        expect(inflateSync(read!).toString()).toBe('value_to_be_compressed');
      }
    },
  },
  {
    title: 'setMany stores all [test_set_many]',
    run: async ({ cache }) => {
      await cache.setMany({ key1: 'spam', key2: 'eggs' });

      expect(await cache.get('key1')).toBe('spam');
      expect(await cache.get('key2')).toBe('eggs');
    },
  },
  {
    title: 'setMany names no key on success [test_set_many_returns_empty_list_on_success]',
    run: async ({ cache }) => {
      expect(await cache.setMany({ key1: 'spam', key2: 'eggs' })).toEqual([]);
    },
  },
  {
    title: 'setMany of nothing is no error [test_set_many_empty_data]',
    run: async ({ cache }) => {
      expect(await cache.setMany({})).toEqual([]);
    },
  },
  {
    title: 'deleteMany removes the named keys [test_delete_many]',
    run: async ({ cache }) => {
      await cache.setMany({ key1: 'spam', key2: 'eggs', key3: 'ham' });
      await cache.deleteMany(['key1', 'key2']);

      expect(await cache.get('key1')).toBeUndefined();
      expect(await cache.get('key2')).toBeUndefined();
      expect(await cache.get('key3')).toBe('ham');
    },
  },
  {
    title: 'deleteMany of nothing is no error [test_delete_many_no_keys]',
    run: async ({ cache }) => {
      expect(await cache.deleteMany([])).toBe(0);
    },
  },
  {
    title: 'clear removes everything [test_clear]',
    run: async ({ cache }) => {
      await cache.setMany({ key1: 'spam', key2: 'eggs' });
      await cache.clear();

      expect(await cache.get('key1')).toBeUndefined();
      expect(await cache.get('key2')).toBeUndefined();
    },
  },
  {
    title: 'getOrSet stores the default [test_get_or_set]',
    run: async ({ cache }) => {
      expect(await cache.get('projector')).toBeUndefined();
      expect(await cache.getOrSet('projector', 42)).toBe(42);
      expect(await cache.get('projector')).toBe(42);
      expect(await cache.getOrSet('null', null)).toBeNull();
      expect(await cache.get('null', 'default')).toBeNull();
    },
  },
  {
    title: 'getOrSet calls a function for the default [test_get_or_set_callable]',
    run: async ({ cache }) => {
      expect(await cache.getOrSet('mykey', () => 'value')).toBe('value');
      expect(await cache.getOrSet('mykey', 'another')).toBe('value');
      expect(await cache.getOrSet('null', () => null)).toBeNull();
      expect(await cache.get('null', 'default')).toBeNull();
    },
  },
  {
    title: 'getOrSet gives its own value where another was first [test_get_or_set_racing]',
    run: async ({ cache }) => {
      const load = async () => {
        await cache.set('key', 'theirs');
        return 'default';
      };

      expect(await cache.getOrSet('key', load)).toBe('default');
      expect(await cache.get('key')).toBe('theirs');
    },
  },
];
