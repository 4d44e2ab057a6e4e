import type { LoadOptions } from './call-options.interface.js';
import type { Payload, Ttl } from './cache-backend.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import { CacheSerializationError, reasonOf } from './cache.errors.js';
import type { Stamp } from './envelope.js';
import { liveSync, type Look, look } from './entry-reads.js';
import { inEnvelope, tagsToBear } from './entry-writes.js';
import type { LoadRight } from './load-fences.js';
import { placesOf, stampKeysOf, stampsAfterLoad, stampsBeforeLoad } from './load-tags.js';
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
    readOrLoad({ view, finalKey, source: valueOrLoad, options, callLoader }),
  );
  if ('value' in landed) return { value: landed.value as T, isHit: false };
  const decode = (): T => codec.decode(landed.payload, options.type) as T;
  const { isHit } = landed;
  // Thousands who waited for one large value must not decode it all in one turn of the event loop.
  if (joins && !codec.isCheap(landed.payload)) return { value: await turns.run(decode), isHit };
  return { value: decode(), isHit };
}

/** One flight. */
interface Load<T> {
  readonly view: CacheView;
  readonly finalKey: string;
  readonly source: (() => T | Promise<T>) | T;
  readonly options: LoadOptions<T>;
  readonly callLoader: CallLoader;
  readonly right: LoadRight;
}

async function readOrLoad<T>({
  view,
  finalKey,
  options,
  ...rest
}: Omit<Load<T>, 'right'>): Promise<Landed> {
  const { fences } = view.parts;
  const stampKeys = stampKeysOf(view, options.tags);
  // Begun before anything is waited for: whatever is deleted from now on may be what is read here.
  const right = fences.begin(view.place(finalKey), placesOf(view, options.tags, stampKeys));
  try {
    const found = await view.during(() => look(view, view.backend, finalKey, stampKeys));
    const { entry } = found;
    if (entry && view.decode(entry, finalKey) !== MISS) return { payload: entry, isHit: true };
    return await loadAndKeep({ view, finalKey, options, ...rest, right }, found);
  } finally {
    fences.end(right);
  }
}

async function loadAndKeep<T>(load: Load<T>, found: Look): Promise<Landed> {
  const { view, source, options, callLoader } = load;
  const before = await view.during(() => stampsBeforeLoad(view, options.tags, found.stamps));
  const value =
    typeof source === 'function' ? await callLoader(source as () => T | Promise<T>) : source;
  if (value === undefined) return { value, isHit: false };
  const { timeout } = options;
  const ttl = view.ttl(typeof timeout === 'function' ? timeout(value) : timeout);
  const payload = encodeOrWarn(view, value, options);
  if (payload === undefined) return { value, isHit: false };
  if (ttl !== 0 && !view.parts.life.isOver) {
    await view.during(async () => {
      const stamps = await stampsAfterLoad(view, options.tags, before, value);
      if (stamps) await keep(load, found, inEnvelope(view, payload, stamps), ttl, stamps);
    });
  }
  return { payload, isHit: false };
}

async function keep<T>(
  { view, finalKey, right }: Load<T>,
  found: Look,
  payload: Payload,
  ttl: Ttl,
  stamps: readonly Stamp[],
): Promise<void> {
  view.saw(finalKey, stamps);
  // add() leaves what another process stored meanwhile; but it would refuse for ever where lies what nobody can read, or what
  // was invalidated.
  const isTaken = (found.dead ?? found.entry) !== undefined;
  const storing = right.store(() => view.strict[isTaken ? 'set' : 'add'](finalKey, payload, ttl));
  await view.changed(storing, undefined);
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
