// Looked up once: where tests run, each look at a global costs more than the hash itself.
const { imul } = Math;

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * MurmurHash3, 32 bits, seed 0, of part of some bytes.
 *
 * @returns An unsigned number. @see Austin Appleby's MurmurHash3_x86_32
 */
export function murmur3(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  const blocksEnd = from + (length & ~3);
  let hash = 0;
  let at = from;
  for (; at < blocksEnd; at += 4) {
    const block =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let shift = 0; at < to; at += 1, shift += 8) tail |= bytes[at]! << shift;
  hash ^= scramble(tail);
  hash ^= length;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = imul(block, C1);
  return imul((mixed << 15) | (mixed >>> 17), C2);
}
