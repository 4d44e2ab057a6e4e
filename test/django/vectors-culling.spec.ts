import { describe, expect, it } from '@jest/globals';
import { filePlaces } from '../support/suite-file.js';
import { memoryPlaces } from '../support/suite-memory.js';
import type { CacheService } from '../../lib/core/cache.service.js';
import type { CachePlace } from '../support/suite-place.js';
import { decoded, keysFrom, numbered, raisedBy, vectorsOf } from '../support/suite-vectors.js';
import { CULL_DIFFERENCES, expectListed } from './vector-differences.js';

type Step = readonly [op: string, ...args: unknown[]];

const PLACES = { locmem: memoryPlaces, filebased: filePlaces } as const;
const vectors = vectorsOf('m').filter(({ input }) => (input['backend'] as string) in PLACES);

describe('vectors of culling', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (id, vector) => {
    const { OPTIONS, backend } = vector.input as { OPTIONS: Options; backend: keyof typeof PLACES };
    const { MAX_ENTRIES: maxEntries = 300, CULL_FREQUENCY: cullFrequency = 3 } = OPTIONS;
    const place = PLACES[backend].make();
    const opening = place.open({ options: { maxEntries, cullFrequency } });

    if (maxEntries < 1 || cullFrequency < 0) {
      await expect(opening).rejects.toMatchObject({ code: 'CACHE_BAD_OPTION' });
      expectListed(id, ['mistakesAreTold'], backend);
    } else {
      const cache = await opening;
      await run(vector.input['steps'] as Step[], cache, place);
      const left = await keysIn(cache);

      expect(raisedBy(vector.expected)).toBeUndefined();
      const theirs = decoded(vector.expected) as { count: number; keys: string[] | null };
      const special = CULL_DIFFERENCES[id];
      const hasGrown = theirs.count > maxEntries;
      if (special) expect(left).toEqual(special.keys);
      else if (hasGrown) expect(left.length).toBeLessThanOrEqual(maxEntries);
      else if (theirs.keys === null) expect(left).toHaveLength(theirs.count);
      else expect(left).toEqual(theirs.keys);
      expectListed(id, special ? [special.rule] : hasGrown ? ['capsHold'] : [], backend);
    }
    await place.end();
  });
});

interface Options {
  readonly MAX_ENTRIES?: number;
  readonly CULL_FREQUENCY?: number;
}

async function run(steps: readonly Step[], cache: CacheService, place: CachePlace): Promise<void> {
  for (const [op, ...args] of steps) {
    const [key, value, timeout] = args as [string, unknown, number | undefined];
    const life = timeout ?? 1000;
    switch (op) {
      case 'fill': {
        const [first, end] = args as [number, number];
        for (let index = first; index < end; index += 1) {
          await cache.set(numbered(index), index, life);
        }
        break;
      }
      case 'set':
        await cache.set(key, value, life);
        break;
      case 'add':
        await cache.add(key, value, life);
        break;
      case 'get':
        await cache.get(key);
        break;
      case 'get_many':
        await cache.getMany(args[0] as string[]);
        break;
      case 'has_key':
        await cache.has(key);
        break;
      case 'touch':
        await cache.touch(key, (value as number | undefined) ?? 1000);
        break;
      case 'incr':
        await cache.incr(key);
        break;
      case 'delete':
        await cache.delete(key);
        break;
      case 'advance':
        await place.advance(args[0] as number);
        break;
      default:
        throw new Error(`There is no rule for the step "${op}".`);
    }
  }
}

/** What is left, looked for without making anything recently used. */
async function keysIn(cache: CacheService): Promise<string[]> {
  const left: string[] = [];
  for (const key of keysFrom(0, 1000)) if (await cache.has(key)) left.push(key);
  return left;
}
