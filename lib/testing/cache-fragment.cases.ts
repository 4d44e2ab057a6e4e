import { fragmentKey } from '../core/fragment-key.js';
import { expectEqual, expectRejection } from './assertions.js';
import type { CacheCase } from './cache-case.js';

/** `fragment()`. */
export const fragmentCases: readonly CacheCase[] = [
  {
    title: 'fragment() renders once for each list that it varies on',
    needs: ['storage'],
    run: async ({ cache }) => {
      let rendered = 0;
      const render = (): string => `<p>${(rendered += 1)}</p>`;

      expectEqual(await cache.fragment('sidebar', ['en', 7], render), '<p>1</p>', 'the first');
      expectEqual(await cache.fragment('sidebar', ['en', 7], render), '<p>1</p>', 'the same');
      expectEqual(await cache.fragment('sidebar', ['en', '7'], render), '<p>2</p>', 'a text');
      expectEqual(await cache.fragment('sidebar', [], render), '<p>3</p>', 'no list');
      expectEqual(await cache.fragment('other', ['en', 7], render), '<p>4</p>', 'another name');
    },
  },
  {
    title: 'a fragment is removed by its key or by its tags, and expires',
    needs: ['storage'],
    run: async ({ cache, life, expire }) => {
      let rendered = 0;
      const render = async (): Promise<number> => (rendered += 1);
      const options = { timeout: 100, tags: ['user:7'] };
      await cache.fragment('sidebar', [7], render, options);

      expectEqual(await cache.delete(fragmentKey('sidebar', [7])), true, 'delete()');
      expectEqual(await cache.fragment('sidebar', [7], render, options), 2, 'after delete()');
      await cache.invalidateTags('user:7');
      expectEqual(await cache.fragment('sidebar', [7], render, life), 3, 'after invalidateTags()');
      await expire();
      expectEqual(await cache.fragment('sidebar', [7], render), 4, 'after it has expired');
    },
  },
  {
    title: 'fragment() rejects for what it cannot vary on, and for the error of its function',
    run: async ({ cache }) => {
      const bad = [undefined] as unknown as string[];
      const error = { name: 'TypeError' };
      await expectRejection(() => cache.fragment('sidebar', bad, () => ''), error, 'fragment()');
      await expectRejection(() => cache.fragment('', [], () => ''), error, 'fragment()');
      await expectRejection(
        () =>
          cache.fragment('sidebar', [], () => {
            throw new RangeError('no');
          }),
        { name: 'RangeError' },
        'fragment()',
      );
    },
  },
];
