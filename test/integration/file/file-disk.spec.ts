import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FileIoMode } from '../../../lib/backends/file/index.js';
import { systemClock } from '../../../lib/core/clock.js';
import { buildFileWorker, type FileBuild } from '../../support/file-build.js';
import { type FilePlace, filePlace, integer, text } from '../../support/file-place.js';
import { startWorker } from '../../support/file-processes.js';

jest.setTimeout(process.env['HEAVY'] ? 900_000 : 120_000);

const NOBODY = 65_534;
const REMOVALS = process.env['HEAVY'] ? 500 : 30;

const run = promisify(execFile);

let build: FileBuild;
let place: FilePlace;
let over: AbortController;

beforeAll(async () => {
  build = await buildFileWorker();
});
afterAll(async () => {
  await build.remove();
});
beforeEach(() => {
  place = filePlace();
  over = new AbortController();
});
afterEach(() => {
  over.abort();
  chmodSync(place.outside, 0o700);
  place.remove();
});

/** Makes everything the user's, and no file or directory of it writable. */
function makeReadOnly(user: number): void {
  chmodSync(place.outside, 0o755);
  const below = readdirSync(place.directory, { withFileTypes: true, recursive: true });
  for (const found of below) {
    const path = join(found.parentPath, found.name);
    chownSync(path, user, user);
    chmodSync(path, found.isDirectory() ? 0o500 : 0o400);
  }
  chownSync(place.directory, user, user);
  chmodSync(place.directory, 0o500);
}

describe.each<FileIoMode>(['async', 'sync'])('the disk with %s io', (io) => {
  it('that has no room for a value makes set() answer false, leaves nothing, and is told once', async () => {
    const options = { location: place.directory, io };
    const limits = { ulimit: '-f 16' };
    const worker = await startWorker(build, 'fill-the-disk', { options }, limits);
    worker.go();

    expect(await worker.result()).toEqual({
      stored: [false, false],
      old: null,
      added: 'EFBIG',
      other: 'small',
      again: true,
      // Told again, because it worked in between.
      reports: [
        expect.stringContaining('there is no room left in'),
        expect.stringContaining('there is no room left in'),
      ],
    });
    expect(place.files('.tmp')).toEqual([]);
    expect(place.files('')).toHaveLength(1);
  });

  it('is used again when the process has descriptors again, and no operation fails', async () => {
    const options = { location: place.directory, io, deadlineMs: 30_000 };
    const settings = { options, count: 300 };
    const limits = { ulimit: '-n 64' };
    const worker = await startWorker(build, 'run-out-of-descriptors', settings, limits);
    worker.go();

    expect(await worker.result()).toEqual({ found: 300, errors: [], counter: '301' });
  });

  it('that can only be read gives what is there, and rejects what would be written', async () => {
    const own = await place.open({ io, clock: systemClock });
    await own.set('k', text('v'), null);
    await own.set('n', integer(1), null);
    await own.set('expired', text('v'), 0.001);
    await sleep(2);
    const user = process.geteuid!() === 0 ? NOBODY : process.geteuid!();
    makeReadOnly(user);

    const options = { location: place.directory, io };
    const settings = { options, key: 'k' };
    const worker = await startWorker(build, 'use-a-read-only-directory', settings, { uid: user });
    worker.go();

    expect(await worker.result()).toEqual({
      read: 'v',
      codes: ['EACCES', 'EACCES', 'EACCES', 'EACCES'],
      expired: null,
      reports: 1,
    });
  });

  it('from which the directory is removed under load fails no operation', async () => {
    const backend = await place.open({ io, clock: systemClock, deadlineMs: 60_000 });
    const errors: unknown[] = [];
    let stored = 0;
    const use = async (worker: number): Promise<void> => {
      for (let index = 0; !over.signal.aborted; index += 1) {
        const key = `k${(index * 7 + worker) % 40}`;
        try {
          if (await backend.set(key, integer(index), 60)) stored += 1;
          await backend.incr(key, 1);
          await backend.touch(key, 30);
          await backend.get(key);
          await backend.delete(key);
          if (index % 20 === 0) await backend.clear();
        } catch (error) {
          errors.push(error);
        }
        // Lets the remover have its turn in the synchronous mode, too.
        await sleep(0);
      }
    };
    const users = Array.from({ length: 4 }, (_, worker) => use(worker));

    for (let removals = 0; removals < REMOVALS; removals += 1) {
      await sleep(2);
      // It fails itself where something new is stored in what it has just emptied.
      await run('rm', ['-rf', place.directory]).catch(() => undefined);
    }
    // Those who use it go on as before, however seldom they had their turn until now.
    const before = stored;
    const goesOn = (): boolean => stored > before;
    while (!goesOn()) await sleep(1);
    over.abort();
    await Promise.all(users);

    expect(errors).toEqual([]);
    expect(await backend.set('k', text('v'), 60)).toBe(true);
    expect(dirname(place.files()[0]!)).toContain(place.directory);
  });
});
