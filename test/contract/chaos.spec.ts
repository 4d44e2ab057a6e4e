import { describe } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  backendContract,
  type BackendFeature,
  cacheContract,
  chaos,
  fakeClock,
  recording,
} from 'nestjs-cache-framework/testing';
import { file } from '../../lib/backends/file/index.js';
import { memcached } from '../../lib/backends/memcached/index.js';
import { memory } from '../../lib/backends/memory/index.js';
import type { CacheBackend } from '../../lib/core/cache-backend.interface.js';
import { systemClock } from '../../lib/core/clock.js';
import { describeWithMemcached } from '../support/memcached.js';
import { backendPlace } from '../support/suite-backends.js';
import {
  contractOf,
  REAL_TIME,
  runInTurn,
  runTogether,
  without,
} from '../support/suite-contract.js';
import { directoryForAll, filePlaces } from '../support/suite-file.js';
import { PATIENT } from '../support/memcached-backends.js';
import { memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import { behind, type Wrap } from '../support/suite-place.js';

// Told never to fail, they change nothing: what they stand in front of passes what it passes alone. Where time really passes,
// one of them has to do.
const WRAPPERS: Readonly<Record<string, Wrap>> = {
  'chaos() that never fails': (factory) => chaos(factory, { failBefore: 0, failAfter: 0 }),
  'chaos() that only dawdles': (factory) => chaos(factory, { delayMs: [0, 1], wait: yielded }),
};
const IN_MEMORY: typeof WRAPPERS = { ...WRAPPERS, 'recording()': recording };
const AT_ONCE = { getSync: false, setSync: false } as const;
const OPTIONAL = [
  'getMany',
  'setMany',
  'deleteMany',
  'flags',
  'incr',
  'lease',
  'lock',
  'ttl',
  'ping',
  'stats',
] as const;
const NO_LIMIT = 'a limit on payloads';

const clock = fakeClock();
const advance = (seconds: number): void => {
  clock.advance(seconds);
};

describe.each(Object.entries(IN_MEMORY))('behind %s', (_, wrap) => {
  describe('memory', () => {
    const place = backendPlace(clock);
    const supports = lackingIn(memory()(place.context('shop')) as CacheBackend);

    runInTurn(
      backendContract({
        create: (scope) => place.open(wrap(memory()), scope),
        advance,
        supports,
      }),
      without(...Object.keys(supports), NO_LIMIT),
    );
  });

  describe('a cache in memory', () => {
    runInTurn(cacheContract(contractOf(behind(wrap, memoryPlaces))));
  });
});

describe.each(Object.entries(WRAPPERS))('behind %s', (_, wrap) => {
  describe('file', () => {
    const directory = directoryForAll();
    const place = backendPlace(clock);
    const { deadlineMs } = PATIENT;
    const options = { location: directory(), deadlineMs };
    const supports = lackingIn(file(options)(place.context('shop')) as CacheBackend);

    runInTurn(
      backendContract({
        create: (scope) => place.open(wrap(file(options)), scope),
        advance,
        supports,
      }),
      without(...Object.keys(supports), NO_LIMIT),
    );
  });

  describe('a cache in files', () => {
    runInTurn(cacheContract(contractOf(behind(wrap, filePlaces))));
  });
});

describe('behind chaos() that never fails', () => {
  const wrap = WRAPPERS['chaos() that never fails']!;

  describeWithMemcached('memcached', () => {
    const server = serverForAll();
    const place = backendPlace(systemClock);

    describe('the backend', () => {
      const own = 'the server itself reads these as numbers';
      runTogether(
        backendContract({
          create: (scope) =>
            place.open(wrap(memcached({ location: server().address, ...PATIENT })), scope),
          advance: (seconds) => sleep(seconds * 1000),
          realTime: true,
          supports: AT_ONCE,
          skip: {
            'incr() refuses a plus sign and changes nothing': own,
            'incr() refuses a number behind a blank and changes nothing': own,
            'incr() refuses a number and a line end and changes nothing': own,
          },
        }),
        [...without(...Object.keys(AT_ONCE), NO_LIMIT), REAL_TIME, own],
      );
    });

    describe('a cache', () => {
      runTogether(cacheContract(contractOf(behind(wrap, memcachedPlaces(server)))), [REAL_TIME]);
    });
  });
});

/** What a wrapper lacks: what the backend lacks behind it, and what answers at once. */
function lackingIn(backend: CacheBackend): Partial<Record<BackendFeature, false>> {
  const missing = OPTIONAL.filter((name) => backend[name] === undefined);
  return { ...AT_ONCE, ...Object.fromEntries(missing.map((name) => [name, false])) };
}

/** Time that passes at once, in another turn. */
async function yielded(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
