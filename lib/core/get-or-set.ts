import type { LoadOptions } from './call-options.interface.js';
import type { Payload, Ttl } from './cache-backend.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import type { CallLoader } from './single-flight.js';
import { CacheBackendError, CacheSerializationError, reasonOf } from './cache.errors.js';

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
  const finalKey = view.key(key, options.version);
  // A bad timeout is an error before any I/O.
  if (typeof options.timeout !== 'function') view.ttl(options.timeout);
  const known = view.backend.getSync?.(finalKey);
  if (known) {
    const value = view.decode(known, finalKey, options.type);
    if (value !== MISS) return { value: value as T, isHit: true };
  }
  const mode = flights[view.onError];
  const joins = mode.has(finalKey);
  const landed = await mode.run(finalKey, (callLoader) =>
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
  const stored = await view.backend.get(finalKey);
  if (stored && view.decode(stored, finalKey) !== MISS) return { payload: stored, isHit: true };
  const value =
    typeof valueOrLoad === 'function'
      ? await callLoader(valueOrLoad as () => T | Promise<T>)
      : valueOrLoad;
  if (value === undefined) return { value, isHit: false };
  const { timeout } = options;
  const ttl = view.ttl(typeof timeout === 'function' ? timeout(value) : timeout);
  const payload = encodeOrWarn(view, value, options);
  if (payload === undefined) return { value, isHit: false };
  if (ttl !== 0 && !view.parts.closing) await keep(view, finalKey, payload, ttl, stored);
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
  unreadable: Payload | undefined,
): Promise<void> {
  try {
    // add() leaves what another process stored meanwhile; but it would refuse for ever where something unreadable lies.
    await (unreadable
      ? view.strict.set(finalKey, payload, ttl)
      : view.strict.add(finalKey, payload, ttl));
  } catch (error) {
    if (view.onError === 'throw' || !(error instanceof CacheBackendError)) throw error;
  }
}
