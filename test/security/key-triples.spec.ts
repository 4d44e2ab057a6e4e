import { describe, expect, it } from '@jest/globals';
import type { KeyLimits } from '../../lib/core/cache-backend.interface.js';
import { KeyBuilder, MEMCACHED_KEY_LIMITS } from '../../lib/core/key-builder.js';

const COUNT = process.env['HEAVY'] ? 1_000_000 : 20_000;
const SEED = Number(process.env['SEED'] ?? 20_260_101);
const VERSIONS = [0, 1, 2, 11, 12, 111, Number.MAX_SAFE_INTEGER];
const MOST_MS = 300_000;
// oxlint-disable-next-line no-control-regex -- these are what a printable key may not hold
const UNPRINTABLE = /[\x00-\x20\x7f]/;
const HEX = 'a'.repeat(64);

// Pieces that meet easily: the separator, digits, and what makes a key illegal or look like a replaced one.
const PREFIX_PIECES = [
  '',
  '',
  'a',
  'b',
  ':',
  '1',
  '11',
  'a:',
  '-',
  '~',
  ' ',
  'é',
  '\ud800',
  'p'.repeat(120),
];
const KEY_PIECES = [
  ...PREFIX_PIECES,
  ':1:',
  '2:',
  '\r\n',
  '\0',
  '_',
  '/',
  '..',
  '\udc00',
  'e\u0301',
  `~${HEX}`,
  HEX,
  'k'.repeat(100),
  'k'.repeat(230),
];

describe.each<[string, KeyLimits | undefined]>([
  ['without limits', undefined],
  ["under memcached's limits", MEMCACHED_KEY_LIMITS],
])('final keys %s', (_, limits) => {
  it(
    `do not meet in ${COUNT} triples of prefix, version and key (seed ${SEED})`,
    () => {
      const random = randomOf(SEED);
      const seen = new Map<string, string>();
      const builders = new Map<string, KeyBuilder | undefined>();
      let last = 'k';
      for (let drawn = 0; drawn < COUNT;) {
        const prefix = joined(PREFIX_PIECES, 3, random);
        const version = VERSIONS[random(VERSIONS.length)]!;
        // Now and then what was a final key before, or its end, as somebody would who tries to meet it.
        const key =
          random(20) === 0 ? last.slice(random(last.length)) : joined(KEY_PIECES, 4, random);
        const builder = builderOf(prefix, limits, builders);
        if (!builder || key === '') continue;
        drawn += 1;

        const final = builder.build(key, version);
        const triple = JSON.stringify([prefix, version, key]);
        const other = seen.get(final);
        if (other !== undefined && other !== triple) expect(triple).toBe(other);
        seen.set(final, triple);
        if (random(50) === 0) last = final;
      }

      // Most draws are triples that were not drawn before, or the test would say nothing.
      expect(seen.size).toBeGreaterThan(COUNT / 4);
    },
    MOST_MS,
  );

  it(
    'are legal',
    () => {
      const random = randomOf(SEED + 1);
      const builders = new Map<string, KeyBuilder | undefined>();
      let replaced = 0;
      for (let drawn = 0; drawn < COUNT / 10; drawn += 1) {
        const builder = builderOf(joined(PREFIX_PIECES, 3, random), limits, builders);
        const key = joined(KEY_PIECES, 4, random);
        if (!builder || key === '') continue;

        const final = builder.build(key);
        if (/~[0-9a-f]{64}$/.test(final)) replaced += 1;
        if (!final.isWellFormed()) expect(final).toBe('well-formed');
        if (!limits) continue;
        const isLegal = Buffer.byteLength(final) <= limits.maxBytes && !UNPRINTABLE.test(final);
        if (!isLegal) expect(final).toBe('legal');
      }

      expect(replaced).toBeGreaterThan(100);
    },
    MOST_MS,
  );
});

/** The builder of a prefix, or undefined if it is refused because it could be read as another one. */
function builderOf(
  keyPrefix: string,
  limits: KeyLimits | undefined,
  builders: Map<string, KeyBuilder | undefined>,
): KeyBuilder | undefined {
  if (!builders.has(keyPrefix)) {
    let builder: KeyBuilder | undefined;
    try {
      builder = new KeyBuilder({ alias: 'a', keyPrefix, version: 1, invalidKeys: 'hash', limits });
    } catch (error) {
      expect((error as { code: string }).code).toBe('CACHE_BAD_PREFIX');
    }
    builders.set(keyPrefix, builder);
  }
  return builders.get(keyPrefix);
}

function joined(
  pieces: readonly string[],
  most: number,
  random: (below: number) => number,
): string {
  return Array.from({ length: 1 + random(most) }, () => pieces[random(pieces.length)]!).join('');
}

/** Numbers below a bound, always the same for a seed. (mulberry32) */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
