import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createCache, type CacheService, type Payload, type Ttl } from 'nestjs-cache-framework';
import { type FakeClock, fakeClock } from 'nestjs-cache-framework/testing';
import { shelf, TimedShelfBackend } from '../../support/suite-shelf.js';

const MOST_CALLS = 1_000;
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const TAGGED = { timeout: 100, tags: ['tag'] };

/** What fails of the first attempt to remove an invalidated entry, once it is this caller's turn. */
type Failing = 'the look' | 'all';

/** A cache with an invalidated entry, whose removal failed after it was begun. */
async function afterFailure(failing: Failing): Promise<{ cache: CacheService; clock: FakeClock }> {
  let isFailing = false;
  let isFirst = true;
  let calls = 0;
  class Backend extends TimedShelfBackend {
    override async add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
      const isAdded = await super.add(key, payload, ttl);
      if (key.startsWith('~dead') && isFirst) isFailing = true;
      return isAdded;
    }

    override async get(key: string): Promise<Payload | undefined> {
      calls += 1;
      if (calls > MOST_CALLS) throw new Error('It was asked without end.');
      const fails = isFailing;
      if (failing === 'the look') isFailing = false;
      if (fails) throw new Error('It failed.');
      return super.get(key);
    }

    override async delete(key: string): Promise<boolean> {
      if (isFailing) throw new Error('It failed.');
      return super.delete(key);
    }
  }
  const clock = fakeClock();
  const cache = await createCache({ backend: shelf(Backend), clock, logger: SILENT });
  await cache.set('key', 'old', TAGGED);
  await cache.invalidateTags('tag');
  await expect(cache.add('key', 'new', 100)).rejects.toMatchObject({ code: 'CACHE_BACKEND' });
  isFailing = false;
  isFirst = false;
  return { cache, clock };
}

describe('an invalidated entry whose removal failed halfway', () => {
  it('is removed by the next who tries, at once', async () => {
    const { cache } = await afterFailure('the look');

    expect(await cache.add('key', 'newer', 100)).toBe(true);
    expect(await cache.get('key')).toBe('newer');
  });

  it('is left alone for ten seconds if nothing more could be done', async () => {
    const { cache, clock } = await afterFailure('all');

    expect(await cache.add('key', 'newer', 100)).toBe(false);
    clock.advance(10);
    expect(await cache.add('key', 'newer', 100)).toBe(true);
  });

  it('is waited for by a counter that begins in its place, which asks now and then', async () => {
    const { cache, clock } = await afterFailure('all');

    const counting = cache.incr('key', 1, { initial: 0, timeout: 100 });
    await setImmediate();
    clock.advance(10);

    expect(await counting).toBe(1);
  });
});
