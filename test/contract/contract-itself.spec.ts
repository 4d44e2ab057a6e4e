import { describe, expect, it } from '@jest/globals';
import {
  backendContract,
  type BackendContractOptions,
  cacheContract,
  fakeClock,
} from 'nestjs-cache-framework/testing';
import type { CacheBackend, Payload, Ttl } from '../../lib/core/cache-backend.interface.js';
import { memory } from '../../lib/backends/memory/index.js';
import { createCache } from '../../lib/create-cache.js';
import { isEqual } from '../../lib/testing/equality.js';
import { valueSamples } from '../../lib/testing/value-samples.js';
import { backendPlace } from '../support/suite-backends.js';
import { shelf, ShelfBackend, TimedShelfBackend } from '../support/suite-shelf.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('the backend contract', () => {
  it('is passed by a backend that keeps it', async () => {
    expect(await failuresOf(ShelfBackend)).toEqual([]);
  });

  it.each<[string, typeof ShelfBackend, string]>([
    [
      'loses flags',
      class extends ShelfBackend {
        override set(key: string, { data }: Payload, ttl: Ttl): Promise<boolean> {
          return super.set(key, { flags: 16, data }, ttl);
        }
      },
      'gives back bytes with the flags it had',
    ],
    [
      'counts an entry as live at the moment of its expiry',
      class extends ShelfBackend {
        protected override expiry(ttl: Ttl): number {
          return super.expiry(ttl) + 1;
        }
      },
      'counts an entry as expired at the very moment of its expiry, and not before',
    ],
    [
      'takes a fraction of a second for ever',
      class extends ShelfBackend {
        protected override expiry(ttl: Ttl): number {
          return super.expiry(Math.trunc(ttl ?? 0) || null);
        }
      },
      'ends a life of a fraction of a second: it never becomes "for ever"',
    ],
    [
      'looks before it adds',
      class extends ShelfBackend {
        override async add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
          return (await this.get(key)) ? false : this.set(key, payload, ttl);
        }
      },
      'of a hundred concurrent add() calls one wins, and its payload is kept',
    ],
    [
      'revives what has expired',
      class extends ShelfBackend {
        override async touch(key: string, ttl: Ttl): Promise<boolean> {
          const entry = this.entries.get(this.scope + key);
          return entry ? this.set(key, entry.payload, ttl) : false;
        }
      },
      'touch() never revives an expired entry',
    ],
    [
      'deletes what has expired',
      class extends ShelfBackend {
        override async delete(key: string): Promise<boolean> {
          return this.entries.delete(this.scope + key);
        }
      },
      'delete() answers false for an expired entry',
    ],
    [
      'clears everything',
      class extends ShelfBackend {
        override async clear(): Promise<void> {
          this.entries.clear();
        }
      },
      'clear() leaves the entries of other scopes alone',
    ],
    [
      'makes small letters of its keys',
      class extends ShelfBackend {
        override get(key: string): Promise<Payload | undefined> {
          return super.get(key.toLowerCase());
        }

        override set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
          return super.set(key.toLowerCase(), payload, ttl);
        }
      },
      'keeps keys apart that look alike to a file system or a parser',
    ],
    [
      'throws instead of rejecting',
      class extends ShelfBackend {
        override get(key: string): Promise<Payload | undefined> {
          if (key.endsWith('a')) throw new Error('at once');
          return super.get(key);
        }
      },
      'gives a promise from every method but those that answer at once',
    ],
    [
      'has a native method that nobody mentioned',
      TimedShelfBackend,
      'has exactly the native methods that it is said to have',
    ],
  ])('fails one that %s', async (_, Backend, title) => {
    expect(await failuresOf(Backend)).toContain(title);
  });

  it.each<[string, (backend: CacheBackend) => Partial<CacheBackend>, string]>([
    [
      'remembers what it gave at once',
      (backend) => {
        const seen = new Map<string, Payload>();
        return {
          getSync: (key) => {
            const payload = backend.getSync!(key) ?? seen.get(key);
            if (payload) seen.set(key, payload);
            return payload;
          },
        };
      },
      'getSync() remembers nothing of an entry that was replaced, removed, or is over',
    ],
    [
      'counts what it is told to delete',
      (backend) => ({
        deleteMany: async (keys) =>
          (await backend.deleteMany!(keys)) && keys.length - new Set(keys).size + 1,
      }),
      'deleteMany() counts a key given twice once',
    ],
    [
      'begins counters that live for ever',
      (backend) => ({
        incr: async (key, delta, start) => {
          if (start) await backend.add(key, { flags: 2, data: String(start.value) }, null);
          return backend.incr!(key, delta);
        },
      }),
      'incr() with a start begins a missing counter with its value and ttl, or leaves it missing',
    ],
    [
      'takes a start for the value',
      (backend) => ({
        incr: async (key, delta, start) => {
          if (start) await backend.set(key, { flags: 2, data: String(start.value) }, start.ttl);
          return backend.incr!(key, delta);
        },
      }),
      'incr() of a counter that is there takes no notice of a start',
    ],
    [
      'extends locks by less than it is told to',
      (backend) => ({
        lock: async (key, seconds) => {
          const lock = await backend.lock!(key, seconds);
          return (
            lock && {
              extend: (more) => lock.extend(more / 2),
              release: () => lock.release(),
            }
          );
        },
      }),
      'an extended lock never ends sooner than its new time',
    ],
  ])('fails one that %s', async (_, fault, title) => {
    expect(await failuresOfMemory(() => ({}))).toEqual([]);
    expect(await failuresOfMemory(fault)).toContain(title);
  });

  it('marks the cases of what is not there, with the reason', () => {
    const cases = backendContract({ ...optionsFor(ShelfBackend), supports: { ttl: false } });

    const skipped = cases.filter((each) => each.skipped !== undefined);
    expect(skipped.map(({ title }) => title)).toContain('ttl() follows the clock and touch()');
    expect(new Set(skipped.map((each) => each.skipped))).toEqual(
      new Set(['there is no `ttl` here', 'there is no `a limit on payloads` here']),
    );
  });

  it('marks the cases that need an exact moment where time really passes', () => {
    const cases = backendContract({ ...optionsFor(ShelfBackend), realTime: true });

    const marked = cases.find(({ title }) => title === 'rounds a fraction up, never down');
    expect(marked?.skipped).toBe('time really passes here, so no exact moment can be met');
  });

  it('marks a case by its title, and refuses a title that it does not have', () => {
    const options = optionsFor(ShelfBackend);
    const skip = { 'set() stores and answers true': 'it is Sunday' };

    const marked = backendContract({ ...options, skip }).filter(
      ({ skipped }) => skipped === skip['set() stores and answers true'],
    );
    expect(marked.map(({ title }) => title)).toEqual(Object.keys(skip));
    expect(() => backendContract({ ...options, skip: { 'no such case': 'x' } })).toThrow(
      'no case "no such case"',
    );
  });

  it('gives each case a scope of its own and closes what it opened', async () => {
    const scopes: string[] = [];
    const closed: string[] = [];
    const options = optionsFor(ShelfBackend);
    const cases = backendContract({
      ...options,
      create: async (scope) => {
        scopes.push(scope);
        return options.create(scope);
      },
      dispose: () => {
        closed.push('one');
      },
    });
    for (const { run } of cases.slice(4, 8)) await run();

    expect(new Set(scopes).size).toBe(4);
    expect(closed).toHaveLength(4);
  });
});

describe('the cache contract', () => {
  it('fails a cache that does what another does', async () => {
    const clock = fakeClock();
    const cases = cacheContract({
      clock,
      advance: (seconds) => {
        clock.advance(seconds);
      },
      // It forgets the settings, so that all caches are one.
      create: () => createCache({ clock, logger: SILENT, backend: shelf(TimedShelfBackend) }),
    });
    const failed: string[] = [];
    for (const { title, run } of cases) {
      await run().catch(() => failed.push(title));
    }

    expect(failed).toContain('uses the timeout of the cache where a call says nothing');
    expect(failed).toContain(
      'takes the version of the configuration, and with() for a view of another',
    );
  });
});

describe('the equality of the contracts', () => {
  it('holds for every sample and itself', () => {
    const again = valueSamples();
    for (const [what, value] of Object.entries(valueSamples())) {
      expect([what, isEqual(value, again[what])]).toEqual([what, true]);
    }
  });

  it('holds for no two different samples', () => {
    const samples = Object.entries(valueSamples());
    for (const [one, a] of samples) {
      for (const [other, b] of samples) {
        if (one !== other) expect([one, other, isEqual(a, b)]).toEqual([one, other, false]);
      }
    }
  });

  it.each<[string, unknown, unknown]>([
    ['the sign of zero', 0, -0],
    ['an absent element and an undefined one', [undefined], Object.assign([], { length: 1 })],
    [
      'the order of a map',
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ['a missing property and an undefined one', {}, { a: undefined }],
    ['bytes and their list', Buffer.from([1]), [1]],
    ['a date and its number', new Date(1), 1],
    ['flags of regular expressions', /a/, /a/i],
  ])('tells %s apart', (_, a, b) => {
    expect(isEqual(a, b)).toBe(false);
  });
});

describe('fakeClock()', () => {
  it('stands still until it is moved', () => {
    const clock = fakeClock(1000);

    expect(clock.now()).toBe(1000);
    clock.advance(1.5);
    expect(clock.now()).toBe(2500);
    clock.advance(-1);
    expect(clock.now()).toBe(1500);
  });

  it('refuses to be moved by what is no number', () => {
    expect(() => {
      fakeClock().advance(Number.NaN);
    }).toThrow(TypeError);
  });
});

function optionsFor(Backend: typeof ShelfBackend): BackendContractOptions {
  const clock = fakeClock();
  const factory = shelf(Backend);
  const place = backendPlace(clock);
  return {
    create: (scope) => place.open(factory, scope),
    advance: (seconds) => {
      clock.advance(seconds);
    },
  };
}

async function failuresOf(Backend: typeof ShelfBackend): Promise<string[]> {
  const supports = {
    getSync: false,
    setSync: false,
    getMany: false,
    setMany: false,
    deleteMany: false,
    flags: false,
    incr: false,
    ttl: false,
    ping: false,
    stats: false,
    lease: false,
    lock: false,
  };
  const failed: string[] = [];
  for (const { title, run, skipped } of backendContract({ ...optionsFor(Backend), supports })) {
    if (skipped === undefined) await run().catch(() => failed.push(title));
  }
  return failed;
}

/** The failures of a memory backend of which some methods are others. */
async function failuresOfMemory(
  fault: (backend: CacheBackend) => Partial<CacheBackend>,
): Promise<string[]> {
  const clock = fakeClock();
  const place = backendPlace(clock);
  const cases = backendContract({
    advance: (seconds) => {
      clock.advance(seconds);
    },
    supports: { ping: false },
    create: async (scope) => {
      const backend = await place.open(memory(), scope);
      const others = fault(backend);
      return new Proxy(backend, {
        get: (_, name: keyof CacheBackend) => {
          const value: unknown = others[name] ?? backend[name];
          return typeof value === 'function' ? value.bind(backend) : value;
        },
      });
    },
  });
  const failed: string[] = [];
  for (const { title, run, skipped } of cases) {
    if (skipped === undefined) await run().catch(() => failed.push(title));
  }
  return failed;
}
