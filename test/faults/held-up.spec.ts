import { afterEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { FileIoMode } from '../../lib/backends/file/index.js';
import { describeWithMemcached } from '../support/memcached.js';
import { filePlaces } from '../support/suite-file.js';
import { CLIENTS, memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import type { CachePlace, PlaceMaker } from '../support/suite-place.js';

// Half of a deadline is left to files after a hold-up, and the machine may be busy.
const DEADLINE_MS = 3_000;
const HELD_UP_MS = 4_000;
const places: CachePlace[] = [];

afterEach(async () => {
  await Promise.all(places.splice(0).map((place) => place.end()));
});

/** A strict cache with a deadline that the hold-up is longer than. */
async function open(maker: PlaceMaker, options: object): Promise<CacheService> {
  const place = maker.make();
  places.push(place);
  const settings = { deadlineMs: DEADLINE_MS, ...options };
  const cache = await place.open({ onError: 'throw', options: settings });
  await cache.setMany({ read: 'stored', old: 'stored', counter: 1 });
  return cache;
}

/** Does nothing, and lets nobody else do anything. */
function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** More calls than are carried out at a time, each of several steps. */
function callsOn(cache: CacheService): Promise<unknown>[] {
  const many = Array.from({ length: 10 }, (_, index) => `k${index}`);
  return [
    cache.get('read'),
    cache.incr('counter'),
    cache.touch('read', 60),
    cache.delete('old'),
    cache.add('new', 'stored'),
    cache.getOrSet('loaded', () => 'stored'),
    ...many.map((key) => cache.set(key, key)),
    ...many.map((key) => cache.get(`missing ${key}`)),
  ];
}

const ANSWERS: unknown[] = [
  'stored',
  2,
  true,
  true,
  true,
  'stored',
  ...Array.from({ length: 10 }, () => true),
  ...Array.from({ length: 10 }, () => undefined),
];

/** What holds where a process is held up for longer than the deadline while calls are under way. */
function itTakesNobodyForSlow(maker: PlaceMaker, options: object): void {
  it('answers each call that was under way', async () => {
    const cache = await open(maker, options);

    const calls = callsOn(cache);
    holdUp(HELD_UP_MS);

    expect(await Promise.all(calls)).toEqual(ANSWERS);
    expect(places[0]!.warnings).toEqual([]);
  });

  it('answers each call that was asked just before it happened a second time', async () => {
    const cache = await open(maker, options);

    const first = callsOn(cache);
    await new Promise((resolve) => setImmediate(resolve));
    holdUp(HELD_UP_MS);
    const second = Array.from({ length: 20 }, () => cache.get('read'));
    holdUp(HELD_UP_MS);

    expect(await Promise.all(first)).toEqual(ANSWERS);
    expect(await Promise.all(second)).toEqual(Array.from({ length: 20 }, () => 'stored'));
    expect(places[0]!.warnings).toEqual([]);
  });
}

describe('a process that is held up for longer than the deadline', () => {
  describe.each<FileIoMode>(['async', 'sync'])('with files and %s io', (io) => {
    itTakesNobodyForSlow(filePlaces, { io });
  });

  describe.each(CLIENTS)('with memcached over %s', (client) => {
    describeWithMemcached('on a server', () => {
      const server = serverForAll();

      itTakesNobodyForSlow(memcachedPlaces(server, client), {});
    });
  });
});
