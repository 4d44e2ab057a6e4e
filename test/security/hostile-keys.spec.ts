import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { Timeout } from '../../lib/core/timeout.js';
import { HOSTILE_KEYS } from '../../lib/testing/hostile-keys.js';
import { describeWithMemcached, rawCommand } from '../support/memcached.js';
import { filePlaces } from '../support/suite-file.js';
import { memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import type { CachePlace } from '../support/suite-place.js';

const KEYS = [...Object.values(HOSTILE_KEYS), 'a\ud800', '\udfff'];
const HOSTILE_PREFIXES = [
  '../up',
  '/etc',
  'a\r\nflush_all',
  'a\0b',
  '__proto__',
  'x'.repeat(300),
  '..',
  ' ',
];

describe('keys in files', () => {
  it('reach nothing outside of the directory, whatever the key or the prefix', async () => {
    const place = filePlaces.make();
    const location = join(place.directory!, 'one', 'two', 'cache');
    await mkdir(location, { recursive: true, mode: 0o700 });
    await writeFile(join(place.directory!, 'one', 'x'), 'mine');
    const before = await outside(place.directory!, location);

    for (const keyPrefix of ['', ...HOSTILE_PREFIXES]) {
      const cache = await place.open({ keyPrefix, options: { location } });
      await useEveryKey(cache);
      await cache.clear();
    }

    expect(await outside(place.directory!, location)).toEqual(before);
    expect(await readFile(join(place.directory!, 'one', 'x'), 'utf8')).toBe('mine');
    await place.end();
  });

  it('are names of hex digits only, so that no file system can confuse them', async () => {
    const place = filePlaces.make();
    const cache = await place.open();
    await cache.setMany(
      KEYS.map((key, index) => [key, index] as const),
      null,
    );

    const names = (await readdir(place.directory!, { withFileTypes: true, recursive: true }))
      .filter((each) => each.isFile())
      .map(({ name }) => name);
    expect(names).toHaveLength(KEYS.length);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{64}\.njcache$/);
    await place.end();
  });
});

describe('keys in memory', () => {
  it('touch no prototype', async () => {
    const place = memoryPlaces.make();
    for (const keyPrefix of ['', ...HOSTILE_PREFIXES]) {
      await useEveryKey(await place.open({ keyPrefix }));
    }

    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    await place.end();
  });
});

describe('values', () => {
  it('touch no prototype and revive no class, whatever a payload says', async () => {
    const place = memoryPlaces.make();
    const cache = await place.open();
    const payloads = [
      '{"__proto__":{"polluted":1}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      '[["__proto__",{"polluted":1}]]',
    ];
    for (const [index, data] of payloads.entries()) {
      for (const flags of [16 | 256, 16 | 512]) {
        await cache.backend.set(`:1:k${index}`, { flags, data }, null);
        const value = await cache.get<object>(`k${index}`);
        const isPlain = [Object.prototype, Array.prototype, undefined].includes(
          value === undefined ? value : (Object.getPrototypeOf(value) as object),
        );
        expect([data, flags, isPlain]).toEqual([data, flags, true]);
      }
    }

    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    await place.end();
  });
});

describeWithMemcached('keys on memcached', () => {
  const server = serverForAll();

  it('say nothing to the server, whatever the key or the prefix', async () => {
    const place = memcachedPlaces(server).make();
    await rawCommand(server().port, 'set canary 0 0 4\r\nmine');
    for (const keyPrefix of ['', ...HOSTILE_PREFIXES]) {
      await useEveryKey(await place.open({ keyPrefix }));
    }

    expect(await rawCommand(server().port, 'get canary')).toContain('mine');
    expect(await rawCommand(server().port, 'get pwn')).toBe('END\r\n');
    expect(await rawCommand(server().port, 'stats')).toMatch(/STAT cmd_flush 0\r\n/);
    const keys = await keysOn(server().port);
    expect(keys.length).toBeGreaterThan(100);
    for (const key of keys.filter((each) => each !== 'canary')) {
      expect(key).toMatch(new RegExp(`^~?[\\x21-\\x7e]*${place.prefix}`));
    }
    await place.end();
  });

  it('are not followed by commands in numbers', async () => {
    const place = memcachedPlaces(server).make();
    const cache = await place.open();
    await cache.set('n', 1);

    await refusesCommandsInNumbers(cache);

    expect(await cache.get('n')).toBe(1);
    expect(await rawCommand(server().port, 'stats')).toMatch(/STAT cmd_flush 0\r\n/);
    await place.end();
  });
});

describe.each([memoryPlaces, filePlaces])('numbers that are text on $backend', (places) => {
  it('are refused before anything is done', async () => {
    const place: CachePlace = places.make();
    const cache = await place.open();
    await cache.set('n', 1);

    await refusesCommandsInNumbers(cache);

    expect(await cache.get('n')).toBe(1);
    await place.end();
  });
});

async function refusesCommandsInNumbers(cache: CacheService): Promise<void> {
  const text = '1\r\nflush_all\r\n';
  const number = text as unknown as number;
  const refusal = { name: 'TypeError' };
  await expect(cache.set('n', 2, text as unknown as Timeout)).rejects.toMatchObject(refusal);
  await expect(cache.touch('n', text as unknown as Timeout)).rejects.toMatchObject(refusal);
  await expect(cache.incr('n', number)).rejects.toMatchObject(refusal);
  await expect(cache.decr('n', number)).rejects.toMatchObject(refusal);
  await expect(cache.incr('new', 1, { initial: number })).rejects.toMatchObject(refusal);
  await expect(cache.get('n', undefined, { version: number })).rejects.toMatchObject(refusal);
  await expect(cache.incrVersion('n', number)).rejects.toMatchObject(refusal);
}

/** Sets, reads and counts under every key, and removes half of them. */
async function useEveryKey(cache: CacheService): Promise<void> {
  const entries = new Map(KEYS.map((key, index) => [key, index]));
  expect(await cache.setMany(entries)).toEqual([]);
  expect(await cache.getMany(KEYS)).toEqual(entries);
  for (const [key, index] of entries) {
    expect(await cache.get(key)).toBe(index);
    expect(await cache.incr(key)).toBe(index + 1);
    if (index % 2) expect(await cache.delete(key)).toBe(true);
  }
}

/** All that lies beside the directory of the cache. */
async function outside(root: string, location: string): Promise<string[]> {
  const all = await readdir(root, { withFileTypes: true, recursive: true });
  return all
    .map((each) => join(each.parentPath, each.name))
    .filter((path) => !path.startsWith(`${location}/`))
    .toSorted();
}

/** The keys that the server holds. It answers this command at leisure, so its own end is waited for. */
async function keysOn(port: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write('lru_crawler metadump all\r\n');
  let dump = '';
  for await (const chunk of socket) {
    dump += String(chunk);
    if (dump.endsWith('END\r\n')) break;
  }
  return [...dump.matchAll(/^key=(\S+) /gm)].map((line) => decodeURIComponent(line[1]!));
}
