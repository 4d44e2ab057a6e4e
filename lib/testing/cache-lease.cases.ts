import { expectEqual, expectRejection, expectTrue } from './assertions.js';
import type { CacheCase } from './cache-case.js';
import { heldLoad } from './held-load.js';

const needs = ['storage', 'lease'] as const;
const OPTIONS = { timeout: 100, lock: true } as const;

/** `getOrSet()` of several caches over one place, as several processes have them. */
export const leaseCases: readonly CacheCase[] = [
  {
    title: 'of fifty callers of two caches one loads, and all get its value',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      let calls = 0;
      const load = async (): Promise<string> => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return `call ${calls}`;
      };

      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 === 0 ? cache : other).getOrSet('key', load, OPTIONS),
        ),
      );

      expectEqual(calls, 1, 'how often it was called');
      expectEqual([...new Set(answers)], ['call 1'], 'the answers');
    },
  },
  {
    title: 'with tags, too, one loads',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      const { load, begunBy, end } = heldLoad('value');
      const options = { ...OPTIONS, tags: ['tag'] };
      const first = cache.getOrSet('key', load, options);
      await begunBy(first);

      const second = other.getOrSet('key', () => 'of another', options);
      end();

      expectEqual(await Promise.all([first, second]), ['value', 'value'], 'the answers');
      await other.invalidateTags('tag');
      expectEqual(await cache.get('key'), undefined, 'get() after invalidateTags()');
      expectEqual(await cache.getOrSet('key', () => 'new', options), 'new', 'getOrSet() after it');
      expectEqual(await other.get('key'), 'new', 'get() of the other');
    },
  },
  {
    title: 'a delete() by another cache keeps what is being loaded from being stored',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      const { load, begunBy, end } = heldLoad('old');
      const loading = cache.getOrSet('key', load, OPTIONS);
      await begunBy(loading);

      await other.delete('key');
      end();

      expectEqual(await loading, 'old', 'getOrSet()');
      expectEqual(await cache.get('key'), undefined, 'get()');
      expectEqual(await other.getOrSet('key', () => 'new', OPTIONS), 'new', 'the next call');
      expectEqual(await cache.get('key'), 'new', 'get() in the end');
    },
  },
  {
    title: 'a load that fails lets the next who waits load',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      const failing = heldLoad(undefined);
      const first = cache
        .getOrSet('key', () => failing.load().then(() => Promise.reject(new Error('no'))), OPTIONS)
        .catch((error: Error) => error.message);
      await failing.begunBy(first);
      const second = other.getOrSet('key', () => 'works', OPTIONS);

      failing.end();

      expectEqual(await Promise.all([first, second]), ['no', 'works'], 'the answers');
      expectEqual(await cache.get('key'), 'works', 'get()');
    },
  },
  {
    title: 'what may not be stored is loaded by each in turn',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      let calls = 0;
      const load = (): undefined => void (calls += 1);

      const answers = await Promise.all([
        cache.getOrSet('key', load, OPTIONS),
        other.getOrSet('key', load, OPTIONS),
      ]);

      expectEqual([answers, calls], [[undefined, undefined], 2], 'the answers and calls');
    },
  },
  {
    title: 'who waits for another cache no longer than its time gets an error',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      const { load, begunBy, end } = heldLoad('value');
      const loading = cache.getOrSet('key', load, OPTIONS);
      await begunBy(loading);

      await expectRejection(
        () => other.getOrSet('key', () => 'unused', { ...OPTIONS, hardTimeout: '20ms' }),
        { code: 'CACHE_LOAD_TIMEOUT' },
        'getOrSet()',
      );
      end();

      expectEqual(await loading, 'value', 'getOrSet() of the first');
    },
  },
  {
    title: 'with lock: false each cache loads for itself',
    needs,
    run: async ({ cache, open }) => {
      const other = await open({});
      const { load, begunBy, end } = heldLoad('first');
      const first = cache.getOrSet('key', load, { ...OPTIONS, lock: false });
      await begunBy(first);

      const second = await other.getOrSet('key', () => 'second', { ...OPTIONS, lock: false });
      end();

      expectEqual([await first, second], ['first', 'second'], 'the answers');
      expectEqual(await cache.get('key'), 'second', 'get()');
    },
  },
  {
    title: 'a strict view and a forgiving one load once together',
    needs,
    run: async ({ cache }) => {
      const { load, begunBy, end } = heldLoad('value');
      const first = cache.with({ onError: 'miss' }).getOrSet('key', load, OPTIONS);
      await begunBy(first);

      const second = cache.with({ onError: 'throw' }).getOrSet('key', () => 'unused', OPTIONS);
      end();

      expectEqual(await Promise.all([first, second]), ['value', 'value'], 'the answers');
    },
  },
  {
    title: 'what nobody can read is replaced',
    needs,
    run: async ({ cache }) => {
      await cache.backend.set(cache.makeKey('key'), { flags: 99, data: 'what?' }, 100);

      expectEqual(await cache.getOrSet('key', () => 'new', OPTIONS), 'new', 'getOrSet()');

      expectTrue((await cache.get('key')) === 'new', 'it is there for others');
    },
  },
];
