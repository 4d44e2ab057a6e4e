import type { LoadOptions } from './call-options.interface.js';
import type { Payload, Ttl } from './cache-backend.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import { CacheBackendError, CacheSerializationError, reasonOf } from './cache.errors.js';
import { liveSync, look } from './entry-reads.js';
import { inEnvelope, tagsToBear } from './entry-writes.js';
import { stampKeysOf, stampsAfterLoad, stampsBeforeLoad } from './load-tags.js';
import type { CallLoader } from './single-flight.js';

/** What a flight of `getOrSet()` brings. */
export type Landed =
  /** Each caller decodes a copy of its own. */
  | { readonly payload: Payload; readonly isHit: boolean }
  /** A value that could not be stored, as it was loaded. */
  | { readonly value: unknown; readonly isHit: false };

/** What a caller of `getOrSet()` gets. */
export interface Loaded<T> {
  readonly value: T;
  /** True if nothing had to be loaded. */
  readonly isHit: boolean;
}

/** One load per key at a time in this process; the flight covers the read as well. */
export async function getOrSet<T>(
  view: CacheView,
  key: string,
  valueOrLoad: (() => T | Promise<T>) | T,
  options: LoadOptions<T>,
): Promise<Loaded<T>> {
  const { codec, flights, turns } = view.parts;
  const { backend } = view;
  const finalKey = view.key(key, options.version);
  // A bad timeout is an error before any I/O, and so are bad tags.
  if (typeof options.timeout !== 'function') view.ttl(options.timeout);
  if (options.tags !== undefined && typeof options.tags !== 'function') {
    tagsToBear(view, options.tags);
  }
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
  const landed = await mode.run(place, (callLoader) =>
    readOrLoad(view, finalKey, valueOrLoad, options, callLoader),
  );
  if ('value' in landed) return { value: landed.value as T, isHit: false };
  const decode = (): T => codec.decode(landed.payload, options.type) as T;
  const { isHit } = landed;
  // Thousands who waited for one large value must not decode it all in one turn of the event loop.
  if (joins && !codec.isCheap(landed.payload)) return { value: await turns.run(decode), isHit };
  return { value: decode(), isHit };
}

async function readOrLoad<T>(
  view: CacheView,
  finalKey: string,
  valueOrLoad: (() => T | Promise<T>) | T,
  options: LoadOptions<T>,
  callLoader: CallLoader,
): Promise<Landed> {
  const found = await look(view, view.backend, finalKey, stampKeysOf(view, options.tags));
  const { entry } = found;
  if (entry && view.decode(entry, finalKey) !== MISS) return { payload: entry, isHit: true };
  const before = await stampsBeforeLoad(view, options.tags, found.stamps);
  const value =
    typeof valueOrLoad === 'function'
      ? await callLoader(valueOrLoad as () => T | Promise<T>)
      : valueOrLoad;
  if (value === undefined) return { value, isHit: false };
  const { timeout } = options;
  const ttl = view.ttl(typeof timeout === 'function' ? timeout(value) : timeout);
  const payload = encodeOrWarn(view, value, options);
  if (payload === undefined) return { value, isHit: false };
  if (ttl === 0 || view.parts.life.closing) return { payload, isHit: false };
  const stamps = await stampsAfterLoad(view, options.tags, before, value);
  if (stamps) {
    view.saw(finalKey, stamps);
    const isTaken = (found.dead ?? entry) !== undefined;
    await keep(view, finalKey, inEnvelope(view, payload, stamps), ttl, isTaken);
  }
  return { payload, isHit: false };
}

/** A load is not failed by a value that cannot be cached: it is returned as it is, each time. */
function encodeOrWarn<T>(view: CacheView, value: T, options: LoadOptions<T>): Payload | undefined {
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

async function keep(
  view: CacheView,
  finalKey: string,
  payload: Payload,
  ttl: Ttl,
  isTaken: boolean,
): Promise<void> {
  try {
    // add() leaves what another process stored meanwhile; but it would refuse for ever where lies what nobody can read, or
    // what was invalidated.
    await (isTaken
      ? view.strict.set(finalKey, payload, ttl)
      : view.strict.add(finalKey, payload, ttl));
  } catch (error) {
    if (view.onError === 'throw' || !(error instanceof CacheBackendError)) throw error;
  }
}
