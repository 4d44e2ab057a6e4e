import { afterEach, describe } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { FileIoMode } from '../../lib/backends/file/index.js';
import type { Faults } from '../support/cache-model.js';
import { describeWithMemcached } from '../support/memcached.js';
import { filePlaces } from '../support/suite-file.js';
import { CLIENTS, memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import { itRunsPrograms, type ProgramGround } from '../support/suite-programs.js';

// One call in five fails: half of these before the backend hears of them, half after they were carried out.
const CHAOS = { failBefore: 0.106, failAfter: 0.106, delayMs: [0, 50] } as const;
const STEPS = process.env['HEAVY'] ? 50_000 : 2_000;
const LANES = 8;

// Jest fails a test in which a rejection is not handled; the last of them comes a turn later.
afterEach(async () => {
  await setImmediate();
});

/** Random programs under chaos, against the model: `cache-model.ts` says which answers are right after a failure. */
function itGivesNoWrongValue(ground: ProgramGround): void {
  describe.each<Faults>(['miss', 'throw'])("with onError: '%s'", (faults) => {
    const runs = { faults, chaos: CHAOS, steps: STEPS };

    itRunsPrograms(`gives no wrong answer, over ${STEPS} calls of one caller`, ground, runs);
    itRunsPrograms(`gives none either, over ${STEPS} calls of ${LANES} callers at once`, ground, {
      ...runs,
      lanes: LANES,
    });
  });
}

describe('a cache in memory, of which every fifth call fails', () => {
  itGivesNoWrongValue({ places: memoryPlaces });
});

describe.each<FileIoMode>(['async', 'sync'])(
  'a cache in files with %s io, of which every fifth call fails',
  (io) => {
    itGivesNoWrongValue({ places: filePlaces, settings: { options: { io } } });
  },
);

describe.each(CLIENTS)('over %s', (client) => {
  describeWithMemcached('a cache on memcached, of which every fifth call fails', () => {
    const server = serverForAll();
    const isMeta = client === 'meta';

    itGivesNoWrongValue({
      places: memcachedPlaces(server, client),
      limits: { expires: false, tellsTtl: isMeta, negative: isMeta },
    });
  });
});
