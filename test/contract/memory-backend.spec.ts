import { describe } from '@jest/globals';
import type { CacheBackend } from 'nestjs-cache-framework';
import { backendContract, fakeClock } from 'nestjs-cache-framework/testing';
import { memory } from 'nestjs-cache-framework/backends/memory';
import { guarded } from '../../lib/core/guarded.backend.js';
import { backendPlace } from '../support/suite-backends.js';
import { runInTurn, without } from '../support/suite-contract.js';

const MEBIBYTE = 1024 * 1024;
const factory = memory({ maxEntryBytes: 4 * MEBIBYTE });
const clock = fakeClock();
const place = backendPlace(clock);
const common = {
  advance: (seconds: number) => {
    clock.advance(seconds);
  },
  supports: { ping: false },
  refusedBytes: 4 * MEBIBYTE,
};

describe('memory', () => {
  runInTurn(
    backendContract({ ...common, create: (scope) => place.open(factory, scope) }),
    without('ping'),
  );
});

describe('memory behind the guard', () => {
  runInTurn(
    backendContract({
      ...common,
      supports: { ping: false, getSync: false, setSync: false },
      create: async (scope) =>
        guarded(watched(await place.open(factory, scope)), place.context(scope)).strict,
    }),
    without('ping', 'getSync', 'setSync'),
  );
});

describe('memory behind the guard that turns failures into misses', () => {
  runInTurn(
    backendContract({
      ...common,
      supports: { ping: false, getSync: false, setSync: false },
      create: async (scope) =>
        guarded(watched(await place.open(factory, scope)), place.context(scope)).forgiving,
    }),
    without('ping', 'getSync', 'setSync'),
  );
});

/** The backend as if it could hang, which is what a guard is for. */
function watched(backend: CacheBackend): CacheBackend {
  return Object.defineProperty(backend, 'deadlineMs', { value: 1_000 });
}
