import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createCache } from '../../../lib/create-cache.js';
import type { CacheService } from '../../../lib/core/cache.service.js';
import { keptOrMade, type AskedValue } from '../../../lib/http/kept-value.js';

const silent = { log: () => {}, warn: () => {}, error: () => {} };

let cache: CacheService;
let reported: unknown[];

beforeEach(async () => {
  cache = await createCache({ logger: silent });
  reported = [];
});

afterEach(async () => {
  await cache.close();
});

function ask(make: AskedValue['make'], change: Partial<AskedValue> = {}): Promise<unknown> {
  return keptOrMade({
    cache,
    key: 'query:key',
    tags: [],
    timeout: 60,
    make,
    report: (...said) => {
      reported.push(said);
    },
    ...change,
  });
}

/** Makes something else each time, and only after all have asked. */
function maker<T>(make: (run: number) => T): () => Promise<T> {
  let run = 0;
  return jest.fn(async () => {
    run += 1;
    const own = run;
    await new Promise(setImmediate);
    return make(own);
  });
}

const three = (make: () => Promise<unknown>): Promise<PromiseSettledResult<unknown>[]> =>
  Promise.allSettled([ask(make), ask(make), ask(make)]);

describe('a value that can be kept', () => {
  it('is made once, and everybody has a copy', async () => {
    const make = maker((run) => ({ run }));

    const values = [await ask(make), await ask(make)];

    expect(values).toEqual([{ run: 1 }, { run: 1 }]);
    expect(values[0]).not.toBe(values[1]);
    expect(reported).toEqual([]);
  });

  it.each([[null], [''], [0], [false]])('may be %j', async (value) => {
    const make = maker(() => value);

    expect([await ask(make), await ask(make)]).toEqual([value, value]);
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('is a copy even where the maker has it at hand', async () => {
    const constant = { run: 1 };
    const make = maker(() => constant);

    const values = [await ask(make), await ask(make)];

    expect(values).toEqual([constant, constant]);
    expect(values).not.toContain(constant);
    expect(make).toHaveBeenCalledTimes(1);
  });
});

describe('a value that cannot be kept', () => {
  it.each<[string, (run: number) => unknown]>([
    [
      'an instance',
      (run) =>
        new (class Cat {
          run = run;
        })(),
    ],
    ['a function', (run) => () => run],
    ['an iterator', (run) => [run][Symbol.iterator]()],
  ])('is made by each who asks, and shared with nobody: %s', async (_what, make) => {
    const values = (await three(maker(make))).map((result) => 'value' in result && result.value);

    expect(new Set(values).size).toBe(3);
    expect(reported).toContainEqual(['value']);
  });

  it('may be undefined, which is no value', async () => {
    const make = maker(() => undefined);

    expect([await ask(make), await ask(make)]).toEqual([undefined, undefined]);
    expect(make).toHaveBeenCalledTimes(2);
    expect(reported).toEqual([]);
  });
});

describe('an error of the maker', () => {
  it('reaches all who waited, and is not kept', async () => {
    const make = maker((run) => {
      throw new TypeError(`broken in run ${run}`);
    });

    const failed = await three(make);
    const later = ask(make);

    expect(failed).toEqual(
      Array(3).fill({ status: 'rejected', reason: new TypeError('broken in run 1') }),
    );
    await expect(later).rejects.toThrow(new TypeError('broken in run 2'));
    expect(reported).toEqual([]);
  });

  it('is the same, whatever was thrown', async () => {
    const thrown = Symbol('thrown');

    await expect(ask(() => Promise.reject(thrown))).rejects.toBe(thrown);
  });
});

describe('a maker that asks for its own key', () => {
  it('is answered by itself', async () => {
    const inner = maker(() => 'inner');
    const make = async (): Promise<unknown> => [await ask(inner)];

    expect(await ask(make)).toEqual(['inner']);
    expect(reported).toEqual([
      ['cache-failed', expect.objectContaining({ code: 'CACHE_DEADLOCK' })],
    ]);
  });
});
