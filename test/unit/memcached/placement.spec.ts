import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { placementOf, PLACEMENT_NAMES } from '../../../lib/backends/memcached/placement.js';
import type { PlacementName } from '../../../lib/backends/memcached/placement.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';

interface Pool {
  readonly servers: readonly string[];
  /** The digit at n is the server of key n. */
  readonly places: Readonly<Record<string, string>>;
}

const KEYS = 10_000;
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

    const chosen = Array.from({ length: KEYS }, (_, index) => choose(keyOf(index))).join('');

    expect(chosen).toBe(places[name]);
  });
});

/** Servers of a pool of their own. */
function nodesOf(pool: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${pool}.${index + 1}:11211`);
}

/** The server of each key. */
function chosenBy(name: PlacementName, nodes: readonly string[]): string[] {
  const choose = placementOf(name, nodes);
  return Array.from({ length: KEYS }, (_, index) => nodes[choose(keyOf(index))]!);
}

/** Where the keys went that are on another server than before. */
function moves(before: readonly string[], after: readonly string[]): string[] {
  return after.filter((node, index) => node !== before[index]);
}

describe.each(['rendezvous', 'ketama'] as const)('%s, when servers come and go', (name) => {
  it('moves 25 % ± 3 of 10,000 keys when a fourth server comes, all of them to it', () => {
    const nodes = nodesOf(0, 4);

    const moved = moves(chosenBy(name, nodes.slice(0, 3)), chosenBy(name, nodes));

    expect(new Set(moved)).toEqual(new Set([nodes[3]]));
    expect(moved.length).toBeGreaterThanOrEqual(0.22 * KEYS);
    expect(moved.length).toBeLessThanOrEqual(0.28 * KEYS);
  });

  it('moves the keys of the one that goes of three, and no others', () => {
    const nodes = nodesOf(0, 3);
    const before = chosenBy(name, nodes);

    for (const gone of nodes) {
      const after = chosenBy(
        name,
        nodes.filter((node) => node !== gone),
      );
      const stayed = before.filter((node, index) => node === after[index]);
      expect(stayed.length).toBe(before.filter((node) => node !== gone).length);
    }
  });
});

/** The share of the keys that a fourth server gets in each of 20 pools. */
function shares(name: PlacementName): number[] {
  return Array.from({ length: 20 }, (_, pool) => {
    const nodes = nodesOf(pool, 4);
    return moves(chosenBy(name, nodes.slice(0, 3)), chosenBy(name, nodes)).length / KEYS;
  });
}

describe('the share of a fourth server in 20 pools', () => {
  it('is 25 % ± 3 in each of them with rendezvous', () => {
    const all = shares('rendezvous');

    expect(Math.min(...all)).toBeGreaterThanOrEqual(0.22);
    expect(Math.max(...all)).toBeLessThanOrEqual(0.28);
  });

  // 100 points a server, which is what libmemcached has, make shares of less even size.
  it('is 25 % ± 3 on average with ketama, and within 25 % ± 9 in each of them', () => {
    const all = shares('ketama');

    const average = all.reduce((sum, share) => sum + share, 0) / all.length;
    expect(Math.abs(average - 0.25)).toBeLessThanOrEqual(0.03);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0.16);
    expect(Math.max(...all)).toBeLessThanOrEqual(0.34);
  });

  it.each(['modula', 'python-memcached'] as const)(
    'costs most of the keys their server with %s',
    (name) => {
      expect(Math.min(...shares(name))).toBeGreaterThanOrEqual(0.7);
    },
  );
});
