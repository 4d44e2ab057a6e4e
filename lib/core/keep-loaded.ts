import type { Payload, Ttl } from './cache-backend.interface.js';
import type { LoadOptions } from './call-options.interface.js';
import { CacheBackendError, CacheSerializationError, reasonOf } from './cache.errors.js';
import type { CacheView } from './cache-view.js';
import type { Look } from './entry-reads.js';
import { inEnvelope } from './entry-writes.js';
import type { Landed, Load } from './load.interface.js';
import { freshTtlOf, keptTtlOf } from './load-plan.js';
import { type BeforeLoad, stampsAfterLoad } from './load-tags.js';
import { doubtLease } from './load-turn.js';

/** Stores a payload. What it answers interests nobody. */
export type Store = (payload: Payload, ttl: Ttl) => Promise<unknown>;

/** What a load has brought, stored if it may be. */
export async function keepLoaded<T>(
  load: Load<T>,
  before: BeforeLoad,
  value: T,
  store: Store,
): Promise<Landed> {
  const { view, finalKey, options, plan, right } = load;
  if (value === undefined) return { value, isHit: false };
  const fresh = freshTtlOf(view, value, options, plan);
  const payload = encodedOrWarned(view, value, options);
  if (payload === undefined) return { value, isHit: false };
  if (fresh !== 0 && !view.parts.life.isOver) {
    await view.during(async () => {
      const stamps = await stampsAfterLoad(view, options.tags, before, value);
      if (!stamps) return;
      const ttl = keptTtlOf(fresh, plan);
      const kept = inEnvelope(view, payload, stamps, fresh === ttl ? undefined : fresh!);
      view.saw(finalKey, stamps);
      await view.changed(
        right.store(() => store(kept, ttl)),
        undefined,
      );
    });
  }
  return { payload, isHit: false };
}

/** Stores what a load of what was missing has brought. @param found What lay there before. */
export function storeMissing<T>({ view, finalKey, right }: Load<T>, found: Look): Store {
  const { strict } = view;
  const isTaken = (found.dead ?? found.stale ?? found.entry) !== undefined;
  return async (payload, ttl) => {
    const { lease } = right;
    // add() leaves what another process stored meanwhile; but it would refuse for ever where lies what nobody can read, or
    // what was invalidated.
    if (!lease) return strict[isTaken ? 'set' : 'add'](finalKey, payload, ttl);
    right.lease = undefined;
    try {
      return await lease.fill(payload, ttl);
    } catch (error) {
      if (error instanceof CacheBackendError) doubtLease(view, right.place);
      throw error;
    }
  };
}

/** Ends the lease of a load, if it still has it: the next who asks is to load. */
export async function giveBack<T>({ view, right }: Load<T>): Promise<void> {
  const { lease } = right;
  if (!lease) return;
  right.lease = undefined;
  if (!(await view.during(() => lease.release()))) doubtLease(view, right.place);
}

/** A load is not failed by a value that cannot be cached: it is returned as it is, each time. */
export function encodedOrWarned<T>(
  view: CacheView,
  value: T,
  options: Pick<LoadOptions<T>, 'type'>,
): Payload | undefined {
  try {
    return view.parts.codec.encode(value, options.type);
  } catch (error) {
    if (!(error instanceof CacheSerializationError)) throw error;
    view.parts.log.warnOnce(
      `A value loaded by getOrSet() cannot be kept in cache "${view.parts.alias}", so it is loaded each time. ${reasonOf(error)}.`,
    );
    return undefined;
  }
}
