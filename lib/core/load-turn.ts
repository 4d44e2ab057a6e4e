import type { Payload } from './cache-backend.interface.js';
import { CacheBackendError, CacheUnsupportedError } from './cache.errors.js';
import { MISS, type CacheView } from './cache-view.js';
import { judged, type Look } from './entry-reads.js';
import { givesLeases, noteLeaseless } from './leaseless.js';
import { KeptLease } from './kept-lease.js';
import type { Load } from './load.interface.js';
import type { Loader } from './call-options.interface.js';
import type { LoadPlan } from './load-plan.js';
import type { LoadStop } from './load-stop.js';
import { removeDead } from './replace-dead.js';
import { retryPauseMs } from './retry-pause.js';

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

/** For how long another who loads again what is stale is not asked after, in seconds. */
const GLANCE_SECONDS = 1;
/** How long it is not waited for a lease that may be one's own, whose answer was lost, in seconds. */
const DOUBT_SECONDS = 10;
const ALONE: LoadTurn = { lease: undefined, hasWaited: false };

/** True if a load asks other processes whether it is its turn. */
function asksOthers(view: CacheView, { lock }: LoadPlan): boolean {
  if (lock === false || !view.strict.lease) return false;
  // What answers at once is in this process, and so are all who load.
  return lock === true || (!view.strict.getSync && givesLeases(view));
}

/**
 * Waits until it is this load's turn, or another has brought the value.
 *
 * @throws the reason, if the load is stopped. @throws {CacheBackendError} if the backend fails, unless that is forgiven: then
 * this process asks nobody.
 */
export async function turnToLoad<T>(
  load: Load<T>,
  { entry, dead, stale }: Look,
): Promise<LoadTurn> {
  const { view, finalKey, plan, right, source } = load;
  if (typeof source !== 'function' || !asksOthers(view, plan)) return ALONE;
  const inherited = view.parts.fences.inherit(right.place, finalKey);
  if (inherited) return { lease: inherited, hasWaited: false };
  try {
    return await untilTurn(load, dead ?? stale ?? entry);
  } catch (error) {
    if (!isForgiven(load, error)) throw error;
    return ALONE;
  }
}

/** @param inTheWay What lies there and is no entry. */
async function untilTurn<T>(load: Load<T>, inTheWay: Payload | undefined): Promise<LoadTurn> {
  const { view, finalKey, right } = load;
  const { strict, parts } = view;
  let dead = inTheWay;
  return untilAnswered(load, async (hasWaited) => {
    if (dead) await removeDead(view, finalKey, dead);
    const { lease, payload } = await strict.lease!(finalKey, {});
    if (lease) return { lease: new KeptLease(finalKey, lease), hasWaited };
    if (!payload) return parts.doubts.isOn(right.place) ? ALONE : undefined;
    const seen = await judged(view, strict, finalKey, payload);
    if (seen.entry && view.decode(seen.entry, finalKey) !== MISS) return { found: seen.entry };
    dead = seen.dead ?? seen.stale ?? payload;
    return undefined;
  });
}

/**
 * The right to load again what is not fresh any more. It lies under a key beside the entry, which everybody gets meanwhile.
 *
 * @param waits True: for another who loads; undefined then if the backend gives out no leases. @returns `not now` if another
 * loads, and is not waited for, or has failed to a moment ago.
 */
export async function turnToReload<T>(
  load: Load<T>,
  waits: boolean,
): Promise<KeptLease | 'not now' | undefined> {
  const { view, finalKey, plan, right } = load;
  const { strict, parts } = view;
  if (!asksOthers(view, plan)) return undefined;
  const key = parts.keys.reserved('load', `${finalKey.length}:${finalKey}`);
  try {
    const turn = await untilAnswered(load, async () => {
      const { lease, payload } = await strict.lease!(key, {});
      if (lease) return new KeptLease(key, lease);
      if (!payload && waits) return parts.doubts.isOn(right.place) ? 'alone' : undefined;
      parts.holdOffs.begin(right.place, GLANCE_SECONDS);
      return 'not now';
    });
    return turn === 'alone' ? undefined : turn;
  } catch (error) {
    if (!isForgiven(load, error)) throw error;
    return undefined;
  }
}

/** What the loader brings. @throws what it throws. @throws the reason, if the load is stopped before. */
export async function loadedValue<T>({ source, callLoader, stop }: Load<T>): Promise<T> {
  if (typeof source !== 'function') return settled(source, stop);
  return settled(
    callLoader(() => (source as Loader<T>)(stop.context)),
    stop,
  );
}

/** What the work of a loader brings. @throws the reason, if the load is stopped before. */
export async function settled<T>(loading: T | PromiseLike<T>, stop: LoadStop): Promise<T> {
  return isThenable(loading) ? stop.before(loading) : loading;
}

/** Asks until there is an answer. @throws the reason, if the load is stopped before. */
async function untilAnswered<T, Answer>(
  { view, stop }: Load<T>,
  ask: (hasWaited: boolean) => Promise<Answer | undefined>,
): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const closed = view.closedError('getOrSet');
    if (closed) throw closed;
    const answer = await view.during(() => ask(tries > 0));
    if (answer !== undefined) return answer;
    await stop.pause(retryPauseMs(tries));
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** A lease whose end this process has not been told of may lie there for as long as leases last. */
export function doubtLease({ parts }: CacheView, place: string): void {
  parts.doubts.begin(place, DOUBT_SECONDS);
}

function isForgiven<T>({ view, plan, right }: Load<T>, error: unknown): boolean {
  if (error instanceof CacheUnsupportedError && plan.lock === undefined) {
    noteLeaseless(view, error);
    return true;
  }
  if (!(error instanceof CacheBackendError)) return false;
  doubtLease(view, right.place);
  return view.onError === 'miss';
}
