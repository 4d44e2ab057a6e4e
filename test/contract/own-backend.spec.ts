import { describe } from '@jest/globals';
import { backendContract, cacheContract, fakeClock } from 'nestjs-cache-framework/testing';
import { guarded } from '../../lib/core/guarded.backend.js';
import { backendPlace } from '../support/suite-backends.js';
import { contractOf, inNamespace, runInTurn, without } from '../support/suite-contract.js';
import { placeOn, type PlaceMaker } from '../support/suite-place.js';
import { shelf, ShelfBackend, TimedShelfBackend } from '../support/suite-shelf.js';

const clock = fakeClock();
const place = backendPlace(clock);
const NONE = {
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
} as const;
const NOTHING_MORE = without(...Object.keys(NONE), 'a limit on payloads');
const advance = (seconds: number): void => {
  clock.advance(seconds);
};

describe('a backend with the six methods', () => {
  const factory = shelf(ShelfBackend);

  runInTurn(
    backendContract({
      create: (scope) => place.open(factory, scope),
      advance,
      supports: NONE,
    }),
    NOTHING_MORE,
  );
});

describe('a backend with the six methods behind the guard', () => {
  const factory = shelf(ShelfBackend);

  runInTurn(
    backendContract({
      create: async (scope) =>
        guarded(await place.open(factory, scope), place.context(scope)).strict,
      advance,
      supports: NONE,
    }),
    NOTHING_MORE,
  );
});

describe('a namespace of a cache on a backend with the six methods', () => {
  const supports = { incr: false, lease: false, lock: false, ttl: false, stats: false };
  const options = inNamespace(contractOf(shelves(ShelfBackend)), 'part');

  runInTurn(cacheContract({ ...options, supports }), without(...Object.keys(supports)));
});

describe('a cache on a backend with the six methods', () => {
  const supports = { incr: false, lease: false, lock: false, ttl: false, stats: false };

  runInTurn(
    cacheContract({ ...contractOf(shelves(ShelfBackend)), supports }),
    without(...Object.keys(supports)),
  );
});

describe('a cache on a backend with a ttl, from which counters are derived', () => {
  const supports = { lease: false, lock: false, stats: false };

  runInTurn(
    cacheContract({ ...contractOf(shelves(TimedShelfBackend)), supports }),
    without(...Object.keys(supports)),
  );
});

function shelves(Backend: typeof ShelfBackend): PlaceMaker {
  return {
    backend: 'shelf',
    realTime: false,
    make: (hand) => {
      const factory = shelf(Backend, new Map());
      return placeOn({ backend: 'shelf', factory: () => factory }, hand);
    },
  };
}
