import type { Payload, Ttl } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import { CacheUnsupportedError } from './cache.errors.js';
import { givesLeases, noteLeaseless } from './leaseless.js';
import { look } from './entry-reads.js';
import { Envelope } from './envelope.js';
import { FLAG_INTEGER } from './payload-flags.js';

// How long nobody else may remove one dead entry, if who began to do so never ends, in seconds.
const TURN_SECONDS = 10;

/**
 * `CacheBackend.add()` that takes an entry whose tags were invalidated, or which is not fresh any more, for the absent one that
 * it is. True if this call stored the payload.
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
  const { dead, stale } = await look(view, strict, finalKey);
  const gone = dead ?? stale;
  if (!gone || !(await removeDead(view, finalKey, gone))) return false;
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
  try {
    const left = await strict.get(finalKey);
    if (left && isSamePayload(left, dead)) await strict.delete(finalKey);
  } finally {
    // Whoever takes the turn from now on finds it gone, or tries what failed here.
    await strict.delete(turn);
  }
  return true;
}

/**
 * Stores a payload in the place of the one that was seen there. False, with nothing stored, if something else is there by now,
 * or nothing: whoever deleted that or stored another is not undone.
 *
 * Where the backend gives out leases no other process can come between; where it does not, one that does so in the moment
 * between reading and storing is not noticed.
 *
 * @throws {CacheBackendError} if the backend fails.
 */
export async function replaceSeen(
  view: CacheView,
  finalKey: string,
  seen: Payload,
  payload: Payload,
  ttl: Ttl,
): Promise<boolean> {
  const { strict } = view;
  if (!strict.peekSync && givesLeases(view)) {
    try {
      const { lease, payload: there } = await strict.lease!(finalKey, { stale: Infinity });
      if (!lease) return false;
      if (there && isSamePayload(there, seen)) return await lease.fill(payload, ttl);
      await lease.release();
      return false;
    } catch (error) {
      if (!(error instanceof CacheUnsupportedError)) throw error;
      noteLeaseless(view, error);
    }
  }
  const there = strict.peekSync ? strict.peekSync(finalKey) : await strict.get(finalKey);
  return there !== undefined && isSamePayload(there, seen) && strict.set(finalKey, payload, ttl);
}

/** True if both are the same bytes with the same meaning. */
function isSamePayload(one: Payload, other: Payload): boolean {
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
