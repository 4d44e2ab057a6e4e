import { beforeAll, it } from '@jest/globals';
import {
  type CacheContractOptions,
  type CacheContractSettings,
  type ContractCase,
  fakeClock,
} from 'nestjs-cache-framework/testing';
import type { CacheService } from '../../lib/core/cache.service.js';
import { systemClock } from '../../lib/core/clock.js';
import type { CachePlace, PlaceMaker, PlaceSettings } from './suite-place.js';

const AT_A_TIME = 16;

/** The caches of places under the cache contract. `more` are settings that hold for all of them. */
export function contractOf(
  places: PlaceMaker,
  more: (settings: CacheContractSettings) => PlaceSettings = () => ({}),
): CacheContractOptions {
  const hand = fakeClock();
  const byName = new Map<string, CachePlace>();
  const placeOf = new Map<CacheService, CachePlace>();
  return {
    clock: places.realTime ? systemClock : hand,
    realTime: places.realTime,
    create: async (settings, name) => {
      const place = byName.get(name) ?? places.make(hand);
      byName.set(name, place);
      const cache = await place.open({ ...settings, ...more(settings) });
      placeOf.set(cache, place);
      return cache;
    },
    dispose: (cache) => placeOf.get(cache)!.end(),
    advance: async (seconds) => {
      if (places.realTime) await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      else hand.advance(seconds);
    },
  };
}

/** The cases of a contract as tests, one after the other. For caches whose clock is moved by hand. */
export function runInTurn(cases: readonly ContractCase[]): void {
  for (const { title, run, skipped } of cases) {
    if (skipped === undefined) it(title, run);
    else it.skip(`${title} (skipped: ${skipped})`, run);
  }
}

/** The same, but many under way together, because they wait for real time to pass. */
export function runTogether(cases: readonly ContractCase[]): void {
  const outcomes = new Map(cases.map(({ title }) => [title, settledLater()]));
  const waiting = cases.filter(({ skipped }) => skipped === undefined);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { resolve, reject } = outcomes.get(next.title)!;
      await next.run().then(resolve, reject);
    }
  };

  beforeAll(() => {
    for (let worker = 0; worker < AT_A_TIME; worker += 1) void work();
  });
  runInTurn(cases.map((each) => ({ ...each, run: () => outcomes.get(each.title)!.promise })));
}

interface SettledLater {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function settledLater(): SettledLater {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((...both) => {
    [resolve, reject] = both;
  });
  // The test that waits for it may come later; until then a rejection is not unhandled.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
