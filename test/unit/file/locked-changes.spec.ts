import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type FilePlace, filePlace, text, textOf } from '../../support/file-place.js';

let place: FilePlace;

beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  jest.restoreAllMocks();
  place.remove();
});

describe('add() of a process that stood still while it had the lock', () => {
  it('leaves alone what another process has added meanwhile', async () => {
    // The entry that the other process is about to add.
    const other = await place.open({ io: 'sync', deadlineMs: 10_000 });
    await other.set('k', text('theirs'), 100);
    const [entry] = place.files();
    const theirs = `${place.outside}/theirs`;
    copyFileSync(entry!, theirs);
    await other.set('k', text('expired'), 1);
    place.clock.advance(2);

    const lock = entry!.replace('.njcache', '.lock');
    let isHeldUp = false;
    const clock = {
      now: () => {
        if (!isHeldUp && existsSync(lock)) {
          isHeldUp = true;
          renameSync(theirs, entry!);
          const now = performance.now.bind(performance);
          jest.spyOn(performance, 'now').mockImplementation(() => now() + 3_000);
        }
        return place.clock.now();
      },
    };
    const backend = await place.open({ io: 'sync', deadlineMs: 10_000, clock });
    const isAdded = await backend.add('k', text('ours'), 100);

    expect(isHeldUp).toBe(true);
    expect(isAdded).toBe(false);
    expect(textOf(await other.get('k'))).toBe('theirs');
  });
});
