import type { CacheService } from '../core/cache.service.js';
import { expectEqual, expectRejection } from './assertions.js';
import type { CacheCase } from './cache-case.js';
import { heldLoad } from './held-load.js';

const needs = ['storage'] as const;
const fails = (): Promise<string> => Promise.reject(new Error('no'));

/** Waits until the background has stored a value. */
async function untilStored(cache: CacheService, key: string, value: unknown): Promise<void> {
  for (let tries = 0; (await cache.get(key)) !== value; tries += 1) {
    if (tries === 400) throw new Error(`"${key}" was not loaded again in the background.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Values that are given out after their timeout. */
export const staleCases: readonly CacheCase[] = [
  {
    title: 'a value is given out while it is loaded again, once, in the background',
    needs,
    run: async ({ cache, life, expire }) => {
      const options = { timeout: life, staleWhileRevalidate: 1000 };
      await cache.getOrSet('key', () => 'old', options);
      await expire();
      const { load, begun, end } = heldLoad('new');
      let calls = 0;
      const reload = (): Promise<string> => {
        calls += 1;
        return load();
      };

      const answers: string[] = [];
      for (let call = 0; call < 10; call += 1) {
        answers.push(await cache.getOrSet('key', reload, options));
      }
      await begun;
      answers.push(await cache.getOrSet('key', reload, options));
      end();
      await untilStored(cache, 'key', 'new');

      expectEqual([...new Set(answers)], ['old'], 'the answers meanwhile');
      expectEqual(calls, 1, 'how often it was loaded again');
      expectEqual(await cache.getOrSet('key', reload, options), 'new', 'getOrSet() afterwards');
    },
  },
  {
    title: 'what is over is a miss for everybody else, although it is kept',
    needs,
    run: async ({ cache, open, life, expire }) => {
      const other = await open({});
      await cache.getOrSet('key', () => 'old', { timeout: life, staleIfError: 1000 });
      expectEqual(await other.get('key'), 'old', 'get() in time');

      await expire();

      for (const each of [cache, other]) {
        expectEqual(await each.get('key'), undefined, 'get()');
        expectEqual(await each.has('key'), false, 'has()');
        expectEqual(await each.getMany(['key']), new Map(), 'getMany()');
        expectEqual(await each.touch('key', 100), false, 'touch()');
        expectEqual(await each.pull('key'), undefined, 'pull()');
      }
      expectEqual(await other.getOrSet('key', () => 'new', 100), 'new', 'getOrSet() without it');
      expectEqual(await cache.get('key'), 'new', 'get() of what that stored');
    },
  },
  {
    title: 'add() takes the place of what is over',
    needs,
    run: async ({ cache, life, expire }) => {
      await cache.getOrSet('key', () => 'old', { timeout: life, staleIfError: 1000 });
      await expire();

      expectEqual(await cache.add('key', 'added', 100), true, 'add()');

      expectEqual(await cache.get('key'), 'added', 'get()');
    },
  },
  {
    title: 'ttl() tells how long a value is fresh',
    needs: ['storage', 'ttl'],
    run: async ({ cache, life }) => {
      await cache.getOrSet('key', () => 'value', { timeout: life, staleWhileRevalidate: 1000 });

      const ttl = (await cache.ttl('key'))!;

      expectEqual(ttl > life - 2 && ttl <= life, true, `ttl(), which answers ${ttl}`);
    },
  },
  {
    title: 'touch() makes a value fresh for as long as it says',
    needs,
    run: async ({ cache, life, expire }) => {
      await cache.getOrSet('key', () => 'value', { timeout: life, staleWhileRevalidate: 1000 });

      expectEqual(await cache.touch('key', 1000), true, 'touch()');
      await expire();

      expectEqual(await cache.get('key'), 'value', 'get()');
    },
  },
  {
    title: 'touch() makes a value that could be given out later one that never expires',
    needs,
    run: async ({ cache, life, expire }) => {
      const stale = { staleWhileRevalidate: 1000, staleIfError: 1000 };
      await cache.getOrSet('key', () => 'value', { timeout: life, ...stale });
      await cache.getOrSet('tagged', () => 'value', { timeout: life, ...stale, tags: ['tag'] });

      expectEqual(await cache.touch('key', null), true, 'touch()');
      expectEqual(await cache.touch('tagged', null), true, 'touch() of one with tags');
      await expire();

      expectEqual(await cache.get('key'), 'value', 'get()');
      expectEqual(await cache.get('tagged'), 'value', 'get() of one with tags');
    },
  },
  {
    title: 'a value is given out if it cannot be loaded again, and that is not tried each time',
    needs,
    run: async ({ cache, life, expire }) => {
      const options = { timeout: life, staleIfError: 1000 };
      await cache.getOrSet('key', () => 'old', options);
      await expire();
      let calls = 0;
      const load = (): Promise<string> => {
        calls += 1;
        return fails();
      };

      for (let call = 0; call < 10; call += 1) {
        expectEqual(await cache.getOrSet('key', load, options), 'old', 'getOrSet()');
      }
      const tried = calls;
      await expire();
      const works = await cache.getOrSet('key', () => 'new', options);

      expectEqual(tried, 1, 'how often it was tried');
      expectEqual(works, 'new', 'getOrSet() when it works again');
      expectEqual(await cache.get('key'), 'new', 'get()');
    },
  },
  {
    title: 'other caches over the place do not try either what has just failed',
    needs: ['storage', 'lease'],
    run: async ({ cache, open, life, expire }) => {
      const other = await open({});
      const options = { timeout: life, staleIfError: 1000, lock: true };
      await cache.getOrSet('key', () => 'old', options);
      await expire();
      await cache.getOrSet('key', fails, options);
      let calls = 0;

      const answer = await other.getOrSet('key', () => `call ${(calls += 1)}`, options);

      expectEqual([answer, calls], ['old', 0], 'the answer and the calls');
    },
  },
  {
    title: 'who does not say that it takes what is over gets the error',
    needs,
    run: async ({ cache, life, expire }) => {
      await cache.getOrSet('key', () => 'old', { timeout: life, staleIfError: 1000 });
      await expire();

      await expectRejection(
        () => cache.getOrSet('key', fails, life),
        { name: 'Error' },
        'getOrSet',
      );
    },
  },
  {
    title: 'what was deleted is not given out, whatever its options said',
    needs,
    run: async ({ cache, life, expire }) => {
      const options = { timeout: life, staleIfError: 1000, staleWhileRevalidate: 1000 };
      await cache.getOrSet('key', () => 'old', options);
      await expire();

      await cache.delete('key');

      await expectRejection(() => cache.getOrSet('key', fails, options), {}, 'getOrSet()');
      expectEqual(await cache.getOrSet('key', () => 'new', options), 'new', 'the next call');
    },
  },
  {
    title: 'what had a tag invalidated is not given out',
    needs,
    run: async ({ cache, open, life, expire }) => {
      const other = await open({});
      const stale = { staleIfError: 1000, staleWhileRevalidate: 1000 };
      const options = { timeout: life, ...stale, tags: ['tag'] };
      await cache.getOrSet('key', () => 'old', options);
      await expire();

      await other.invalidateTags('tag');

      await expectRejection(() => cache.getOrSet('key', fails, options), {}, 'getOrSet()');
      expectEqual(await cache.getOrSet('key', () => 'new', options), 'new', 'the next call');
    },
  },
  ...['the same cache', 'another cache'].map((who): CacheCase => ({
    title: `what ${who} deletes while it is loaded again stays deleted`,
    needs,
    run: async ({ cache, open, life, expire }) => {
      const deleter = who === 'the same cache' ? cache : await open({});
      const options = { timeout: life, staleWhileRevalidate: 1000 };
      await cache.getOrSet('key', () => 'old', options);
      await expire();
      const { load, begun, end } = heldLoad('reloaded');
      await cache.getOrSet('key', load, options);
      await begun;

      await deleter.delete('key');
      end();
      // Long enough for what must not happen.
      await new Promise((resolve) => setTimeout(resolve, 50));

      expectEqual(await cache.get('key'), undefined, 'get()');
      expectEqual(await cache.getOrSet('key', () => 'next', options), 'next', 'getOrSet()');
    },
  })),
  {
    title: 'what is set while it is loaded again stays',
    needs,
    run: async ({ cache, open, life, expire }) => {
      const other = await open({});
      const options = { timeout: life, staleWhileRevalidate: 1000 };
      await cache.getOrSet('key', () => 'old', options);
      await expire();
      const { load, begun, end } = heldLoad('reloaded');
      await cache.getOrSet('key', load, options);
      await begun;

      await other.set('key', 'set', 1000);
      end();
      await new Promise((resolve) => setTimeout(resolve, 50));

      expectEqual(await cache.get('key'), 'set', 'get()');
    },
  },
  {
    title: 'a loaded null lives as long as negativeTimeout says',
    needs,
    run: async ({ cache, life, expire }) => {
      const options = { timeout: 1000, negativeTimeout: life };
      await cache.getOrSet('none', () => null, options);
      await cache.getOrSet('some', () => 'value', options);
      await cache.getOrSet('never', () => null, { timeout: 1000, negativeTimeout: 0 });
      expectEqual(await cache.get('none', 'a miss'), null, 'get() of null in time');
      expectEqual(await cache.has('never'), false, 'has() of what is not stored');

      await expire();

      expectEqual(await cache.has('none'), false, 'has() of null');
      expectEqual(await cache.get('some'), 'value', 'get() of a value');
    },
  },
  ...[-0.1, 1.1, Number.NaN, 'often', null].map((jitter): CacheCase => ({
    title: `a jitter of ${typeof jitter === 'number' ? jitter : JSON.stringify(jitter)} is a TypeError`,
    run: async ({ cache }) => {
      await expectRejection(
        () => cache.getOrSet('key', 1, { jitter: jitter as number }),
        { name: 'TypeError' },
        'getOrSet()',
      );
    },
  })),
];
