import { describe } from '@jest/globals';
import { backendContract, cacheContract, fakeClock } from 'nestjs-cache-framework/testing';
import { file } from '../../lib/backends/file/index.js';
import type { FileIoMode } from '../../lib/backends/file/index.js';
import { backendPlace } from '../support/suite-backends.js';
import { contractOf, inNamespace, runInTurn, without } from '../support/suite-contract.js';
import { directoryForAll, filePlaces } from '../support/suite-file.js';

const MEBIBYTE = 1024 * 1024;
// No deadline is met here, however busy the machine is.
const OPTIONS = { maxEntryBytes: 4 * MEBIBYTE, deadlineMs: 20_000 };

describe.each<FileIoMode>(['async', 'sync'])('file with %s input and output', (io) => {
  const directory = directoryForAll();
  const clock = fakeClock();
  const place = backendPlace(clock);

  runInTurn(
    backendContract({
      create: (scope) => place.open(file({ location: directory(), io, ...OPTIONS }), scope),
      advance: (seconds) => {
        clock.advance(seconds);
      },
      refusedBytes: 4 * MEBIBYTE + 1,
      supports: {
        getSync: false,
        setSync: false,
        getMany: false,
        setMany: false,
        deleteMany: false,
      },
    }),
    without('getSync', 'setSync', 'getMany', 'setMany', 'deleteMany'),
  );
});

describe('a cache in files', () => {
  runInTurn(cacheContract(contractOf(filePlaces)));
});

describe('a cache in files with a prefix', () => {
  runInTurn(
    cacheContract(
      contractOf(filePlaces, ({ keyPrefix = '' }) => ({ keyPrefix: `../shop/${keyPrefix}` })),
    ),
  );
});

describe('a namespace of a cache in files', () => {
  runInTurn(cacheContract(inNamespace(contractOf(filePlaces), 'part')));
});
