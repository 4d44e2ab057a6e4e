import { afterAll } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { file } from '../../lib/backends/file/index.js';
import { placeOn, type PlaceMaker } from './suite-place.js';

/** Places in a directory of their own, with a clock that is moved by hand. */
export const filePlaces: PlaceMaker = {
  backend: 'file',
  realTime: false,
  make: (clock, wrap) => {
    const directory = mkdtempSync(join(tmpdir(), 'cache-place-'));
    return placeOn(
      {
        backend: 'file',
        directory,
        // No deadline is met here, however busy the machine is.
        factory: (options) => file({ location: directory, deadlineMs: 20_000, ...options }),
        remove: () => rm(directory, { recursive: true, force: true }),
      },
      clock,
      wrap,
    );
  },
};

/** A directory for the tests of this `describe`, removed after them. */
export function directoryForAll(): () => string {
  const directory = mkdtempSync(join(tmpdir(), 'cache-tests-'));
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  return () => directory;
}
