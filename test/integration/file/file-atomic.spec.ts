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
import { buildFileWorker, type FileBuild } from '../../support/file-build.js';
import { type FilePlace, filePlace, integer, text, textOf } from '../../support/file-place.js';
import { provesItself, selfProving } from '../../support/file-self-proving.js';
import { runWorkers, startWorker } from '../../support/file-processes.js';
import { systemClock } from '../../../lib/core/clock.js';

jest.setTimeout(process.env['HEAVY'] ? 900_000 : 120_000);

const PROCESSES = 4;
const TRIES = process.env['HEAVY'] ? 10_000 : 300;
const READS = process.env['HEAVY'] ? 200_000 : 2_000;

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

describe(`${PROCESSES} processes at one directory`, () => {
  it(`have one winner of ${TRIES} add() each`, async () => {
    const options = { location: place.directory, deadlineMs: 60_000 };

    const won = await runWorkers(build, PROCESSES, 'add', { options, key: 'k', count: TRIES });

    expect((won as number[]).reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(place.files('')).toHaveLength(1);
  });

  it('have one winner when the entry has just expired', async () => {
    const location = place.directory;
    const options = { location, deadlineMs: 60_000 };
    const backend = await place.open();
    await backend.set('k', text('old'), 1);

    const won = await runWorkers(build, PROCESSES, 'add', { options, key: 'k', count: 50 });

    expect((won as number[]).reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it(`count each of ${TRIES} incr() each, and keep the ttl`, async () => {
    const options = { location: place.directory, deadlineMs: 60_000 };
    const now = Date.now();
    const backend = await place.open({ clock: { now: () => now } });
    await backend.set('n', integer(0), 1_000_000);

    const settings = { options, key: 'n', count: TRIES };
    const missed = await runWorkers(build, PROCESSES, 'incr', settings);

    expect(missed).toEqual(Array(PROCESSES).fill(0));
    expect(textOf(await backend.get('n'))).toBe(String(PROCESSES * TRIES));
    expect(await backend.ttl('n')).toBe(1_000_000);
    expect(place.files('')).toHaveLength(1);
  });

  it('show a counter that never is away and never goes back while they count', async () => {
    const options = { location: place.directory, deadlineMs: 60_000 };
    const backend = await place.open({ clock: systemClock, deadlineMs: 60_000 });
    await backend.set('n', integer(100_000), 1_000);
    const settings = { options, key: 'n', count: TRIES };
    const counting = { isOver: false };
    const counted = runWorkers(build, PROCESSES, 'incr', settings).finally(() => {
      counting.isOver = true;
    });

    const seen: (string | undefined)[] = [];
    while (!counting.isOver) seen.push(textOf(await backend.get('n')));
    await counted;

    expect(seen.filter((value) => value === undefined)).toEqual([]);
    expect(seen.filter((value, index) => Number(value) < Number(seen[index - 1]))).toEqual([]);
    expect(textOf(await backend.get('n'))).toBe(String(100_000 + PROCESSES * TRIES));
    expect(place.reports).toEqual([]);
  });

  it(`give whole values to a reader, ${READS} times`, async () => {
    const options = { location: place.directory, deadlineMs: 60_000 };
    const settings = { options, key: 'w', count: 1 };
    const writers = await Promise.all([
      startWorker(build, 'write', settings),
      startWorker(build, 'write', settings),
    ]);
    const backend = await place.open({ clock: systemClock, deadlineMs: 60_000 });
    await backend.set('w0', text(selfProving('w0', 0)), null);
    for (const writer of writers) writer.go();

    let missed = 0;
    const wrong: string[] = [];
    for (let read = 0; read < READS; read += 1) {
      const value = textOf(await backend.get('w0'));
      if (value === undefined) missed += 1;
      else if (!provesItself('w0', value)) wrong.push(value.slice(0, 40));
    }
    await Promise.all(writers.map((writer) => writer.kill()));

    expect({ missed, wrong }).toEqual({ missed: 0, wrong: [] });
    expect(place.reports).toEqual([]);
  });
});
