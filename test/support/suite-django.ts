import { describe } from '@jest/globals';
import type { CacheService } from '../../lib/core/cache.service.js';
import { runInTurn, runTogether } from './suite-contract.js';
import type { CachePlace, PlaceMaker, PlaceSettings } from './suite-place.js';

/** What one of Django's tests works on. */
export interface DjangoTestContext {
  readonly place: CachePlace;
  /** `CACHES['default']`. */
  readonly cache: CacheService;
  /** Another alias over the same place. */
  readonly open: (settings: PlaceSettings) => Promise<CacheService>;
  readonly sleep: (seconds: number) => Promise<void>;
}

/** One of Django's tests: a fact of ours and, in brackets, its name there. */
export interface DjangoTest {
  readonly title: string;
  readonly run: (context: DjangoTestContext) => Promise<void>;
}

/** Runs Django's tests, each in a place of its own. */
export function runDjangoTests(
  className: string,
  places: PlaceMaker,
  tests: readonly DjangoTest[],
): void {
  describe(`${className} on ${places.backend}`, () => {
    const run = places.realTime ? runTogether : runInTurn;
    run(tests.map((test) => ({ title: test.title, run: () => inPlace(places, test) })));
  });
}

async function inPlace(places: PlaceMaker, test: DjangoTest): Promise<void> {
  const place = places.make();
  try {
    await test.run({
      place,
      cache: await place.open(),
      open: (settings) => place.open(settings),
      sleep: (seconds) => place.advance(seconds),
    });
  } finally {
    await place.end();
  }
}
