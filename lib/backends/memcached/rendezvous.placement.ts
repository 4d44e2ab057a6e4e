import { murmur3 } from './murmur3.js';

// memcached's longest key, and every key of the placement's callers.
const ROOM_FOR_KEY = 256;

/**
 * The server with the highest murmur3 of `server-key`. Even shares, and a server that comes or goes moves its own share of
 * the keys only. Of equal scores, which are next to impossible, the greater name wins.
 *
 * @see pymemcache's HashClient and RendezvousHash, which Django's PyMemcacheCache uses
 */
export function rendezvous(nodes: readonly string[]): (key: string) => number {
  const heads = nodes.map((node) => codesOf(`${node}-`));
  const longestHead = Math.max(...heads.map((head) => head.length));
  let bytes = new Uint8Array(longestHead + ROOM_FOR_KEY);
  return (key) => {
    if (bytes.length < longestHead + key.length) bytes = new Uint8Array(longestHead + key.length);
    let end = longestHead;
    for (const character of key) {
      bytes[end] = character.codePointAt(0)!;
      end += 1;
    }
    let highest = -1;
    let winner = 0;
    heads.forEach((head, index) => {
      const from = longestHead - head.length;
      bytes.set(head, from);
      const score = murmur3(bytes, from, end);
      if (score > highest || (score === highest && nodes[index]! > nodes[winner]!)) {
        highest = score;
        winner = index;
      }
    });
    return winner;
  };
}

// pymemcache hashes the low byte of each character, not the bytes of UTF-8.
function codesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.codePointAt(0)!);
}
