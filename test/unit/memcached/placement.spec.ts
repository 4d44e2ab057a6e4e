import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { placementOf, PLACEMENT_NAMES } from '../../../lib/backends/memcached/placement.js';

interface Vectors {
  readonly nodes: readonly string[];
  /** The digit at n is the server of key n. */
  readonly places: Readonly<Record<string, string>>;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../support/memcached-placement-vectors.json', import.meta.url), 'utf8'),
) as Vectors;

/** The same in test/support/memcached-placement-vectors.py. */
function keyOf(index: number): string {
  const text = ((index * 2_654_435_761) % 2 ** 32).toString(16);
  return index % 10 === 9 ? `:1:é中😀${text}` : `:1:${text.repeat(1 + (index % 25))}`;
}

describe('placement', () => {
  it.each(PLACEMENT_NAMES)('%s chooses the server that Python chooses, for 10,000 keys', (name) => {
    const choose = placementOf(name, vectors.nodes);

    const chosen = Array.from({ length: 10_000 }, (_, index) => choose(keyOf(index))).join('');

    expect(chosen).toBe(vectors.places[name]);
  });
});
