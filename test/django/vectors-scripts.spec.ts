import { describe, expect, it } from '@jest/globals';
import { describeWithMemcached, freePort } from '../support/memcached.js';
import { runInTurn, runTogether } from '../support/suite-contract.js';
import { filePlaces } from '../support/suite-file.js';
import { memcachedPlaces, serverForAll } from '../support/suite-memcached.js';
import { memoryPlaces } from '../support/suite-memory.js';
import type { PlaceMaker } from '../support/suite-place.js';
import { isNote, raisedBy, type Vector, vectorsOf } from '../support/suite-vectors.js';
import { SCRIPT_EXCEPTIONS } from './vector-exceptions.js';
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

  it.each(refused.map((vector) => [titleOf(vector), vector] as const))('%s', async (_, vector) => {
    const place = memoryPlaces.make();
    const cache = await place.open({ invalidKeys: 'throw' });
    const steps = vector.input['steps'] as [string, unknown][];
    const outcomes = vector.expected_by_backend!['pymemcache'] as unknown[];

    for (const [index, [op, first]] of steps.entries()) {
      const keys = Array.isArray(first) ? first : isNote(first, '') ? [] : [first];
      const names = (
        keys.length > 0 && typeof keys[0] !== 'object' ? keys : Object.keys(first as object)
      ) as string[];
      const look = cache.getMany(names).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      const isRefused = raisedBy(outcomes[index]) === 'InvalidCacheKey';
      expect([op, await look]).toEqual([op, isRefused ? 'CACHE_INVALID_KEY' : undefined]);
    }
    await place.end();
  });
});

describe('the exceptions to the vectors', () => {
  it('each belong to a vector and say why', () => {
    const ids = new Set(vectorsOf('h').map(({ id }) => id));
    for (const [id, exceptions] of Object.entries(SCRIPT_EXCEPTIONS)) {
      if (!process.env['DJANGO_VECTORS']) expect(ids).toContain(id);
      for (const { reason } of exceptions) expect(reason).toMatch(/\w+ \w+/);
    }
  });
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

function titleOf({ id, title = '' }: Vector): string {
  return `${id} ${title}`;
}
