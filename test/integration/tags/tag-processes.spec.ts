import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { describeWithMemcached, memcachedServers } from '../../support/memcached.js';
import { buildWorker, type WorkerBuild } from '../../support/worker-build.js';
import { filePlace } from '../../support/file-place.js';
import type { TagAnswer, TagTask } from '../../support/tag-worker.js';

jest.setTimeout(900_000);

const HEAVY = process.env['HEAVY'] !== undefined;
const VALUES = HEAVY ? 100_000 : 1_000;
const RACES = HEAVY ? 10_000 : 150;
const TITLE = `for two processes ${VALUES} values under one tag are gone at once, and of ${RACES} values made while theirs is invalidated none is stale`;

let build: WorkerBuild<TagTask, TagAnswer>;

beforeAll(async () => {
  build = await buildWorker('tag-worker');
});

afterAll(() => build.remove());

async function expectNothingStale(place: Pick<TagTask, 'backend' | 'location'>): Promise<void> {
  const task = { ...place, values: VALUES, races: RACES };

  const answers = await build.run([
    { ...task, role: 'writer' },
    { ...task, role: 'reader' },
  ]);

  for (const { before, after, stale, served } of answers) {
    expect({ before, after, stale }).toEqual({ before: VALUES, after: 0, stale: 0 });
    // Some are stored after the change; otherwise nothing would be proven.
    expect(served).toBeGreaterThan(0);
  }
}

describeWithMemcached('tags on memcached', () => {
  const servers = memcachedServers();

  afterEach(() => servers.stop());

  it(TITLE, async () => {
    const { address } = await servers.start(['-m', '1024']);

    await expectNothingStale({ backend: 'memcached', location: address });
  });
});

describe('tags in files', () => {
  const place = filePlace();

  afterAll(() => {
    place.remove();
  });

  it(TITLE, async () => {
    await expectNothingStale({ backend: 'file', location: place.directory });
  });
});
