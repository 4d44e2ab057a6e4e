import type { Payload, Ttl } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import { look } from './entry-reads.js';
import { Envelope } from './envelope.js';
import { FLAG_INTEGER } from './payload-flags.js';

// How long nobody else may take the place of one dead entry, in seconds.
const TURN_SECONDS = 10;

/**
 * `CacheBackend.add()` that takes an entry whose tags were invalidated for the absent one that it is. True if this call stored
 * the payload.
 *
 * Of all who find the same dead entry one removes it, as otherwise the second would remove what the first has added.
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
  if (!dead) return false;
  const turn = view.parts.keys.reserved('dead', `${finalKey.length}:${finalKey}:${nameOf(dead)}`);
  if (!(await strict.add(turn, { flags: FLAG_INTEGER, data: '1' }, TURN_SECONDS))) return false;
  // What was stored meanwhile stays.
  const { dead: left } = await look(view, strict, finalKey);
  if (left && nameOf(left) === nameOf(dead)) await strict.delete(finalKey);
  return strict.add(finalKey, payload, ttl);
}

function nameOf(dead: Payload): string {
  if (!(dead instanceof Envelope)) return `unreadable:${dead.data.length}`;
  const { storedAt, stamps } = dead.head;
  return `${storedAt}:${stamps.map(({ text }) => text).join(',')}`;
}
