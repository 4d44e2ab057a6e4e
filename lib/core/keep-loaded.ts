import type { Payload, Ttl } from './cache-backend.interface.js';
import type { LoadOptions } from './call-options.interface.js';
import { CacheBackendError, CacheSerializationError, reasonOf } from './cache.errors.js';
import type { CacheView } from './cache-view.js';
import type { Stamp } from './envelope.js';
import type { Look } from './entry-reads.js';
import { inEnvelope } from './entry-writes.js';
import type { Landed, Load } from './load.interface.js';
import { type BeforeLoad, stampsAfterLoad } from './load-tags.js';
import { doubtLease } from './load-turn.js';

/** What a load has brought, stored if it may be. */
export async function keepLoaded<T>(
  load: Load<T>,
  found: Look,
  before: BeforeLoad,
  value: T,
): Promise<Landed> {
  const { view, options } = load;
  if (value === undefined) return { value, isHit: false };
  const { timeout } = options;
  const ttl = view.ttl(typeof timeout === 'function' ? timeout(value) : timeout);
  const payload = encodedOrWarned(view, value, options);
  if (payload === undefined) return { value, isHit: false };
  if (ttl !== 0 && !view.parts.life.isOver) {
    await view.during(async () => {
      const stamps = await stampsAfterLoad(view, options.tags, before, value);
      if (stamps) await keep(load, found, inEnvelope(view, payload, stamps), ttl, stamps);
    });
  }
  return { payload, isHit: false };
}

/** Ends the lease of a load, if it still has it: the next who asks is to load. */
export async function giveBack<T>({ view, right }: Load<T>): Promise<void> {
  const { lease } = right;
  if (!lease) return;
  right.lease = undefined;
  if (!(await view.during(() => lease.release()))) doubtLease(view, right.place);
}

async function keep<T>(
  load: Load<T>,
  found: Look,
  payload: Payload,
  ttl: Ttl,
  stamps: readonly Stamp[],
): Promise<void> {
  const { view, finalKey, right } = load;
  view.saw(finalKey, stamps);
  const isTaken = (found.dead ?? found.entry) !== undefined;
  const storing = right.store(() => {
    const { lease } = right;
    right.lease = undefined;
    if (lease) return filled(load, lease.fill(payload, ttl));
    // add() leaves what another process stored meanwhile; but it would refuse for ever where lies what nobody can read, or
    // what was invalidated.
    return view.strict[isTaken ? 'set' : 'add'](finalKey, payload, ttl);
  });
  await view.changed(storing, undefined);
}

async function filled<T>({ view, right }: Load<T>, filling: Promise<boolean>): Promise<boolean> {
  try {
    return await filling;
  } catch (error) {
    if (error instanceof CacheBackendError) doubtLease(view, right.place);
    throw error;
  }
}

/** A load is not failed by a value that cannot be cached: it is returned as it is, each time. */
function encodedOrWarned<T>(
  view: CacheView,
  value: T,
  options: LoadOptions<T>,
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
