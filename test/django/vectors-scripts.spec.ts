import { describe, expect } from '@jest/globals';
import { describeWithMemcached, freePort } from '../support/memcached.js';
import { runInTurn, runTogether } from '../support/suite-contract.js';
import { filePlaces } from '../support/suite-file.js';
import { memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import type { PlaceMaker } from '../support/suite-place.js';
import { raisedBy, type Vector, vectorsOf } from '../support/suite-vectors.js';
import { runScript } from './vector-scripts.js';

const all = vectorsOf('h');
const scripts = all.filter(({ input }) => !input['server_down']);
const whileDown = all.filter(({ input }) => input['server_down']);

describe.each([memoryPlaces, filePlaces])('vectors of the low-level API on $backend', (places) => {
  runInTurn(casesOf(scripts, places));
});

describeWithMemcached('vectors of the low-level API on memcached', () => {
  runTogether(casesOf(scripts, memcachedPlaces(serverForAll())));
});

describe('vectors of a server that is down', () => {
  runInTurn(
    whileDown.map((vector) => ({
      title: titleOf(vector),
      run: async () => {
        const address = `127.0.0.1:${await freePort()}`;
        await runIn(
          memcachedPlaces(() => ({ address })),
          vector,
        );
      },
    })),
  );
});

describe('vectors of keys that Django refuses on memcached', () => {
  const refused = scripts.filter(({ expected_by_backend: by }) =>
    ((by?.['pymemcache'] ?? []) as unknown[]).some((each) => raisedBy(each) === 'InvalidCacheKey'),
  );

  runInTurn(
    refused.map((vector) => ({
      title: titleOf(vector),
      run: () => refusedLikewise(vector),
    })),
  );
});

function casesOf(vectors: readonly Vector[], places: PlaceMaker) {
  return vectors.map((vector) => ({
    title: titleOf(vector),
    run: () => runIn(places, vector),
  }));
}

async function runIn(places: PlaceMaker, vector: Vector): Promise<void> {
  const place = places.make();
  try {
    await runScript(vector, place);
  } finally {
    await place.end();
  }
}

/** With `invalidKeys: 'throw'` the same steps are refused as in Django on memcached. */
async function refusedLikewise(vector: Vector): Promise<void> {
  const place = memoryPlaces.make();
  const cache = await place.open({ invalidKeys: 'throw' });
  const outcomes = vector.expected_by_backend!['pymemcache'] as unknown[];
  for (const [index, step] of (vector.input['steps'] as [string, unknown][]).entries()) {
    const first = step[1];
    const keys = typeof first === 'string' ? [first] : first;
    const look = cache.getMany(
      (Array.isArray(keys) ? keys : Object.keys(keys as object)) as string[],
    );
    const code = await look.then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    const isRefused = raisedBy(outcomes[index]) === 'InvalidCacheKey';
    expect([step, code]).toEqual([step, isRefused ? 'CACHE_INVALID_KEY' : undefined]);
  }
  await place.end();
}

function titleOf({ id, title = '' }: Vector): string {
  return `${id} ${title}`;
}
