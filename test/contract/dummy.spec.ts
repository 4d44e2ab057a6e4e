import { describe } from '@jest/globals';
import { backendContract, cacheContract, fakeClock } from 'nestjs-cache-framework/testing';
import { dummy } from '../../lib/backends/dummy/index.js';
import { backendPlace } from '../support/suite-backends.js';
import { contractOf, runInTurn, without } from '../support/suite-contract.js';
import { placeOn } from '../support/suite-place.js';

const clock = fakeClock();

describe('dummy', () => {
  runInTurn(
    backendContract({
      create: (scope) => backendPlace(clock).open(dummy(), scope),
      advance: (seconds) => {
        clock.advance(seconds);
      },
      supports: {
        storage: false,
        getSync: false,
        setSync: false,
        getMany: false,
        setMany: false,
        deleteMany: false,
        ping: false,
        lease: false,
      },
    }),
    without('storage', 'getMany', 'setMany', 'deleteMany', 'ping'),
  );
});

describe('a cache that keeps nothing', () => {
  const places = {
    backend: 'dummy',
    realTime: false,
    make: () => placeOn({ backend: 'dummy', factory: () => dummy() }, clock),
  };

  runInTurn(
    cacheContract({ ...contractOf(places), supports: { storage: false } }),
    without('storage'),
  );
});
