import type { CacheService } from '../core/cache.service.js';
import { expectEqual, expectRejection, expectTrue } from './assertions.js';
import type { CacheCase } from './cache-case.js';

const VALUES: Readonly<Record<string, unknown>> = {
  text: 'text',
  integer: 7,
  bytes: new Uint8Array([0, 1, 255]),
  'empty bytes': new Uint8Array(0),
  'a plain tree': { list: [1, { deep: null }] },
  'a tree with types': { at: new Date(0), many: new Map([['a', 1n]]) },
  null: null,
};

/** Every way to ask whether a key has a value. */
async function absentEverywhere(cache: CacheService, key: string): Promise<void> {
  expectEqual(await cache.get(key), undefined, 'get()');
  expectEqual(await cache.has(key), false, 'has()');
  expectEqual(await cache.getMany([key]), new Map(), 'getMany()');
  expectEqual(await cache.touch(key, 100), false, 'touch()');
  expectEqual(await cache.get(key), undefined, 'get() after touch()');
  expectEqual(await cache.pull(key), undefined, 'pull()');
  await expectRejection(
    () => cache.incrVersion(key, 1, { timeout: 100 }),
    { name: 'CacheKeyNotFoundError' },
    'incrVersion()',
  );
}

/** Tags. */
export const tagCases: readonly CacheCase[] = [
  {
    title: 'a value with tags is given back equal, whatever its type',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      for (const [name, value] of Object.entries(VALUES)) {
        await cache.set(name, value, { timeout: 100, tags: ['one', 'two'] });
      }

      for (const [name, value] of Object.entries(VALUES)) {
        const expected = value instanceof Uint8Array ? Buffer.from(value) : value;
        expectEqual(await cache.get(name), expected, `get() of ${name}`);
        expectEqual(await other.get(name), expected, `get() of ${name} by another`);
        expectEqual(await other.get(name, undefined, { tags: ['one'] }), expected, 'with a hint');
      }
      expectEqual((await other.getMany(Object.keys(VALUES))).size, 7, 'getMany()');
    },
  },
  {
    title: 'invalidateTags() takes every value that bears one of the tags, and no other',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('a', 1, { timeout: 100, tags: ['red'] });
      await cache.set('b', 2, { timeout: 100, tags: ['red', 'round'] });
      await cache.set('c', 3, { timeout: 100, tags: ['round'] });
      await cache.set('d', 4, { timeout: 100, tags: ['blue'] });
      await cache.set('e', 5, 100);

      await cache.invalidateTags('red');

      expectEqual(
        await cache.getMany(['a', 'b', 'c', 'd', 'e']),
        new Map([
          ['c', 3],
          ['d', 4],
          ['e', 5],
        ]),
        'getMany()',
      );

      await cache.invalidateTags('round', 'blue');

      expectEqual(await cache.getMany(['a', 'b', 'c', 'd', 'e']), new Map([['e', 5]]), 'getMany()');
    },
  },
  {
    title: 'an invalidated value is absent for every operation',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      await cache.set('key', 'value', { timeout: 100, tags: ['tag'] });
      await other.get('key');

      await cache.invalidateTags('tag');

      await absentEverywhere(cache, 'key');
      await absentEverywhere(other, 'key');
      await absentEverywhere(await open({}), 'key');
    },
  },
  {
    title: 'touch() that removes knows no invalidated value',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('live', 'value', { timeout: 100, tags: ['other'] });
      await cache.set('gone', 'value', { timeout: 100, tags: ['tag'] });
      await cache.invalidateTags('tag');

      expectEqual(await cache.touch('gone', 0), false, 'touch() of the invalidated one');
      expectEqual(await cache.touch('live', 0), true, 'touch() of the live one');

      expectEqual(await cache.get('live'), undefined, 'get()');
    },
  },
  {
    title: 'ttl() knows no invalidated value',
    needs: ['storage', 'ttl'],
    run: async ({ cache }) => {
      await cache.set('key', 'value', { timeout: 100, tags: ['tag'] });
      expectTrue((await cache.ttl('key'))! > 90, 'it has time left');

      await cache.invalidateTags('tag');

      expectEqual(await cache.ttl('key'), undefined, 'ttl()');
    },
  },
  {
    title: 'add() takes the place of an invalidated value, once',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', 'old', { timeout: 100, tags: ['tag'] });
      expectEqual(await cache.add('key', 'new', 100), false, 'add() before');

      await cache.invalidateTags('tag');

      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((value) => cache.add('key', value, 100)),
      );
      expectEqual(answers.filter(Boolean).length, 1, 'how many added it');
      const winner = ['a', 'b', 'c', 'd'][answers.indexOf(true)];
      expectEqual(await cache.get('key'), winner, 'get()');
    },
  },
  {
    title: 'add() stores a value with tags',
    needs: ['storage'],
    run: async ({ cache }) => {
      expectEqual(await cache.add('key', 1, { timeout: 100, tags: ['tag'] }), true, 'add()');
      expectEqual(await cache.get('key'), 1, 'get()');

      await cache.invalidateTags('tag');

      await absentEverywhere(cache, 'key');
    },
  },
  {
    title: 'setMany() gives all its values the tags',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      await cache.setMany({ a: 1, b: 'two' }, { timeout: 100, tags: ['tag'] });
      expectEqual((await other.getMany(['a', 'b'], { tags: ['tag'] })).size, 2, 'getMany()');

      await cache.invalidateTags('tag');

      expectEqual(await other.getMany(['a', 'b'], { tags: ['tag'] }), new Map(), 'getMany()');
    },
  },
  {
    title: 'a value that is stored again lives, with the tags it has now',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      await cache.set('key', 'old', { timeout: 100, tags: ['old'] });
      await other.get('key');
      await cache.invalidateTags('old');
      await cache.set('key', 'new', { timeout: 100, tags: ['new'] });

      expectEqual(await cache.get('key'), 'new', 'get()');
      expectEqual(await other.get('key'), 'new', 'get() by another');

      await cache.invalidateTags('old');
      expectEqual(await other.get('key'), 'new', 'get() after its old tag was invalidated');

      await cache.set('key', 'bare', 100);
      await cache.invalidateTags('new');
      expectEqual(await other.get('key'), 'bare', 'get() without tags');
    },
  },
  {
    title: 'a value keeps its tags when it is moved to another version or touched',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', 'value', { timeout: 100, tags: ['tag'] });
      expectEqual(await cache.touch('key', 200), true, 'touch()');
      await cache.incrVersion('key', 1, { timeout: 100 });
      expectEqual(await cache.get('key', undefined, { version: 2 }), 'value', 'get()');

      await cache.invalidateTags('tag');

      expectEqual(await cache.get('key', undefined, { version: 2 }), undefined, 'get()');
    },
  },
  {
    title: 'tags of caches with different prefixes do not meet',
    needs: ['storage'],
    run: async ({ open }) => {
      const shop = await open({ keyPrefix: 'shop' });
      const blog = await open({ keyPrefix: 'blog' });
      await shop.set('key', 1, { timeout: 100, tags: ['tag'] });
      await blog.set('key', 2, { timeout: 100, tags: ['tag'] });

      await shop.invalidateTags('tag');

      expectEqual(await shop.get('key'), undefined, 'get()');
      expectEqual(await blog.get('key'), 2, 'get() with the other prefix');
    },
  },
  {
    title: 'a tag may be any text',
    needs: ['storage'],
    run: async ({ cache }) => {
      const tags = ['a b', 'line\r\nend', 'é', '\ud800', '~tag', 'x'.repeat(1000), '__proto__'];
      await Promise.all(tags.map((tag) => cache.set(tag, tag, { timeout: 100, tags: [tag] })));
      expectEqual((await cache.getMany(tags)).size, tags.length, 'how many there are');

      for (const [index, tag] of tags.entries()) {
        await cache.invalidateTags(tag);
        expectEqual((await cache.getMany(tags)).size, tags.length - 1 - index, `left after ${tag}`);
      }
    },
  },
  {
    title: 'tags that are no list of non-empty texts are refused before anything is stored',
    needs: ['storage'],
    run: async ({ cache }) => {
      for (const tags of ['user:7', [''], [7], {}, null] as unknown as string[][]) {
        const error = { name: 'TypeError' };
        await expectRejection(() => cache.set('key', 1, { timeout: 100, tags }), error, 'set()');
        await expectRejection(() => cache.add('key', 1, { tags }), error, 'add()');
        await expectRejection(() => cache.setMany({ key: 1 }, { tags }), error, 'setMany()');
        await expectRejection(() => cache.getOrSet('key', 1, { tags }), error, 'getOrSet()');
        await expectRejection(() => cache.get('key', 0, { tags }), error, 'get()');
        await expectRejection(() => cache.getMany(['key'], { tags }), error, 'getMany()');
        await expectRejection(() => cache.holdTags(tags), error, 'holdTags()');
      }
      await expectRejection(() => cache.invalidateTags(''), { name: 'TypeError' }, 'invalidate()');
      expectEqual(await cache.has('key'), false, 'has()');
    },
  },
  {
    title: 'a value with no tags in its list bears none',
    needs: ['storage', 'incr'],
    run: async ({ cache }) => {
      await cache.set('key', 1, { timeout: 100, tags: [] });

      expectEqual(await cache.incr('key'), 2, 'incr()');
    },
  },
  {
    title: 'counters bear no tags',
    needs: ['storage', 'incr'],
    run: async ({ cache }) => {
      const options = { initial: 0, timeout: 100, tags: ['tag'] };
      await expectRejection(() => cache.incr('key', 1, options), { name: 'TypeError' }, 'incr()');
      await cache.set('key', 1, { timeout: 100, tags: ['tag'] });
      await expectRejection(() => cache.incr('key'), { name: 'CacheTypeError' }, 'incr() of one');

      await cache.invalidateTags('tag');

      await expectRejection(() => cache.incr('key'), { name: 'CacheKeyNotFoundError' }, 'incr()');
      expectEqual(await cache.incr('key', 1, { initial: 5 }), 6, 'incr() with a beginning');
      expectEqual(await cache.get('key'), 6, 'get()');
    },
  },
  {
    title: 'a value that was made under held tags is not served if one was invalidated meanwhile',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      const early = await cache.holdTags(['tag', 'more']);
      await cache.set('before', 1, { timeout: 100, tags: early });
      expectEqual(await other.get('before'), 1, 'get() before');

      await other.invalidateTags('more');
      await cache.set('late', 2, { timeout: 100, tags: early });

      expectEqual(await cache.get('before'), undefined, 'get() after');
      expectEqual(await cache.get('late'), undefined, 'get() of what came late');
      expectEqual(await other.get('late'), undefined, 'get() of what came late by another');
      const held = await cache.holdTags(['tag', 'more']);
      await cache.set('late', 3, { timeout: 100, tags: held });
      expectEqual(await other.get('late'), 3, 'get() of what was made afterwards');
    },
  },
  {
    title: 'getOrSet() does not serve what it loaded while a tag was invalidated',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      const load = async (): Promise<string> => {
        await other.invalidateTags('tag');
        return 'from before';
      };

      const answer = await cache.getOrSet('key', load, { timeout: 100, tags: ['tag'] });

      expectEqual(answer, 'from before', 'getOrSet()');
      expectEqual(await cache.get('key'), undefined, 'get()');
      expectEqual(
        await cache.getOrSet('key', 'fresh', { timeout: 100, tags: ['tag'] }),
        'fresh',
        '',
      );
      expectEqual(await other.get('key'), 'fresh', 'get() of what was loaded later');
      await other.invalidateTags('tag');
      expectEqual(await cache.getOrSet('key', 'again'), 'again', 'getOrSet()');
    },
  },
  {
    title: 'getOrSet() takes tags from the loaded value',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      await cache.invalidateTags('user:7');
      await cache.getOrSet('key', () => ({ owner: 7 }), {
        timeout: 100,
        tags: ({ owner }) => [`user:${owner}`],
      });
      expectEqual(await other.get('key'), { owner: 7 }, 'get()');

      await other.invalidateTags('user:7');

      expectEqual(await cache.get('key'), undefined, 'get() after');
    },
  },
  {
    title: 'getOrSet() does not store a value whose own tag was invalidated while it was loaded',
    needs: ['storage'],
    run: async ({ cache, open }) => {
      const other = await open({});
      const load = async (): Promise<string> => {
        await other.invalidateTags('tag');
        return 'from before';
      };

      const answer = await cache.getOrSet('key', load, { timeout: 100, tags: () => ['tag'] });

      expectEqual(answer, 'from before', 'getOrSet()');
      expectEqual(await cache.get('key'), undefined, 'get()');
    },
  },
  {
    title: 'clear() takes the values with tags, and what is stored afterwards lives',
    needs: ['storage'],
    run: async ({ cache }) => {
      await cache.set('key', 1, { timeout: 100, tags: ['tag'] });

      await cache.clear();

      expectEqual(await cache.get('key'), undefined, 'get()');
      await cache.set('key', 2, { timeout: 100, tags: ['tag'] });
      expectEqual(await cache.get('key'), 2, 'get() of what was stored afterwards');
    },
  },
];
