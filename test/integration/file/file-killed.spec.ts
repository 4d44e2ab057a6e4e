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
import { existsSync, linkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEASE_MS } from '../../../lib/backends/file/key-lock.js';
import { systemClock } from '../../../lib/core/clock.js';
import { buildFileWorker, type FileBuild } from '../../support/file-build.js';
import { type FilePlace, filePlace, integer, textOf } from '../../support/file-place.js';
import { runWorkers, startWorker } from '../../support/file-processes.js';
import { provesItself } from '../../support/file-self-proving.js';

jest.setTimeout(process.env['HEAVY'] ? 900_000 : 120_000);

const KILLS = process.env['HEAVY'] ? 1_000 : 12;
const AT_ONCE = 4;
const KEYS = 8;

let build: FileBuild;
let place: FilePlace;

beforeAll(async () => {
  build = await buildFileWorker();
});
afterAll(async () => {
  await build.remove();
});
beforeEach(() => {
  place = filePlace();
});
afterEach(() => {
  place.remove();
});

/** Starts a process that writes, and kills it some milliseconds later. */
async function writeAndKill(): Promise<void> {
  const options = { location: place.directory, deadlineMs: 60_000 };
  const writer = await startWorker(build, 'write', { options, key: 'w', count: KEYS });
  writer.go();
  await sleep(Math.random() * 40);
  await writer.kill();
}

describe('a process that is killed while it writes', () => {
  it(`leaves no torn and no wrong value, ${KILLS} times`, async () => {
    const backend = await place.open({ clock: systemClock, deadlineMs: 60_000 });
    await backend.set('w-counter', integer(0), null);
    const wrong: string[] = [];
    const counters: number[] = [0];
    let found = 0;

    for (let kills = 0; kills < KILLS; kills += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, writeAndKill));
      for (const key of [...Array(KEYS).keys()].map((index) => `w${index}`).concat('w-new')) {
        const value = textOf(await backend.get(key));
        if (value === undefined) continue;
        found += 1;
        if (!provesItself(key, value)) wrong.push(value.slice(0, 40));
      }
      counters.push(Number(textOf(await backend.get('w-counter'))));
    }

    expect(wrong).toEqual([]);
    expect(found).toBeGreaterThan(0);
    expect(counters).toEqual(counters.toSorted((a, b) => a - b));
    expect(place.reports).toEqual([]);
  });

  it('while it holds a lock holds the key up for a moment only', async () => {
    const options = { location: place.directory };
    const holder = await startWorker(build, 'hold-the-lock', { options, key: 'n' });
    holder.go();
    expect(await holder.line()).toBe('held');
    await holder.kill();
    const [lock] = place.files('.lock');
    expect(lock).toBeDefined();
    const backend = await place.open({ clock: systemClock });

    expect(await backend.incr('n', 1)).toBe(6);

    expect(existsSync(lock!)).toBe(false);
  });

  it('while it removes a dead lock does not hold the key up for ever either', async () => {
    const backend = await place.open({ clock: systemClock });
    await backend.set('n', integer(5), null);
    const [entry] = place.files();
    const lock = entry!.replace('.njcache', '.lock');
    linkSync(entry!, lock);
    writeFileSync(`${lock}.steal`, '');
    await sleep(LEASE_MS + 50);

    expect(await backend.incr('n', 1)).toBe(6);

    expect([existsSync(lock), existsSync(`${lock}.steal`)]).toEqual([false, false]);
  });

  it('leaves a lock that many others replace without losing a count', async () => {
    const options = { location: place.directory, deadlineMs: 60_000 };
    const backend = await place.open({ clock: systemClock });
    await backend.set('n', integer(0), null);
    const [entry] = place.files();
    linkSync(entry!, entry!.replace('.njcache', '.lock'));

    await runWorkers(build, 4, 'incr', { options, key: 'n', count: 100 });

    expect(textOf(await backend.get('n'))).toBe('400');
  });
});
