import type { Payload } from './cache-backend.interface.js';
import { CacheBackendError, CacheUnsupportedError, reasonOf } from './cache.errors.js';
import { MISS, type CacheView } from './cache-view.js';
import type { CacheBackend } from './cache-backend.interface.js';
import { judged, type Look } from './entry-reads.js';
import { KeptLease } from './kept-lease.js';
import type { Load } from './load.interface.js';
import type { LoadPlan } from './load-plan.js';
import { removeDead } from './replace-dead.js';

/** What one who found nothing is to do. */
export type LoadTurn =
  /** Another has loaded it meanwhile. */
  | { readonly found: Payload }
  | {
      readonly found?: undefined;
      /** The right to load as it holds across processes. Undefined: this process asks nobody. */
      readonly lease: KeptLease | undefined;
      /** True: that was not at once, so what was read before is old. */
      readonly hasWaited: boolean;
    };

const FIRST_PAUSE_MS = 5;
const MOST_PAUSE_MS = 50;
/** How long it is not waited for a lease that may be one's own, whose answer was lost, in seconds. */
const DOUBT_SECONDS = 10;
const ALONE: LoadTurn = { lease: undefined, hasWaited: false };

// Backends whose servers turned out to give out no leases.
const leaseless = new WeakSet<CacheBackend>();

/** True if a load asks other processes whether it is its turn. */
export function asksOthers({ strict, parts }: CacheView, { lock }: LoadPlan): boolean {
  if (lock === false || !strict.lease) return false;
  // What answers at once is in this process, and so are all who load.
  return lock === true || (!strict.getSync && !leaseless.has(parts.backend));
}

/**
 * Waits until it is this load's turn, or another has brought the value.
 *
 * @throws the reason, if the load is stopped. @throws {CacheBackendError} if the backend fails, unless that is forgiven: then
 * this process asks nobody.
 */
export async function turnToLoad<T>(load: Load<T>, { entry, dead }: Look): Promise<LoadTurn> {
  const { view, finalKey, plan, right, source } = load;
  if (typeof source !== 'function' || !asksOthers(view, plan)) return ALONE;
  const inherited = view.parts.fences.inherit(right.place, finalKey);
  if (inherited) return { lease: inherited, hasWaited: false };
  try {
    return await untilTurn(load, dead ?? entry);
  } catch (error) {
    if (!isForgiven(load, error)) throw error;
    return ALONE;
  }
}

/** @param inTheWay What lies there and is no entry. */
async function untilTurn<T>(load: Load<T>, inTheWay: Payload | undefined): Promise<LoadTurn> {
  const { view, finalKey, stop, right } = load;
  const { strict, parts } = view;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MOST_PAUSE_MS)) {
    const hasWaited = pause > FIRST_PAUSE_MS;
    const closed = view.closedError('getOrSet');
    if (closed) throw closed;
    if (inTheWay) await view.during(() => removeDead(view, finalKey, inTheWay!));
    const { lease, payload } = await view.during(() => strict.lease!(finalKey, {}));
    if (lease) return { lease: new KeptLease(finalKey, lease), hasWaited };
    const seen = payload && (await view.during(() => judged(view, strict, finalKey, payload)));
    if (seen?.entry && view.decode(seen.entry, finalKey) !== MISS) return { found: seen.entry };
    inTheWay = payload && (seen?.dead ?? payload);
    if (!payload && parts.doubts.isOn(right.place)) return ALONE;
    await stop.pause(pause * (0.5 + Math.random()));
  }
}

/** A lease whose end this process has not been told of may lie there for as long as leases last. */
export function doubtLease({ parts }: CacheView, place: string): void {
  parts.doubts.begin(place, DOUBT_SECONDS);
}

function isForgiven<T>({ view, plan, right }: Load<T>, error: unknown): boolean {
  const { parts, onError, strict } = view;
  if (error instanceof CacheUnsupportedError && plan.lock === undefined) {
    leaseless.add(parts.backend);
    parts.log.warnOnce(
      `cache "${parts.alias}": ${strict.name} gives out no leases, so each process loads for itself: ${reasonOf(error)}.`,
    );
    return true;
  }
  if (!(error instanceof CacheBackendError)) return false;
  doubtLease(view, right.place);
  return onError === 'miss';
}
