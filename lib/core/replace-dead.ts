import type { Payload, Ttl } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import { look } from './entry-reads.js';
import { Envelope } from './envelope.js';
import { FLAG_INTEGER } from './payload-flags.js';

// How long nobody else may remove one dead entry, if who began to do so never ends, in seconds.
const TURN_SECONDS = 10;

/**
 * `CacheBackend.add()` that takes an entry whose tags were invalidated for the absent one that it is. True if this call stored
 * the payload.
 *
 * @throws {CacheBackendError} if the backend fails.
 */
export async function addLive(
  view: CacheView,
  finalKey: string,
  payload: Payload,
  ttl: Ttl,
): Promise<boolean> {
  const { strict } = view;
  if (await strict.add(finalKey, payload, ttl)) return true;
  const { dead } = await look(view, strict, finalKey);
  if (!dead || !(await removeDead(view, finalKey, dead))) return false;
  return strict.add(finalKey, payload, ttl);
}

/**
 * Removes what lies under a key and is no entry, unless something else has been stored there meanwhile.
 *
 * Of all who find the same one removes it, as otherwise the second would remove what the first has stored in its place.
 *
 * @returns true for that one. @throws {CacheBackendError} if the backend fails.
 */
export async function removeDead(
  view: CacheView,
  finalKey: string,
  dead: Payload,
): Promise<boolean> {
  const { strict } = view;
  const turn = view.parts.keys.reserved('dead', `${finalKey.length}:${finalKey}:${nameOf(dead)}`);
  if (!(await strict.add(turn, { flags: FLAG_INTEGER, data: '1' }, TURN_SECONDS))) return false;
  const left = await strict.get(finalKey);
  if (left && isSamePayload(left, dead)) await strict.delete(finalKey);
  // Whoever takes the turn from now on finds it gone.
  await strict.delete(turn);
  return true;
}

/** True if both are the same bytes with the same meaning. */
export function isSamePayload(one: Payload, other: Payload): boolean {
  if (one === other) return true;
  return one.flags === other.flags && bytesOf(one).equals(bytesOf(other));
}

function bytesOf({ data }: Payload): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function nameOf(dead: Payload): string {
  if (!(dead instanceof Envelope)) return `unreadable:${dead.data.length}`;
  const { storedAt, stamps } = dead.head;
  return `${storedAt}:${stamps.map(({ text }) => text).join(',')}`;
}
