import { performance } from 'node:perf_hooks';
import { isWatched, publish } from './cache-events.js';
import { CacheBackendError, CacheDeadlockError, CacheError, reasonOf } from './cache.errors.js';
import { type CacheView, MISS } from './cache-view.js';
import { look } from './entry-reads.js';
import type { Envelope } from './envelope.js';
import { keepLoaded } from './keep-loaded.js';
import { type LoadPlan, mayBeGiven, patienceOf } from './load-plan.js';
import { beginRight, stampsBeforeLoad } from './load-tags.js';
import { loadedValue, turnToReload } from './load-turn.js';
import type { Landed, Load, Reloaded } from './load.interface.js';
import { FLAG_INTEGER } from './payload-flags.js';
import { removeDead, replaceSeen } from './replace-dead.js';
import type { FlightWork } from './single-flight.js';

// After a failure: as long as a value is fresh, within these bounds, in seconds.
const LEAST_HELD_OFF = 1;
const MOST_HELD_OFF = 10;
const FAILED = { flags: FLAG_INTEGER, data: '1' } as const;

/**
 * What a caller gets where a value lies that is not fresh any more: that value, if it may be given out, or what was loaded in
 * its place. Undefined: it is as good as nothing.
 */
export async function staleOrReloaded<T>(
  load: Load<T>,
  stale: Envelope,
): Promise<Landed | undefined> {
  const { view, plan, stop, right, callLoader } = load;
  const { parts, onError } = view;
  const staleMs = staleMsOf(view, stale);
  const isUntilReloaded = staleMs < plan.whileRevalidate * 1000;
  const isUntilWorks = staleMs < plan.ifError * 1000;
  if (!isUntilReloaded && !isUntilWorks) return undefined;
  const reloads = parts.reloads[onError];
  const { place } = right;
  const asItIs: Landed = { payload: stale, isHit: true, staleMs };
  const isHeldOff = parts.holdOffs.isOn(place);
  if (isHeldOff) return asItIs;
  if (isUntilReloaded) {
    if (!reloads.has(place) && !parts.life.isOver) reloadBehind(load);
    return asItIs;
  }
  // Called as a loader, so that one who waits for himself by this way is found out.
  const patience = { ...patienceOf(view, load.key, plan), signal: stop.signal };
  const landed = await callLoader(() => reloads.run(place, reloading(load, true), patience));
  if (landed === 'gone') return undefined;
  if (landed === 'held off') return asItIs;
  return 'failed' in landed ? oldInstead(view, load.finalKey, plan, landed.failed) : landed;
}

/** Loads again what is given out meanwhile. */
function reloadBehind<T>(load: Load<T>): void {
  const { view, plan, right } = load;
  const { parts, onError } = view;
  // The signal lets go the caller, who is not waiting for this.
  const patience = patienceOf(view, load.key, { ...plan, signal: undefined });
  parts.reloads[onError]
    .runInBackground(right.place, reloading(load, false), patience)
    .catch((error: unknown) => {
      // The guard has told of a backend that fails.
      if (!(error instanceof CacheBackendError)) tell(load, error);
    });
}

function reloading<T>(load: Load<T>, waits: boolean): FlightWork<Reloaded> {
  return (callLoader, { stop }) => {
    const right = beginRight(load.view, load.finalKey, load.options.tags);
    return reload({ ...load, callLoader, stop, right }, waits);
  };
}

async function reload<T>(load: Load<T>, waits: boolean): Promise<Reloaded> {
  const { view, finalKey, right } = load;
  try {
    const turn = await turnToReload(load, waits);
    if (turn === 'not now') return 'held off';
    right.turn = turn;
    // Another may have stored it and ended its turn since this process looked.
    const found = await view.during(() => look(view, view.backend, finalKey));
    const { entry } = found;
    if (entry && view.decode(entry, finalKey) !== MISS) return { payload: entry, isHit: true };
    return found.stale ? await reloadAndKeep(load, found.stale) : 'gone';
  } finally {
    const { turn } = right;
    right.turn = undefined;
    if (turn) await view.during(() => turn.release());
    view.parts.fences.end(right);
  }
}

async function reloadAndKeep<T>(load: Load<T>, stale: Envelope): Promise<Reloaded> {
  const { view, finalKey, options, right } = load;
  const before = await view.during(() => stampsBeforeLoad(view, options.tags));
  const started = performance.now();
  let value: T;
  try {
    value = await loadedValue(load);
  } catch (error) {
    if (load.stop.isAbandoned || error instanceof CacheDeadlockError) throw error;
    await holdOff(load, stale);
    tell(load, error, performance.now() - started);
    return { failed: error };
  }
  view.parts.holdOffs.end(right.place);
  let isKept = false;
  const landed = await keepLoaded(load, before, value, (payload, ttl) => {
    isKept = true;
    return replaceSeen(view, finalKey, stale, payload, ttl);
  });
  // What is not to be stored takes the place of the old value all the same: that is known to be over.
  if (!isKept && !view.parts.life.isOver) {
    const remove = (): Promise<unknown> => removeDead(view, finalKey, stale);
    await view.during(() => view.changed(right.store(remove), undefined));
  }
  return landed;
}

/** What could not be loaded is not tried again for a while, by any process. */
async function holdOff<T>({ view, right }: Load<T>, { head }: Envelope): Promise<void> {
  const fresh = (head.freshUntil! - head.storedAt) / 1000;
  const seconds = Math.min(Math.max(fresh, LEAST_HELD_OFF), MOST_HELD_OFF);
  view.parts.holdOffs.begin(right.place, seconds);
  const { turn } = right;
  if (!turn) return;
  right.turn = undefined;
  try {
    // Instead of the right to load lies there for so long what says that it was in vain.
    await view.during(() => turn.fill(FAILED, seconds));
  } catch (error) {
    // Then this process alone knows of it. The guard has told of the backend.
    if (!(error instanceof CacheError)) throw error;
  }
}

/**
 * What lies there, for one who takes the old value if no other is to be had: what was deleted meanwhile, or had a tag
 * invalidated, is not given out.
 *
 * @throws the error if there is nothing for this caller.
 */
export async function oldInstead(
  view: CacheView,
  finalKey: string,
  plan: LoadPlan,
  error: unknown,
): Promise<Landed> {
  if (plan.ifError === 0 || view.parts.life.isOver) throw error;
  const { entry, stale } = await view.during(() => look(view, view.backend, finalKey));
  if (entry && view.decode(entry, finalKey) !== MISS) return { payload: entry, isHit: true };
  if (!stale) throw error;
  const staleMs = staleMsOf(view, stale);
  if (!mayBeGiven(staleMs, plan)) throw error;
  return { payload: stale, isHit: true, staleMs };
}

function staleMsOf({ parts }: CacheView, { head }: Envelope): number {
  return parts.now() - head.freshUntil!;
}

/** Nobody gets this error, so it is told. */
function tell<T>({ view }: Load<T>, error: unknown, durationMs = 0): void {
  const { alias, log } = view.parts;
  log.warnOnce(
    `cache "${alias}": a value could not be loaded again, so the old one is given out: ${reasonOf(error)}.`,
  );
  if (!isWatched()) return;
  const backend = view.strict.name;
  publish({ alias, backend, operation: 'reload', result: 'error', durationMs, error });
}
