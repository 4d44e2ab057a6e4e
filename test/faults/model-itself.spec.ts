import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { chaos, fakeClock } from 'nestjs-cache-framework/testing';
import type { Payload, Ttl } from '../../lib/core/cache-backend.interface.js';
import type { OnError } from '../../lib/core/cache-options.interface.js';
import { createCache } from '../../lib/create-cache.js';
import { CacheModel, type Faults, type Outcome } from '../support/cache-model.js';
import { runProgram } from '../support/cache-runs.js';
import { programs, type Step } from '../support/cache-steps.js';
import { shelf, TimedShelfBackend } from '../support/suite-shelf.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const PROGRAMS = 150;
const CHAOS = 0.1;

/** What the model says of caches on this backend. @throws {Error} with the program, if it says that something is wrong. */
async function check(Backend: typeof TimedShelfBackend, faults: Faults): Promise<void> {
  const p = faults === 'none' ? 0 : CHAOS;
  const onError: OnError = faults === 'miss' ? 'miss' : 'throw';
  const property = fc.asyncProperty(programs(), fc.integer(), async (program, seed) => {
    const clock = fakeClock();
    const backend = chaos(shelf(Backend, new Map()), { failBefore: p, failAfter: p, seed });
    const cache = await createCache({ backend, clock, onError, logger: SILENT });
    await runProgram(program, {
      cache,
      now: () => clock.now(),
      advance: (seconds) => clock.advance(seconds),
      faults,
    });
  });
  await fc.assert(property, {
    numRuns: PROGRAMS,
    seed: 20_260_101,
    endOnFailure: true,
    includeErrorInReport: true,
  });
}

describe.each<Faults>(['none', 'throw', 'miss'])('the model of a cache, faults: %s', (faults) => {
  it('says nothing of a backend that does what it should', async () => {
    await expect(check(TimedShelfBackend, faults)).resolves.toBeUndefined();
  });

  let calls = 0;
  const isTurn = (): boolean => (calls += 1) % 5 === 0;

  it.each<[string, typeof TimedShelfBackend]>([
    [
      'forgets to replace',
      class extends TimedShelfBackend {
        override async set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
          return (await this.get(key)) && isTurn() ? true : super.set(key, payload, ttl);
        }
      },
    ],
    [
      'forgets to delete',
      class extends TimedShelfBackend {
        override async delete(key: string): Promise<boolean> {
          return isTurn() ? (await this.get(key)) !== undefined : super.delete(key);
        }
      },
    ],
    [
      'adds where something is',
      class extends TimedShelfBackend {
        override async add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
          return isTurn() ? super.set(key, payload, ttl) : super.add(key, payload, ttl);
        }
      },
    ],
    [
      'gives the value of another key',
      class extends TimedShelfBackend {
        override async get(key: string): Promise<Payload | undefined> {
          return super.get(key === ':1:a' && isTurn() ? ':1:b' : key);
        }
      },
    ],
    [
      'mixes up versions',
      class extends TimedShelfBackend {
        override async get(key: string): Promise<Payload | undefined> {
          return super.get(key.replace(/^:2:/, ':1:'));
        }
      },
    ],
    [
      'keeps what has expired',
      class extends TimedShelfBackend {
        protected override expiry(ttl: Ttl): number {
          return super.expiry(ttl) + 1_000;
        }
      },
    ],
    [
      'forgets to clear one entry',
      class extends TimedShelfBackend {
        override async clear(): Promise<void> {
          const [kept] = this.entries;
          await super.clear();
          if (kept) this.entries.set(...kept);
        }
      },
    ],
    [
      'forgets what was invalidated',
      class extends TimedShelfBackend {
        override async set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
          return key.startsWith('~tag:') ? true : super.set(key, payload, ttl);
        }
      },
    ],
    [
      'forgets that a namespace was cleared',
      class extends TimedShelfBackend {
        override async set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
          return key.startsWith('~ns:') ? true : super.set(key, payload, ttl);
        }
      },
    ],
    [
      'says that nothing was there',
      class extends TimedShelfBackend {
        override async delete(key: string): Promise<boolean> {
          await super.delete(key);
          return false;
        }
      },
    ],
  ])('finds out a backend that %s', async (_, Backend) => {
    await expect(check(Backend, faults)).rejects.toThrow(/Step \d+, /);
  });
});

describe('the model of a cache of which failures become misses', () => {
  it('remembers what was invalidated over a load of which nobody knows whether it was kept', () => {
    const model = new CacheModel({ now: () => 0, faults: 'miss' });
    const slot = { space: '', key: 'a', version: 1 };
    const write = { kind: 'text', timeout: null, tags: ['red'] } as const;
    const steps: [Step, Outcome][] = [
      [{ do: 'set', ...slot, ...write }, { answer: true }],
      [{ do: 'invalidateTags', space: '', tags: ['red'] }, { answer: undefined }],
      [
        { do: 'getOrSet', callers: 1, ...slot, ...write },
        { answer: 'new', loads: 1 },
      ],
      [
        { do: 'incrVersion', ...slot, delta: 1, timeout: null },
        { refused: 'CacheKeyNotFoundError' },
      ],
      // The load failed to remove what lies there, and left word that it was about to.
      [{ do: 'add', ...slot, ...write }, { answer: false }],
    ];

    const said = steps.map(([step, outcome]) => model.wrong(step, () => 'new', outcome));

    expect(said).toEqual(steps.map(() => undefined));
  });
});
