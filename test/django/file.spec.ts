import { mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { DjangoTest } from '../support/suite-django.js';
import { runDjangoTests } from '../support/suite-django.js';
import { filePlaces } from '../support/suite-file.js';
import type { CachePlace } from '../support/suite-place.js';
import { baseCacheCullTests } from './base-cache-cull.tests.js';
import { baseCacheKeyTests } from './base-cache-key.tests.js';
import { baseCacheTimeTests } from './base-cache-time.tests.js';
import { baseCacheVersionTests } from './base-cache-version.tests.js';
import { baseCacheTests } from './base-cache.tests.js';

const fileTests: readonly DjangoTest[] = [
  {
    title: 'clear leaves files of others alone [test_ignores_non_cache_files]',
    run: async ({ place, cache }) => {
      await cache.set('foo', 'bar');
      const [entry] = await filesOf(place);
      const foreign = [join(directoryOf(place), 'not-a-cache-file'), `${entry}.not-ours`];
      for (const path of foreign) await writeFile(path, 'mine');

      await cache.clear();

      expect(await filesOf(place)).toEqual(expect.arrayContaining(foreign));
      expect(await filesOf(place)).toHaveLength(2);
    },
  },
  {
    title: 'clear leaves the directory [test_clear_does_not_remove_cache_dir]',
    run: async ({ place, cache }) => {
      await cache.clear();

      expect((await stat(directoryOf(place))).isDirectory()).toBe(true);
    },
  },
  {
    title: 'set makes the directory again [test_creates_cache_dir_if_nonexistent]',
    run: async ({ place, cache }) => {
      await rm(directoryOf(place), { recursive: true });

      expect(await cache.set('foo', 'bar')).toBe(true);
      expect(await cache.get('foo')).toBe('bar');
    },
  },
  {
    title: 'a file that was deleted behind its back is a miss [test_get_ignores_enoent]',
    run: async ({ place, cache }) => {
      await cache.set('foo', 'bar');
      for (const path of await filesOf(place)) await rm(path);

      expect(await cache.get('foo', 'baz')).toBe('baz');
    },
  },
  {
    title: 'every directory it makes is for its owner only [test_cache_dir_permissions]',
    run: async ({ place, cache }) => {
      await cache.set('foo', 'bar');

      const directories = (
        await readdir(directoryOf(place), { withFileTypes: true, recursive: true })
      )
        .filter((each) => each.isDirectory())
        .map((each) => join(each.parentPath, each.name));
      expect(directories.length).toBeGreaterThan(0);
      for (const path of directories) expect((await stat(path)).mode & 0o777).toBe(0o700);
      for (const path of await filesOf(place)) expect((await stat(path)).mode & 0o777).toBe(0o600);
    },
  },
  {
    title:
      'an error other than a missing file is told, and a miss by default [test_get_does_not_ignore_non_filenotfound_exceptions]',
    run: async ({ place, cache }) => {
      await cache.set('foo', 'bar');
      const [entry] = await filesOf(place);
      const branch = join(entry!, '..');
      await rm(branch, { recursive: true });
      // A file where a directory has to be gives ENOTDIR.
      await writeFile(branch, '');

      await expect(cache.with({ onError: 'throw' }).set('foo', 'baz')).rejects.toMatchObject({
        name: expect.stringMatching(/^Cache(Backend|Unavailable)Error$/) as unknown,
      });
      expect(await cache.set('foo', 'baz')).toBe(false);
    },
  },
  {
    title: 'an empty file is an expired entry [test_empty_cache_file_considered_expired]',
    run: async ({ place, cache }) => {
      await cache.set('foo', 'bar');
      for (const path of await filesOf(place)) await truncate(path);

      expect(await cache.get('foo', 'baz')).toBe('baz');
      expect(await cache.has('foo')).toBe(false);
      expect(await cache.add('foo', 'new')).toBe(true);
    },
  },
  {
    title: 'has is false for a file that is gone [test_has_key_race_handling]',
    run: async ({ place, cache }) => {
      await cache.set('foo', 'bar');
      const answers = await Promise.all([
        ...Array.from({ length: 20 }, () => cache.has('foo')),
        ...(await filesOf(place)).map((path) => rm(path)),
      ]);

      expect(answers.slice(0, 20).every((answer) => typeof answer === 'boolean')).toBe(true);
      expect(await cache.has('foo')).toBe(false);
    },
  },
  {
    title: 'touch gives a new expiry by the clock [test_touch]',
    run: async ({ cache, sleep }) => {
      await cache.set('foo', 'bar', 10);
      await sleep(5);
      expect(await cache.touch('foo', 10)).toBe(true);
      await sleep(9);
      expect(await cache.get('foo')).toBe('bar');
      await sleep(1);
      expect(await cache.get('foo')).toBeUndefined();
      expect(await cache.touch('foo')).toBe(false);
    },
  },
  {
    title: 'a relative location and one that lies deeper work [FileBasedCachePathLibTests]',
    run: async ({ place, open }) => {
      await mkdir(join(directoryOf(place), 'a'), { mode: 0o700 });
      const cache = await open({
        options: { location: join(directoryOf(place), 'a', '..', 'b', 'c') },
      });

      expect(await cache.set('foo', 'bar')).toBe(true);
      expect((await stat(join(directoryOf(place), 'b', 'c'))).mode & 0o777).toBe(0o700);
    },
  },
];

runDjangoTests('BaseCacheTests', filePlaces, [
  ...baseCacheTests,
  ...baseCacheTimeTests,
  ...baseCacheVersionTests,
  ...baseCacheKeyTests,
  ...baseCacheCullTests,
]);

runDjangoTests('FileBasedCacheTests', filePlaces, fileTests);

function directoryOf(place: CachePlace): string {
  return place.directory!;
}

async function filesOf(place: CachePlace): Promise<string[]> {
  const all = await readdir(directoryOf(place), { withFileTypes: true, recursive: true });
  return all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}
