import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { createCache } from 'nestjs-cache-framework';
import type { FileCacheOptions } from '../../lib/named-cache-options.interface.js';
import type { FileIoMode } from '../../lib/backends/file/index.js';
import { type FilePlace, filePlace, filesBelow } from '../support/file-place.js';
import type { FaultAnswer, FaultTask } from '../support/fault-worker.js';
import { describeUnless } from '../support/memcached.js';
import { inject, straceMissing } from '../support/strace.js';
import { buildWorker, type WorkerBuild } from '../support/worker-build.js';
import type { WorkerProcess } from '../support/worker-process.js';

const MINUTES = 60_000;

let build: WorkerBuild<FaultTask, FaultAnswer>;
let place: FilePlace;
let worker: WorkerProcess | undefined;

beforeAll(async () => {
  build = await buildWorker('fault-worker');
}, MINUTES);
afterAll(() => build.remove());
beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  worker?.kill('SIGKILL');
  worker = undefined;
  place.remove();
});

function strictCache(options: { deadlineMs: number; io?: FileIoMode }): FileCacheOptions {
  return { backend: 'file', location: place.directory, onError: 'throw', options };
}

/** What the worker says, which ends well after that. */
async function answered(): Promise<FaultAnswer> {
  worker!.send('go');
  const answer = await worker!.message<FaultAnswer>();
  await worker!.ended();
  return answer;
}

describe('a disk that hangs for longer than the deadline', () => {
  it.each(['writeFile', 'rename', 'open'] as const)(
    'and then goes on brings back no value that was replaced or deleted meanwhile: %s',
    async (slow) => {
      const cache = strictCache({ deadlineMs: 400 });
      worker = await build.start({ does: 'late-changes', cache, slow });

      const { outcomes } = await answered();

      const late = 'no answer within 400 ms';
      const [replaced, deleted, added, counted, left] = outcomes;
      expect([replaced, deleted]).toEqual([
        ['replaced', late, true],
        ['deleted', late, true],
      ]);
      // Where it is not this function that they wait for, they are in time.
      expect([
        ['added', late, false],
        ['added', true, true],
      ]).toContainEqual(added);
      expect([
        ['counted', late, true],
        ['counted', 2, true],
      ]).toContainEqual(counted);
      expect(left).toEqual({ counted: 10 });
    },
  );
});

describeUnless(straceMissing, 'a disk whose system calls take long or fail', () => {
  it('has two operations at a time to do once one of them takes longer than the deadline', async () => {
    const cache = strictCache({ deadlineMs: 500 });
    worker = await build.start({ does: 'hung-reads', cache });
    const log = join(place.outside, 'strace.log');
    const injection = await inject(worker.pid, 'pread64', 'delay_enter=2500000', log);

    const { outcomes } = await answered();
    await injection.end();

    const [first, more, others] = outcomes as [string[], string[], boolean];
    const late = expect.stringMatching(/^(no answer|the disk was not free) within 500 ms$/);
    expect(first).toEqual([late, late]);
    expect(more).toEqual(Array.from({ length: 12 }, () => late));
    // Node's pool has four threads, so two are left for whatever else the process does with files.
    expect(others).toBe(true);
    expect(injection.count()).toBe(2);
  });

  describe.each<FileIoMode>(['async', 'sync'])('with %s io', (io) => {
    it.each([
      {
        calls: 'rename',
        error: 'EIO',
        forgiving: [false, 'stored', 'loaded', true],
        strict: ['EIO', 'stored', 'loaded', true],
      },
      {
        calls: 'rename',
        error: 'EDQUOT',
        forgiving: [false, 'stored', 'loaded', true],
        strict: [false, 'stored', 'loaded', true],
        said: /^cache "default": there is no room left in ".*"/,
      },
      {
        calls: 'link,linkat',
        error: 'EIO',
        forgiving: [true, 'stored', 'loaded', true],
        strict: [true, 'stored', 'EIO', true],
      },
    ])('that fail with $error in $calls become what $strict is', async (row) => {
      const { calls, error, forgiving, strict, said = / is away: .*EIO/ } = row;
      const options = { deadlineMs: 20_000, io };
      const before = await createCache({ backend: 'file', location: place.directory });
      await before.setMany({ 'miss text': 'stored', 'throw text': 'stored' });
      await before.close();
      worker = await build.start({ does: 'each-operation', cache: strictCache(options) });
      const log = join(place.outside, 'strace.log');
      const injection = await inject(worker.pid, calls, `error=${error}`, log);

      const { outcomes, warnings } = await answered();
      await injection.end();

      expect(outcomes).toEqual([forgiving, strict]);
      expect(warnings[0]).toMatch(said);
      expect(filesBelow(place.directory).filter((path) => !path.endsWith('.njcache'))).toEqual([]);
    });
  });
});
