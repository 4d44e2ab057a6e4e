import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  CACHE_OPERATION_CHANNEL,
  type CacheBackend,
  type CacheOperationEvent,
  type CacheService,
  createCache,
  type LoadOptions,
  memory,
} from 'nestjs-cache-framework';
import { type FakeClock, fakeClock, recording } from 'nestjs-cache-framework/testing';
import { heldLoad } from '../../../lib/testing/held-load.js';

const fails = (): Promise<string> => Promise.reject(new Error('away'));
const nothing = (): undefined => undefined;
const never = (): Promise<string> => new Promise(() => {});

let clock: FakeClock;
let warnings: string[];
let cache: CacheService;
let drawn: number;

const logger = {
  log: () => {},
  warn: (text: string) => void warnings.push(text),
  error: () => {},
};

beforeEach(async () => {
  clock = fakeClock();
  warnings = [];
  drawn = 0;
  cache = await createCache({ clock, logger, random: () => drawn });
});
afterEach(() => cache.close());

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a minute in which nothing can be loaded, under 500 requests a second', () => {
  it.each([
    { timeout: 5, most: 12 },
    { timeout: 0.2, most: 60 },
    { timeout: 60, most: 6 },
  ])('is no error, and loads $most times at most after $timeout seconds', async (given) => {
    const options = { timeout: given.timeout, staleIfError: '5m' } as const;
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(given.timeout);
    let loads = 0;
    const load = (): Promise<string> => {
      loads += 1;
      return Promise.reject(new Error('the database is away'));
    };

    const answers = new Map<unknown, number>();
    for (let request = 0; request < 30_000; request += 1) {
      const answer = await cache.getOrSet('key', load, options).catch((error: unknown) => error);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      clock.advance(0.002);
    }

    expect([...answers]).toEqual([['old', 30_000]]);
    expect(loads).toBeGreaterThan(1);
    expect(loads).toBeLessThanOrEqual(given.most);
    expect(warnings).toHaveLength(1);
  });
});

describe('a minute of 1,000 requests a second on a value that is fresh for 2 seconds', () => {
  it('loads it 30 times, and nobody waits for that after the first time', async () => {
    const options = { timeout: 2, staleWhileRevalidate: 2 };
    let loads = 0;
    const load = (): string => `load ${(loads += 1)}`;

    let stale = 0;
    for (let request = 0; request < 60_000; request += 1) {
      const known = loads;
      const answer = await cache.getOrSet('key', load, options);
      if (request > 0 && answer !== `load ${known}` && answer !== `load ${known - 1}`) stale += 1;
      clock.advance(0.001);
    }

    expect(loads).toBeGreaterThanOrEqual(29);
    expect(loads).toBeLessThanOrEqual(31);
    expect(stale).toBe(0);
  });
});

describe('a value that could not be loaded again in the background', () => {
  it('is told by one line and by an event, and is given out', async () => {
    const events: CacheOperationEvent[] = [];
    const onEvent = (event: unknown): void => void events.push(event as CacheOperationEvent);
    const options = { timeout: 10, staleWhileRevalidate: 900 };
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(10);
    subscribe(CACHE_OPERATION_CHANNEL, onEvent);

    const answers: string[] = [];
    for (let call = 0; call < 3; call += 1) {
      answers.push(await cache.getOrSet('key', fails, options));
      await settle();
    }
    unsubscribe(CACHE_OPERATION_CHANNEL, onEvent);

    expect(answers).toEqual(['old', 'old', 'old']);
    expect(warnings).toEqual([
      'cache "default": a value could not be loaded again, so the old one is given out: away.',
    ]);
    expect(events.map(({ operation, result }) => [operation, result])).toEqual([
      ['getOrSet', 'hit'],
      ['reload', 'error'],
      ['getOrSet', 'hit'],
      ['getOrSet', 'hit'],
    ]);
  });

  it('is given out no longer than staleWhileRevalidate and staleIfError say', async () => {
    const options = { timeout: 10, staleWhileRevalidate: 20, staleIfError: 40 };
    await cache.getOrSet('key', () => 'old', options);

    clock.advance(49);
    expect(await cache.getOrSet('key', fails, options)).toBe('old');
    clock.advance(1);

    await expect(cache.getOrSet('key', fails, options)).rejects.toThrow('away');
  });

  it('is not loaded once more by a loader that asks for its own key', async () => {
    const options = { timeout: 10, staleIfError: 900 };
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(10);

    const call = cache.getOrSet('key', () => cache.getOrSet('key', () => 'x', options), options);

    await expect(call).rejects.toMatchObject({ code: 'CACHE_DEADLOCK' });
  });
});

describe('a value that is loaded again and turns out to be gone', () => {
  it.each([
    ['undefined', nothing, {}],
    ['a null that is not stored', () => null, { negativeTimeout: 0 }],
    [
      'what is stored for no time',
      () => 'gone',
      { timeout: (value: unknown) => +(value === 'old') },
    ],
    ['what cannot be stored', () => nothing, {}],
  ])('is not given out again: %s', async (_, gone, more) => {
    for (const backend of ['memory', recording(memory())] as const) {
      const each = await createCache({ backend, clock, logger });
      const options: LoadOptions<unknown> = { timeout: 1, staleIfError: '1h', ...more };
      await each.getOrSet('key', () => 'old', options);
      await each.getOrSet('behind', () => 'old', { ...options, staleWhileRevalidate: '1h' });
      clock.advance(1);

      expect(await each.getOrSet('key', gone, options)).toBe(gone());
      await each.getOrSet('behind', gone, { ...options, staleWhileRevalidate: '1h' });
      await settle();

      await expect(each.getOrSet('key', fails, options)).rejects.toThrow('away');
      await expect(each.getOrSet('behind', fails, options)).rejects.toThrow('away');
      await each.close();
    }
  });
});

describe('a caller who has less time than the load of another', () => {
  const options = { timeout: 1, staleIfError: '1h' } as const;

  it('gets the old value, and the other goes on', async () => {
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(1);
    const { load, begun, end } = heldLoad('new');
    const other = cache.getOrSet('key', load, options);
    await begun;

    const answer = await cache.getOrSet('key', never, { ...options, hardTimeout: '50ms' });
    end();

    expect(answer).toBe('old');
    expect(await other).toBe('new');
  });

  it('gets the old value where another cache over the place loads', async () => {
    const place = recording(memory());
    const first = await createCache({ backend: place, clock, logger });
    // The same place, which that cache does not close.
    const second = await createCache({
      backend: Object.assign(Object.create(first.backend) as CacheBackend, {
        close: () => Promise.resolve(),
      }),
      clock,
      logger,
    });
    await first.getOrSet('key', () => 'old', options);
    clock.advance(1);
    const { load, begun, end } = heldLoad('new');
    const other = first.getOrSet('key', load, options);
    await begun;

    const answer = await second.getOrSet('key', never, { ...options, hardTimeout: '50ms' });
    end();

    expect(answer).toBe('old');
    expect(await other).toBe('new');
    await second.close();
    await first.close();
  });

  it('gets the error if the value was deleted meanwhile', async () => {
    await cache.getOrSet('key', () => 'old', options);
    clock.advance(1);
    const call = cache.getOrSet('key', never, { ...options, hardTimeout: '50ms' });
    const { load, begun, end } = heldLoad('new');
    await cache.delete('key');
    const other = cache.getOrSet('key', load, options);
    await begun;

    await expect(call).rejects.toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
    end();
    await other;
  });
});

describe('a caller who takes nothing stale', () => {
  it('is given nothing stale by a flight that another began', async () => {
    const backend = recording(memory());
    const shared = await createCache({ backend, clock, logger });
    const options = { timeout: 10, staleWhileRevalidate: 900 };
    await shared.getOrSet('key', () => 'old', options);
    clock.advance(10);

    const [one, other] = await Promise.all([
      shared.getOrSet('key', () => new Promise<string>(() => {}), options),
      shared.getOrSet('key', () => 'new', 10),
    ]);

    expect([one, other]).toEqual(['old', 'new']);
    await shared.close();
  });
});

describe('jitter', () => {
  it.each([
    ['0 of a part', { jitter: 0.2 }, 0, 100],
    ['half of a part', { jitter: 0.2 }, 0.5, 90],
    ['nearly all of the whole', { jitter: 1 }, 0.99, 1],
    ['half of a time', { jitter: '10s' }, 0.5, 95],
    ['half of a time that is longer than the timeout', { jitter: '1h' }, 0.5, 50],
    ['half of nothing', { jitter: 0 }, 0.5, 100],
  ] as const)('takes %s off the timeout', async (_, options, random, seconds) => {
    drawn = random;

    await cache.getOrSet('key', () => 'value', { timeout: 100, ...options });

    expect(await cache.ttl('key')).toBeCloseTo(seconds, 6);
  });

  it('leaves what never expires, and is taken off what is fresh, not off what is stale', async () => {
    drawn = 0.5;
    await cache.getOrSet('for ever', () => 1, { timeout: null, jitter: 1 });
    await cache.getOrSet('key', () => 1, { timeout: 100, jitter: 1, staleIfError: 10 });

    expect(await cache.ttl('for ever')).toBeNull();
    expect(await cache.ttl('key')).toBe(50);
    clock.advance(59);
    expect(
      await cache.getOrSet('key', () => Promise.reject(new Error()), { staleIfError: 10 }),
    ).toBe(1);
  });
});
