import type { Loader, LoadOptions } from './call-options.interface.js';
import { CacheLoadTimeoutError } from './cache.errors.js';
import { MISS, type CacheView } from './cache-view.js';
import { liveSync, type Look, look } from './entry-reads.js';
import { tagsToBear } from './entry-writes.js';
import { giveBack, keepLoaded, storeMissing } from './keep-loaded.js';
import { mayBeGiven, patienceOf, planOf } from './load-plan.js';
import type { LoadRight } from './load-fences.js';
import { beginRight, stampKeysOf, stampsBeforeLoad } from './load-tags.js';
import { loadedValue, turnToLoad } from './load-turn.js';
import type { Landed, Load } from './load.interface.js';
import { oldInstead, staleOrReloaded } from './reload.js';
import type { FlightWork } from './single-flight.js';

/** What a caller of `getOrSet()` gets. */
export interface Loaded<T> {
  readonly value: T;
  /** True if nothing had to be loaded. */
  readonly isHit: boolean;
}

/** One load per key at a time; the flight in this process covers the read as well. */
export async function getOrSet<T>(
  view: CacheView,
  key: string,
  source: Loader<T> | T,
  options: LoadOptions<T>,
): Promise<Loaded<T>> {
  const { codec, flights, turns } = view.parts;
  const { backend } = view;
  const finalKey = view.key(key, options.version);
  checkLoadOptions(view, options);
  const plan = planOf(view, options);
  plan.signal?.throwIfAborted();
  const known = backend.getSync
    ? liveSync(view, backend, backend.getSync(finalKey), finalKey)
    : undefined;
  if (known) {
    const value = view.decode(known, finalKey, options.type);
    if (value !== MISS) return { value: value as T, isHit: true };
  }
  const mode = flights[view.onError];
  const place = view.place(finalKey);
  const joins = mode.has(place);
  const patience = patienceOf(view, key, plan);
  const work: FlightWork<Landed> = (callLoader, trip) =>
    readOrLoad(view, finalKey, options, (right) => {
      const { stop } = trip;
      return { view, key, finalKey, source, options, plan, callLoader, stop, right };
    });
  let landed: Landed;
  for (let tries = 1; ; tries += 1) {
    try {
      landed = await mode.run(place, work, patience);
    } catch (error) {
      // It may have been another's load that took too long for this caller, or another process's.
      if (!(error instanceof CacheLoadTimeoutError)) throw error;
      landed = await oldInstead(view, finalKey, plan, error);
    }
    if ('value' in landed) return { value: landed.value as T, isHit: false };
    if ('payload' in landed && mayBeGiven(landed.staleMs, plan)) break;
    // Who began this flight left the key out, or takes what is stale. Then it is for this caller to begin one.
    plan.signal?.throwIfAborted();
    if (tries > 1) mode.leave(place);
  }
  const { payload, isHit } = landed;
  const decode = (): T => codec.decode(payload, options.type) as T;
  // Thousands who waited for one large value must not decode it all in one turn of the event loop.
  if (joins && !codec.isCheap(payload)) return { value: await turns.run(decode), isHit };
  return { value: decode(), isHit };
}

/** A bad timeout is an error before any I/O, and so are bad tags. @throws {TypeError} */
export function checkLoadOptions(
  view: CacheView,
  { timeout, tags }: Pick<LoadOptions<never>, 'timeout' | 'tags'>,
): void {
  if (typeof timeout !== 'function') view.ttl(timeout);
  if (tags !== undefined && typeof tags !== 'function') tagsToBear(view, tags);
}

/** @param begin Makes a load, if what is there does not do. */
async function readOrLoad<T>(
  view: CacheView,
  finalKey: string,
  options: LoadOptions<T>,
  begin: (right: LoadRight) => Load<T>,
): Promise<Landed> {
  const stampKeys = stampKeysOf(view, options.tags);
  // Begun before anything is waited for: whatever is deleted from now on may be what is read here.
  const right = beginRight(view, finalKey, options.tags, stampKeys);
  try {
    const found = await view.during(() => look(view, view.backend, finalKey, stampKeys));
    const { entry, stale } = found;
    if (entry && view.decode(entry, finalKey) !== MISS) return { payload: entry, isHit: true };
    const load = begin(right);
    const reloaded = stale && (await staleOrReloaded(load, stale));
    return reloaded ?? (await loadInTurn(load, found));
  } finally {
    view.parts.fences.end(right);
  }
}

async function loadInTurn<T>(load: Load<T>, found: Look): Promise<Landed> {
  const turn = await turnToLoad(load, found);
  if (turn.found) return { payload: turn.found, isHit: true };
  const { view, finalKey, options } = load;
  const { lease, hasWaited } = turn;
  if (!lease) return loadAndKeep(load, found, found.stamps);
  // What was deleted while this one waited for its turn was so before it loads.
  const right = hasWaited ? beginRight(view, finalKey, options.tags) : load.right;
  right.lease = lease;
  const inTurn = { ...load, right };
  try {
    return await loadAndKeep(inTurn, found, hasWaited ? undefined : found.stamps);
  } finally {
    await giveBack(inTurn);
    if (hasWaited) view.parts.fences.end(right);
  }
}

/** @param stamps Those that were read just now. */
async function loadAndKeep<T>(
  load: Load<T>,
  found: Look,
  stamps: Look['stamps'] | undefined,
): Promise<Landed> {
  const { view, options } = load;
  const before = await view.during(() => stampsBeforeLoad(view, options.tags, stamps));
  return keepLoaded(load, before, await loadedValue(load), storeMissing(load, found));
}
