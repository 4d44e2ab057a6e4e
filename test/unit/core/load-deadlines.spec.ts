import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CacheBackend,
  type CacheService,
  CacheUnsupportedError,
  createCache,
  memory,
  type NamedCacheOptions,
} from 'nestjs-cache-framework';
import { chaos, recording, type Recording } from 'nestjs-cache-framework/testing';

const quiet = { log: () => {}, warn: () => {}, error: () => {} };
const never = (): Promise<string> => new Promise(() => {});
const fails = (): Promise<string> => Promise.reject(new Error('no'));
const KEYS = Array.from({ length: 1_000 }, (_, index) => `key-${index}`);
const opened: CacheService[] = [];

async function open(options: NamedCacheOptions = {}): Promise<CacheService> {
  const cache = await createCache({ ...options, logger: quiet });
  opened.push(cache);
  return cache;
}

/** A cache whose backend gives out leases to others, and what it is asked. */
async function openLeased(): Promise<{ cache: CacheService; calls: Recording }> {
  const backend = recording(memory());
  return { cache: await open({ backend }), calls: backend };
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()));
  jest.useRealTimers();
});

/** The name of the error with which a call fails, or its answer. */
function outcome(call: Promise<string>): Promise<string> {
  return call.catch((error: Error) => error.name);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('loads that never end', () => {
  it('fail at 30 seconds, by default, and not before', async () => {
    const cache = await open();
    let failed: unknown;
    const call = cache.getOrSet('key', never).catch((error: unknown) => {
      failed = error;
    });
    await settle();

    await jest.advanceTimersByTimeAsync(29_999);
    expect(failed).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    await call;

    expect(failed).toMatchObject({
      name: 'CacheLoadTimeoutError',
      code: 'CACHE_LOAD_TIMEOUT',
      key: 'key',
      alias: 'default',
      message:
        'The load of "key" in cache "default" did not end within 30 s. Give it more time by "hardTimeout", or let the loader end when its signal is aborted.',
    });
  });

  it(`leave no timer and no lease behind, for ${KEYS.length} keys`, async () => {
    const { cache, calls } = await openLeased();
    const signals: AbortSignal[] = [];
    const before = jest.getTimerCount();
    const outcomes = Promise.allSettled(
      KEYS.map((key) =>
        cache.getOrSet(
          key,
          ({ signal }) => {
            signals.push(signal);
            return never();
          },
          { hardTimeout: 25 },
        ),
      ),
    );
    await settle();
    expect(signals).toHaveLength(KEYS.length);

    await jest.advanceTimersByTimeAsync(25_000);
    const codes = (await outcomes).map(
      (each) => each.status === 'rejected' && (each.reason as { code: string }).code,
    );

    expect(new Set(codes)).toEqual(new Set(['CACHE_LOAD_TIMEOUT']));
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(jest.getTimerCount()).toBe(before);
    expect(calls.callsOf('release')).toHaveLength(KEYS.length);
    const leases = await Promise.all(
      KEYS.map((key) => cache.backend.lease!(cache.makeKey(key), {})),
    );
    expect(leases.filter(({ lease }) => lease)).toHaveLength(KEYS.length);
  });

  it('leave no timer behind where many keys are loaded at once', async () => {
    const cache = await open();
    const before = jest.getTimerCount();
    const loading = cache.getOrSetMany(KEYS, never as never).catch((error: Error) => error.name);
    await settle();
    expect(jest.getTimerCount()).toBe(before + 1);

    await jest.advanceTimersByTimeAsync(30_000);

    expect(await loading).toBe('CacheLoadTimeoutError');
    expect(jest.getTimerCount()).toBe(before);
    expect(await cache.getOrSet(KEYS[7]!, () => 'next')).toBe('next');
  });

  it('fail in their time also where a promise was given instead of a function', async () => {
    const cache = await open();
    const call = outcome(cache.getOrSet('key', never() as unknown as string, { hardTimeout: 5 }));
    await settle();

    await jest.advanceTimersByTimeAsync(5_000);

    expect(await call).toBe('CacheLoadTimeoutError');
  });

  it('go on for ever where the hard timeout is null', async () => {
    const cache = await open();
    const before = jest.getTimerCount();
    const leaving = new AbortController();
    const loading = cache
      .getOrSet('key', never, { hardTimeout: null, signal: leaving.signal })
      .catch((error: Error) => error.name);
    await settle();

    expect(jest.getTimerCount()).toBe(before);
    leaving.abort();

    expect(await loading).toBe('AbortError');
  });

  it('keep who came later no longer than it wants to wait', async () => {
    const cache = await open();
    const first = outcome(cache.getOrSet('key', never, { hardTimeout: 60 }));
    const second = outcome(cache.getOrSet('key', never, { hardTimeout: 10 }));
    await settle();

    await jest.advanceTimersByTimeAsync(10_000);
    expect(await Promise.race([first, second])).toBe('CacheLoadTimeoutError');
    expect(await Promise.race([first, settle()])).toBeUndefined();
    await jest.advanceTimersByTimeAsync(50_000);

    expect(await first).toBe('CacheLoadTimeoutError');
  });
});

describe('a load under a lease', () => {
  it('renews it every third of its time while it runs', async () => {
    const { cache, calls } = await openLeased();
    let end!: (value: string) => void;
    const load = (): Promise<string> =>
      new Promise((resolve) => {
        end = resolve;
      });
    const loading = cache.getOrSet('key', load, 100);
    await settle();

    await jest.advanceTimersByTimeAsync(25_000);
    end('value');

    expect(await loading).toBe('value');
    expect(calls.callsOf('renew')).toHaveLength(7);
    expect(await cache.get('key')).toBe('value');
    await jest.advanceTimersByTimeAsync(25_000);
    expect(calls.callsOf('renew')).toHaveLength(7);
  });

  it('gives it back at once where it fails, or what it brings is not to be stored', async () => {
    const { cache, calls } = await openLeased();
    const loads: Record<string, () => unknown> = {
      fails,
      'brings nothing': () => undefined,
      'brings what cannot be stored': () => Symbol('no'),
    };

    for (const [key, load] of Object.entries(loads)) {
      await cache.getOrSet(key, load, 100).catch(() => undefined);
    }
    await cache.getOrSet('is over at once', () => 1, 0);

    expect(calls.callsOf('lease')).toHaveLength(4);
    expect(calls.callsOf('release')).toHaveLength(4);
    expect(calls.callsOf('fill')).toHaveLength(0);
  });

  it('gives it back when the cache is closed, and stores nothing after that', async () => {
    const { cache, calls } = await openLeased();
    let end!: (value: string) => void;
    const loading = cache.getOrSet('key', () => new Promise<string>((resolve) => (end = resolve)));
    await settle();

    await cache.close();
    end('late');

    expect(await loading).toBe('late');
    expect(calls.callsOf('release')).toHaveLength(1);
    expect(calls.callsOf('fill')).toHaveLength(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is that of whoever asks after a tag was invalidated, who does not wait', async () => {
    const { cache, calls } = await openLeased();
    const options = { timeout: 100, tags: ['tag'] };
    let end!: (value: string) => void;
    const first = cache.getOrSet('key', () => new Promise<string>((resolve) => (end = resolve)), {
      ...options,
    });
    await settle();

    await cache.invalidateTags('tag');
    const second = await cache.getOrSet('key', () => 'new', options);
    end('old');

    expect([await first, second]).toEqual(['old', 'new']);
    expect(await cache.get('key')).toBe('new');
    expect(calls.callsOf('fill')).toHaveLength(1);
    expect(calls.callsOf('lease')).toHaveLength(1);
  });
});

describe('a cache that cannot have leases', () => {
  it('refuses lock: true before it asks anything', async () => {
    const own = recording({
      name: 'own',
      get: async () => undefined,
      set: async () => true,
      add: async () => true,
      touch: async () => false,
      delete: async () => false,
      clear: async () => undefined,
    } satisfies CacheBackend);
    const cache = await open({ backend: own });

    await expect(cache.getOrSet('key', () => 1, { lock: true })).rejects.toMatchObject({
      name: 'CacheUnsupportedError',
      message:
        'The own backend has no lease(), and it cannot be derived from what it has. Leave out "lock": then each process loads once at a time.',
    });
    expect(own.calls).toEqual([]);
    expect(await cache.getOrSet('key', () => 1)).toBe(1);
  });

  it('loads once in each process where the servers give out none, and says so once', async () => {
    const warnings: string[] = [];
    const reason = new CacheUnsupportedError('CACHE_UNSUPPORTED', 'The server is too old.');
    const backend = chaos(memory(), {
      failBefore: 1,
      when: (operation) => operation === 'lease',
      error: () => reason,
    });
    const cache = await createCache({
      backend,
      logger: { ...quiet, warn: (text) => void warnings.push(text) },
    });
    opened.push(cache);

    expect(await cache.getOrSet('one', () => 1, { timeout: 100, staleIfError: 10 })).toBe(1);
    expect(await cache.getOrSet('two', () => 2, 100)).toBe(2);
    expect(await cache.touch('one', 200)).toBe(true);

    expect(warnings).toEqual([
      'cache "default": memory gives out no leases, so each process loads for itself: The server is too old.',
    ]);
    expect(await cache.getMany(['one', 'two'])).toEqual(
      new Map([
        ['one', 1],
        ['two', 2],
      ]),
    );
    await expect(cache.getOrSet('three', () => 3, { lock: true })).rejects.toBe(reason);
  });

  it('loads and returns where only the leases fail, and throws where it is strict', async () => {
    let isDown = false;
    const backend = chaos(memory(), { failBefore: 1, when: (op) => isDown && op === 'lease' });
    const cache = await open({ backend });
    isDown = true;

    expect(await cache.getOrSet('key', () => 'loaded', 100)).toBe('loaded');
    await expect(
      cache.with({ onError: 'throw' }).getOrSet('other', () => 'loaded', 100),
    ).rejects.toMatchObject({ name: 'CacheUnavailableError', operation: 'lease' });
  });

  it('does not wait for a lease of its own whose answer was lost', async () => {
    let isDown = true;
    const backend = chaos(memory(), { failAfter: 1, when: (op) => isDown && op === 'lease' });
    const cache = await open({ backend });
    await expect(cache.getOrSet('key', fails, 100)).rejects.toThrow('no');
    isDown = false;

    expect(await cache.getOrSet('key', () => 'loaded', 100)).toBe('loaded');
    expect(await cache.get('key')).toBe('loaded');
  });
});
