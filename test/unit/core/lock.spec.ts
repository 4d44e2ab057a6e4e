import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type BackendLock,
  type CacheBackend,
  type CacheOperationEvent,
  type CacheService,
  CACHE_OPERATION_CHANNEL,
  createCache,
} from 'nestjs-cache-framework';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ShelfBackend } from '../../support/suite-shelf.js';

/** A backend whose locks do what a test says. */
class LockingBackend extends ShelfBackend {
  override readonly name = 'locking';
  readonly deadlineMs = 20_000;
  asked = 0;
  taken: () => Promise<boolean> = async () => true;
  extended: () => Promise<boolean> = async () => true;
  released: () => Promise<boolean> = async () => true;

  async lock(): Promise<BackendLock | undefined> {
    this.asked += 1;
    if (!(await this.taken())) return undefined;
    return { extend: () => this.extended(), release: () => this.released() };
  }
}

const down = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));

let backend: LockingBackend;
let cache: CacheService;
let warnings: string[];

beforeEach(async () => {
  warnings = [];
  backend = new LockingBackend('', { now: () => 0 }, new Map());
  const warn = (text: string): void => {
    warnings.push(text);
  };
  cache = await createCache({
    backend: backend as CacheBackend,
    logger: { log: () => undefined, warn, error: warn },
  });
});
afterEach(() => cache.close());

describe('a cache whose backend fails', () => {
  it('throws from lock(), extend() and release(), although it forgives reads', async () => {
    const lock = await cache.lock('key', 10);
    backend.taken = down;
    backend.extended = down;
    backend.released = down;

    const failure = { name: 'CacheUnavailableError', key: ':1:key', backend: 'locking' };
    await expect(cache.lock('key', 10)).rejects.toMatchObject({ ...failure, operation: 'lock' });
    await expect(cache.lock('key', 10, { wait: 60 })).rejects.toMatchObject(failure);
    await expect(lock!.extend(10)).rejects.toMatchObject({ ...failure, operation: 'extend' });
    await expect(lock!.release()).rejects.toMatchObject({ ...failure, operation: 'release' });
    await expect(cache.withLock('key', 10, () => 1)).rejects.toMatchObject(failure);
  });

  it('gives what the work under a lock gave, and logs that the lock could not be given back', async () => {
    backend.released = down;

    expect(await cache.withLock('key', 10, () => 'done')).toBe('done');

    expect(warnings.filter((each) => each.includes('could not be given back'))).toEqual([
      expect.stringContaining('The lock "key" of cache "default"'),
    ]);
  });
});

describe('withLock()', () => {
  it('logs a lock that ended before the work did', async () => {
    backend.released = async () => false;

    expect(await cache.withLock('key', 10, () => 'done')).toBe('done');

    expect(warnings).toEqual([expect.stringContaining('ended before the work under it did')]);
  });

  it('says nothing if the work gave the lock back itself', async () => {
    let releases = 0;
    backend.released = async () => (releases += 1) === 1;

    await cache.withLock('key', 10, (lock) => lock.release());

    expect(releases).toBe(1);
    expect(warnings).toEqual([]);
  });

  it('names the key, the cache and how long it waited in its error', async () => {
    backend.taken = async () => false;

    await expect(cache.withLock('key', 10, () => 1, { wait: '10ms' })).rejects.toMatchObject({
      name: 'CacheLockedError',
      code: 'CACHE_LOCKED',
      alias: 'default',
      backend: 'locking',
      operation: 'withLock',
      key: 'key',
      message: expect.stringContaining('was not free within 10ms'),
    });
  });
});

describe('lock()', () => {
  it('asks once if it is not to wait, and at least twice if it is', async () => {
    backend.taken = async () => false;

    await cache.lock('key', 10);
    expect(backend.asked).toBe(1);
    await cache.lock('key', 10, { wait: 0.5 });
    expect(backend.asked).toBeGreaterThanOrEqual(3);
  });

  it('gives back a lock that it is given after its signal was aborted', async () => {
    const aborter = new AbortController();
    let releases = 0;
    backend.taken = async () => {
      aborter.abort();
      return true;
    };
    backend.released = async () => Boolean((releases += 1));

    const asking = cache.lock('key', 10, { signal: aborter.signal });

    await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    expect(releases).toBe(1);
  });

  it('asks nothing with a signal that is aborted already', async () => {
    await expect(cache.lock('key', 10, { signal: AbortSignal.abort() })).rejects.toThrow();

    expect(backend.asked).toBe(0);
  });

  it('stops waiting when the cache is closed', async () => {
    backend.taken = async () => false;
    const waiting = cache.lock('key', 10, { wait: 60 });
    await turn();

    await cache.close();

    await expect(waiting).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('publishes what came of it', async () => {
    const events: string[] = [];
    const note = (event: unknown): void => {
      const { operation, result } = event as CacheOperationEvent;
      events.push(`${operation} ${result}`);
    };
    subscribe(CACHE_OPERATION_CHANNEL, note);

    try {
      const lock = await cache.lock('key', 10);
      await lock!.extend(10);
      await lock!.release();
      backend.taken = async () => false;
      await cache.lock('key', 10);
    } finally {
      unsubscribe(CACHE_OPERATION_CHANNEL, note);
    }

    expect(events).toEqual(['lock done', 'extend done', 'release done', 'lock refused']);
  });
});
