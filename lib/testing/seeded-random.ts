/**
 * Numbers from 0 up to, but not including, 1, which are the same for the same seed.
 *
 * @param seed A whole number; its lowest 32 bits count.
 * @see mulberry32, a generator with 32 bits of state
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
