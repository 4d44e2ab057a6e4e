import { describe } from '@jest/globals';
import type { FileIoMode } from '../../lib/backends/file/index.js';
import { describeWithMemcached } from '../support/memcached.js';
import { dummyPlaces } from '../support/suite-dummy.js';
import { filePlaces } from '../support/suite-file.js';
import { CLIENTS, memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import { itRunsPrograms } from '../support/suite-programs.js';

const STEPS = process.env['HEAVY'] ? 100_000 : 3_000;
const TITLE = `does what a Map would do, over ${STEPS} random calls`;

describe('a cache in memory', () => {
  itRunsPrograms(TITLE, { places: memoryPlaces }, { steps: STEPS });
});

describe("a cache in memory under isolation: 'freeze'", () => {
  itRunsPrograms(
    TITLE,
    { places: memoryPlaces, settings: { isolation: 'freeze' } },
    { steps: STEPS },
  );
});

describe.each<FileIoMode>(['async', 'sync'])('a cache in files with %s io', (io) => {
  itRunsPrograms(TITLE, { places: filePlaces, settings: { options: { io } } }, { steps: STEPS });
});

describe('the dummy cache', () => {
  const limits = { tellsTtl: false };

  itRunsPrograms(TITLE, { places: dummyPlaces, limits, keeps: false }, { steps: STEPS });
});

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('a cache on memcached', () => {
    const server = serverForAll();
    const isMeta = client === 'meta';
    // The server has a clock of its own, which nobody can move: nothing expires here.
    const limits = { expires: false, tellsTtl: isMeta, negative: isMeta };

    itRunsPrograms(TITLE, { places: memcachedPlaces(server, client), limits }, { steps: STEPS });
  });
});
