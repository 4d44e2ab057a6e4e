import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { placementOf, PLACEMENT_NAMES } from '../../../lib/backends/memcached/placement.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';

interface Pool {
  readonly servers: readonly string[];
  /** The digit at n is the server of key n. */
  readonly places: Readonly<Record<string, string>>;
}

const vectors = new URL('../../support/memcached-placement-vectors.json', import.meta.url);
const pools = JSON.parse(readFileSync(vectors, 'utf8')) as Pool[];

/** The same in test/support/memcached-placement-vectors.py. */
function keyOf(index: number): string {
  const text = ((index * 2_654_435_761) % 2 ** 32).toString(16);
  return index % 10 === 9 ? `:1:é中😀${text}` : `:1:${text.repeat(1 + (index % 25))}`;
}

describe.each(pools)('placement on $servers', ({ servers, places }) => {
  it.each(PLACEMENT_NAMES)('%s chooses as its Python client does, for 10,000 keys', (name) => {
    const nodes = parseLocation(servers, 'a test').map(({ node }) => node);
    const choose = placementOf(name, nodes);

    const chosen = Array.from({ length: 10_000 }, (_, index) => choose(keyOf(index))).join('');

    expect(chosen).toBe(places[name]);
  });
});
