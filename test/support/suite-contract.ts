import { beforeAll, expect, it } from '@jest/globals';
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
const MOST_MS = 120_000;

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

/** The same contract for a namespace of each cache, or for one in another. */
export function inNamespace(
  options: CacheContractOptions,
  ...names: readonly string[]
): CacheContractOptions {
  const whole = new Map<CacheService, CacheService>();
  return {
    ...options,
    create: async (settings, place) => {
      const cache = await options.create(settings, place);
      const part = names.reduce((outer, name) => outer.namespace(name), cache);
      whole.set(part, cache);
      return part;
    },
    dispose: (part) => options.dispose!(whole.get(part)!),
  };
}

/** Why a case is left out: the backend has no such thing. */
export function without(...features: readonly string[]): string[] {
  return features.map((feature) => `there is no \`${feature}\` here`);
}

/** Why a case is left out: its clock cannot be set. */
export const REAL_TIME = 'time really passes here, so no exact moment can be met';

/**
 * The cases of a contract as tests, one after the other. For caches whose clock is moved by hand.
 *
 * @param leftOut The only reasons for which cases may be left out. They are no skipped tests: nothing is missing here.
 */
export function runInTurn(cases: readonly ContractCase[], leftOut: readonly string[] = []): void {
  const reasons = new Set(cases.flatMap(({ skipped }) => skipped ?? []));
  for (const { title, run, skipped } of cases) if (skipped === undefined) it(title, run);
  if (leftOut.length === 0 && reasons.size === 0) return;
  it(`leaves cases out for these reasons only: ${leftOut.join('; ')}`, () => {
    expect([...reasons].toSorted()).toEqual([...leftOut].toSorted());
  });
}

/** The same, but many under way together, because they wait for real time to pass. */
export function runTogether(cases: readonly ContractCase[], leftOut: readonly string[] = []): void {
  const outcomes = new Map<string, () => void>();
  const waiting = cases.filter(({ skipped }) => skipped === undefined);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      outcomes.set(next.title, await outcomeOf(next));
    }
  };

  beforeAll(async () => {
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  }, MOST_MS);
  runInTurn(
    cases.map((each) => ({ ...each, run: async () => outcomes.get(each.title)!() })),
    leftOut,
  );
}

/** A function that throws what the case rejected with, or nothing. */
async function outcomeOf({ run }: ContractCase): Promise<() => void> {
  try {
    await run();
    return () => undefined;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
