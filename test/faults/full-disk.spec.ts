import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Controller, Get, Param, UseInterceptors } from '@nestjs/common';
import { CacheInterceptor, type CacheService, createCache } from 'nestjs-cache-framework';
import { file, type FileIoMode } from 'nestjs-cache-framework/backends/file';
import { PLATFORMS, startController } from '../e2e/http/http-app.js';
import { filesBelow } from '../support/file-place.js';
import { describeUnless } from '../support/memcached.js';
import { mountTmpfs, type Tmpfs, tmpfsMissing } from '../support/tmpfs.js';

const MODES: readonly FileIoMode[] = ['async', 'sync'];
const LARGE = 'x'.repeat(200_000);

let disk: Tmpfs;
let cache: CacheService;
let strict: CacheService;
let lines: string[];
let linesAtStart: string[];

/** A cache on the disk. No deadline is met here, however busy the machine is. */
async function open(io: FileIoMode): Promise<void> {
  lines = [];
  const keep = (line: string): void => void lines.push(line);
  cache = await createCache({
    backend: file({ location: disk.directory, io, deadlineMs: 20_000 }),
    logger: { log: keep, warn: keep, error: keep },
  });
  strict = cache.with({ onError: 'throw' });
  linesAtStart = lines.splice(0);
}

/** A value that a disk of 64 KiB has room for some times. */
function large(key: string): string {
  return key.padEnd(3_000, '.');
}

beforeEach(() => {
  disk = mountTmpfs(64);
});
afterEach(async () => {
  await cache.close();
  disk.remove();
});

describeUnless(tmpfsMissing, 'a disk of 64 KiB', () => {
  it.each(MODES)(
    'that has no room makes set() answer false, and keeps neither the old value nor a part of the new one: %s',
    async (io) => {
      await open(io);
      await cache.setMany({ key: 'old', other: 'other' });

      expect(await cache.set('key', LARGE)).toBe(false);
      expect(await strict.set('key', LARGE)).toBe(false);

      expect(await cache.getMany(['key', 'other'])).toEqual(new Map([['other', 'other']]));
      expect(filesBelow(disk.directory).filter((path) => !path.endsWith('.njcache'))).toEqual([]);
      expect(lines).toEqual([
        expect.stringMatching(/^cache "default": there is no room left in ".*": ENOSPC/),
      ]);
    },
  );

  it.each(MODES)(
    'that is full of whole values keeps all that it said it had stored, and no other: %s',
    async (io) => {
      await open(io);
      const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);

      const stored = await Promise.all(keys.map((key) => cache.set(key, large(key))));
      const found = await strict.getMany(keys);

      const kept = keys.filter((_, index) => stored[index]);
      expect([...found]).toEqual(kept.map((key) => [key, large(key)]));
      expect(kept.length).toBeGreaterThan(5);
      expect(kept.length).toBeLessThan(40);
      expect(filesBelow(disk.directory)).toHaveLength(kept.length);
    },
  );

  it.each(MODES)(
    'that is full decides nothing: add() throws, and getOrSet() gives what it loaded: %s',
    async (io) => {
      await open(io);

      await expect(cache.add('key', LARGE)).rejects.toMatchObject({
        name: 'CacheUnavailableError',
        message: expect.stringContaining('ENOSPC'),
      });
      expect(await cache.getOrSet('key', () => LARGE)).toBe(LARGE);
      expect(await cache.has('key')).toBe(false);
      expect(filesBelow(disk.directory)).toEqual([]);
    },
  );

  it.each(MODES)(
    'is used again when there is room, and is said to be full once: %s',
    async (io) => {
      await open(io);
      await cache.set('key', LARGE);

      expect(await cache.set('key', 'small')).toBe(true);
      await cache.set('key', LARGE);

      expect(await cache.set('key', 'small')).toBe(true);
      expect(lines.filter((line) => line.includes('no room'))).toHaveLength(1);
    },
  );

  it.each(MODES)(
    'that can only be read gives what is there, stores nothing, and is told of once each way: %s',
    async (io) => {
      await open(io);
      await cache.set('key', 'stored');
      disk.remount('ro');

      const found = [await cache.get('key'), await cache.get('key')];
      const written = [
        await cache.set('key', 'new'),
        await cache.touch('key', 60),
        await cache.delete('key'),
        await cache.setMany({ one: 1, two: 2 }),
      ];
      await expect(strict.set('key', 'new')).rejects.toMatchObject({
        name: 'CacheUnavailableError',
        code: 'CACHE_UNAVAILABLE',
        message: expect.stringContaining('EROFS'),
      });
      await expect(cache.incr('count', 1, { initial: 0 })).rejects.toMatchObject({
        name: 'CacheUnavailableError',
      });
      const still = await strict.get('key');
      disk.remount('rw');
      await cache.set('key', 'new');

      expect(found).toEqual(['stored', 'stored']);
      expect(written).toEqual([false, false, false, ['one', 'two']]);
      expect(still).toBe('stored');
      expect(await strict.get('key')).toBe('new');
      expect(lines).toEqual([
        expect.stringMatching(/ is away: .*EROFS/),
        expect.stringMatching(/ is back\.$/),
      ]);
    },
  );

  it.each(MODES)('that can only be read at the start is told of then, and read: %s', async (io) => {
    await open(io);
    await cache.set('key', 'stored');
    await cache.close();
    disk.remount('ro');

    await open(io);

    expect(linesAtStart).toEqual([
      expect.stringMatching(
        /^cache "default": ".*" cannot be written to\. Until it can, entries are read but not stored: EROFS/,
      ),
      `cache "default": file ${disk.directory}`,
    ]);
    expect(await strict.get('key')).toBe('stored');
  });

  it.each(PLATFORMS)(
    'that is full lets every page be made and sent whole, on %s',
    async (platform) => {
      @Controller()
      @UseInterceptors(CacheInterceptor)
      class Pages {
        @Get(':size')
        page(@Param('size') size: string): string {
          return 'x'.repeat(Number(size));
        }
      }
      const backend = file({ location: disk.directory, deadlineMs: 20_000 });
      const http = await startController(platform, Pages, { cache: { backend, timeout: 60 } });
      cache = http.cache;

      const answers = [];
      for (const size of [100, 100, 200_000, 200_000, 100])
        answers.push(await http.ask(`/${size}`));
      await http.close();

      expect(answers.map(({ status, cache: found, body }) => [status, found, body.length])).toEqual(
        [
          [200, 'MISS', 100],
          [200, 'HIT', 100],
          [200, 'MISS', 200_000],
          [200, 'MISS', 200_000],
          [200, 'HIT', 100],
        ],
      );
    },
  );
});
