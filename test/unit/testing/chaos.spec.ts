import { afterEach, describe, expect, it } from '@jest/globals';
import { createCache, memory, type CacheBackend, type CacheService } from 'nestjs-cache-framework';
import { chaos, type ChaosOptions, fakeClock, recording } from 'nestjs-cache-framework/testing';
import { memcached } from 'nestjs-cache-framework/backends/memcached';
import { text, textOf } from '../../support/memcached-backends.js';
import { backendPlace } from '../../support/suite-backends.js';
import { shelf, ShelfBackend } from '../../support/suite-shelf.js';

const place = backendPlace(fakeClock());
const caches: CacheService[] = [];

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
});

const shelved = (options: ChaosOptions): Promise<CacheBackend> =>
  place.open(chaos(shelf(ShelfBackend, new Map()), options), 'shop');

/** Which of the calls fail: 'x' for each that does. */
async function fatesOf(backend: CacheBackend, calls: number): Promise<string> {
  let fates = '';
  for (let call = 0; call < calls; call += 1) {
    await backend.get('key').then(
      () => (fates += '.'),
      () => (fates += 'x'),
    );
  }
  return fates;
}

/** Which of some optional methods there are. */
function nativesOf(backend: CacheBackend): string[] {
  const names = ['getSync', 'setSync', 'getMany', 'incr', 'ttl', 'lease'] as const;
  return names.filter((name) => backend[name] !== undefined);
}

async function open(options: ChaosOptions, warnings: string[] = []): Promise<CacheService> {
  const warn = (line: string): void => void warnings.push(line);
  const logger = { log: warn, warn, error: warn };
  const cache = await createCache({ backend: chaos(memory(), options), logger });
  caches.push(cache);
  return cache;
}

describe('chaos()', () => {
  it('does nothing unless it is told to', async () => {
    const backend = await shelved({});

    await backend.set('key', text('value'), null);

    expect(textOf(await backend.get('key'))).toBe('value');
  });

  it('fails calls that then never reach the backend', async () => {
    const inner = recording(shelf(ShelfBackend));
    const backend = await place.open(chaos(inner, { failBefore: 1 }), 'shop');

    const failure = backend.set('key', text('value'), null);

    await expect(failure).rejects.toMatchObject({ name: 'CacheUnavailableError' });
    expect(inner.calls).toEqual([]);
  });

  it('loses the answers of calls that were carried out', async () => {
    const inner = recording(shelf(ShelfBackend));
    const backend = await place.open(chaos(inner, { failAfter: 1 }), 'shop');

    const failure = backend.set('key', text('value'), null);

    await expect(failure).rejects.toMatchObject({ name: 'CacheTimeoutError' });
    expect(inner.calls).toEqual([{ operation: 'set', keys: ['key'], result: true }]);
  });

  it('passes on what the backend itself fails with', async () => {
    const own = new Error('of the disk');
    const inner = chaos(new ShelfBackend('', fakeClock(), new Map()), {
      failBefore: 1,
      error: () => own,
    });

    await expect(chaos(inner, { failAfter: 1 }).get('key')).rejects.toBe(own);
  });

  it('fails about as many calls as it is told', async () => {
    const backend = await shelved({ failBefore: 0.2, seed: 7 });

    const fates = await fatesOf(backend, 2_000);

    const failed = fates.replaceAll('.', '').length;
    expect([failed > 320, failed < 480]).toEqual([true, true]);
  });

  it('fails the same calls with the same seed, and others with another', async () => {
    const settings = { failBefore: 0.3, failAfter: 0.3 };

    const once = await fatesOf(await shelved({ ...settings, seed: 1 }), 100);
    const again = await fatesOf(await shelved(settings), 100);
    const otherwise = await fatesOf(await shelved({ ...settings, seed: 2 }), 100);

    expect(again).toBe(once);
    expect(otherwise).not.toBe(once);
  });

  it('means the calls only that it is asked to mean', async () => {
    const asked: unknown[] = [];
    const when: ChaosOptions['when'] = (operation, keys) => {
      asked.push([operation, keys]);
      return operation === 'delete';
    };
    const backend = await shelved({ failBefore: 1, when });

    expect(await backend.set('key', text('value'), null)).toBe(true);
    await expect(backend.delete('key')).rejects.toThrow('chaos refused the call');
    expect(asked).toEqual([
      ['set', ['key']],
      ['delete', ['key']],
    ]);
  });

  it('delays a call by a time between the two that it is given, before it and after it', async () => {
    const waited: number[] = [];
    const backend = await shelved({ delayMs: [10, 50], wait: async (ms) => void waited.push(ms) });

    for (let call = 0; call < 100; call += 1) await backend.get('key');

    const sums = Array.from(
      { length: 100 },
      (_, call) => waited[2 * call]! + waited[2 * call + 1]!,
    );
    expect(waited).toHaveLength(200);
    expect(sums.filter((ms) => ms < 10 || ms > 50)).toEqual([]);
    expect(Math.max(...sums) - Math.min(...sums)).toBeGreaterThan(20);
  });

  it('changes the order in which calls that are made together are carried out', async () => {
    const inner = recording(shelf(ShelfBackend));
    const backend = await place.open(chaos(inner, { delayMs: [0, 5] }), 'shop');
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);

    await Promise.all(keys.map((key) => backend.get(key)));

    const order = inner.calls.map((call) => call.keys[0]!);
    expect(order).not.toEqual(keys);
    expect(order.toSorted()).toEqual(keys.toSorted());
  });

  it('has the optional methods of the backend, but for those that answer at once', async () => {
    const alone = await place.open(memory(), 'shop');
    const over = await place.open(chaos(memory()), 'shop');
    const six = await shelved({});

    expect(['getSync', 'setSync', ...nativesOf(over)]).toEqual(nativesOf(alone));
    expect(nativesOf(six)).toEqual([]);
  });

  it('fails what is done with a lease as well', async () => {
    const inner = Object.assign(new ShelfBackend('', fakeClock(), new Map()), {
      lease: async () => ({
        stale: false,
        lease: { fill: async () => true, renew: async () => true, release: async () => {} },
      }),
    });
    const backend = chaos(inner, { failBefore: 1, when: (operation) => operation === 'fill' });

    const { lease } = await backend.lease!('key', {});

    expect(await lease!.renew()).toBe(true);
    await expect(lease!.fill(text('value'), null)).rejects.toThrow('chaos refused the call');
  });

  it('says in the line at the start that it is there', async () => {
    const lines: string[] = [];
    const logger = { log: (line: string) => void lines.push(line), warn: fail, error: fail };

    caches.push(await createCache({ backend: chaos(memory()), logger }));

    expect(lines).toEqual([expect.stringMatching(/memory, at most .*, under chaos$/)]);
  });

  it.each<[string, ChaosOptions, string]>([
    ['a probability above 1', { failBefore: 20 }, '"failBefore" in the options of chaos() is 20'],
    ['no number', { failAfter: '0.2' as never }, '"failAfter" in the options of chaos() is "0.2"'],
    ['NaN', { failBefore: Number.NaN }, '"failBefore" in the options of chaos() is NaN'],
    ['a seed that is no whole number', { seed: 0.5 }, '"seed" in the options of chaos() is 0.5'],
    ['a negative delay', { delayMs: -1 }, '"delayMs" in the options of chaos() is -1'],
    ['a range upside down', { delayMs: [5, 1] }, '"delayMs" in the options of chaos() is a list'],
    ['no function', { when: 'set' as never }, '"when" in the options of chaos() is "set"'],
    ['an unknown option', { delay: 5 } as never, 'Did you mean "delayMs"?'],
  ])('refuses %s at once', (_, options, message) => {
    expect(() => chaos(memory(), options)).toThrow(message);
  });

  it.each(['failBefore', 'failAfter', 'delayMs', 'seed', 'when', 'error', 'wait'])(
    'takes its default for "%s" that is given as undefined',
    async (name) => {
      const backend = await shelved({ delayMs: 1, [name]: undefined });

      await backend.set('key', text('value'), null);

      expect(textOf(await backend.get('key'))).toBe('value');
    },
  );
});

describe('a cache under chaos', () => {
  it('misses where the backend fails, and throws what may not be invented', async () => {
    const cache = await open({ failBefore: 1 });

    expect(await cache.get('key', 'default')).toBe('default');
    expect(await cache.set('key', 'value')).toBe(false);
    expect(await cache.getOrSet('key', () => 'loaded')).toBe('loaded');
    await expect(cache.add('key', 'value')).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  });

  it('throws typed errors that say what failed, where it is strict', async () => {
    const cache = (await open({ failAfter: 1 })).with({ onError: 'throw' });

    await expect(cache.get('key')).rejects.toMatchObject({
      name: 'CacheTimeoutError',
      code: 'CACHE_TIMEOUT',
      operation: 'get',
      message:
        'The memory backend of cache "default" failed to get ":1:key": chaos lost the answer.',
    });
  });

  it('logs once that it is away and once that it is back', async () => {
    const lines: string[] = [];
    let isAway = false;
    const cache = await open({ failBefore: 1, when: () => isAway }, lines);
    lines.length = 0;

    for (const state of [false, true, true, false, false]) {
      isAway = state;
      await cache.get('key');
      await cache.set('key', 'value');
    }

    expect(lines).toEqual([
      expect.stringMatching(/memory, .*, under chaos is away: .*chaos refused the call/),
      expect.stringMatching(/memory, .*, under chaos is back\.$/),
    ]);
  });

  it('keeps the deadline of its backend', async () => {
    const backend = await place.open(chaos(memcached({ location: '127.0.0.1:1' })), 'shop');

    expect([backend.deadlineMs, backend.reportsServers]).toEqual([Infinity, true]);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
