import type { ReadOptions, TouchOptions, WriteOptions } from './call-options.interface.js';
import type { Payload, Ttl } from './cache-backend.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import * as derived from './derived-operations.js';
import { BARE, find, glance } from './entry-reads.js';
import { inEnvelope, prepareWrite, stampsToBear } from './entry-writes.js';
import { Envelope, withoutFreshness } from './envelope.js';
import { addLive, replaceSeen } from './replace-dead.js';

// What `CacheService` does to one entry, besides `get()` and `set()`.

/** True if this call stored the entry. */
export async function add(
  view: CacheView,
  key: string,
  value: unknown,
  options: WriteOptions,
): Promise<boolean> {
  const { strict } = view;
  const { finalKey, payload, ttl, tags } = prepareWrite(view, key, value, options);
  if (ttl === 0) return (await glance(view, strict, finalKey)) === undefined;
  const stamps = tags ? await stampsToBear(view, tags) : [];
  const isAdded = await addLive(view, finalKey, inEnvelope(view, payload, stamps), ttl);
  if (!isAdded) return false;
  if (tags) view.saw(finalKey, stamps);
  // A load that found an invalidated entry would replace this one by what it brings.
  await view.voidLoad(finalKey);
  return true;
}

/** True if there was a live entry, which has the timeout now. */
export async function touch(view: CacheView, key: string, options: TouchOptions): Promise<boolean> {
  const { backend } = view;
  const finalKey = view.key(key, options.version);
  const stampKeys = stampKeysOf(view, options);
  const ttl = view.ttl(options.timeout);
  if (ttl === 0) {
    await view.voidLoad(finalKey);
    // To remove one that was invalidated would count, too.
    const live = await glance(view, backend, finalKey, stampKeys);
    return (await backend.delete(finalKey)) && live !== undefined;
  }
  if (backend.getSync || ttl === null) {
    const touchEntry = (): Promise<boolean> => backend.touch(finalKey, ttl);
    // Nobody gets the right to replace what never expires, so what is to be stored anew is not touched before.
    const live = await glance(view, backend, finalKey, stampKeys);
    if (live === undefined) return false;
    return live === BARE ? touchEntry() : touched(view, finalKey, live, ttl, touchEntry);
  }
  // Both at once: an entry that was invalidated stays so, whatever time it gets.
  const [isTouched, live] = await derived.allOf([
    backend.touch(finalKey, ttl),
    glance(view, backend, finalKey, stampKeys),
  ]);
  if (live === BARE) return isTouched;
  return isTouched && live !== undefined && touched(view, finalKey, live, ttl);
}

/** What was to be served stale after a time is fresh until the new one is over, so it is stored anew. */
async function touched(
  view: CacheView,
  finalKey: string,
  live: Payload,
  ttl: Ttl,
  otherwise: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  const fresh = withoutFreshness(live);
  if (fresh === live) return otherwise();
  return view.changed(replaceSeen(view, finalKey, live, fresh, ttl), false);
}

/** True if there is a live entry. */
export async function has(
  view: CacheView,
  key: string,
  options: ReadOptions | undefined,
): Promise<boolean> {
  const finalKey = view.key(key, options?.version);
  return (await glance(view, view.backend, finalKey, stampKeysOf(view, options))) !== undefined;
}

/** Seconds that a live entry has left, those in which it may be served stale not counted. */
export async function ttlOf(
  view: CacheView,
  key: string,
  options: ReadOptions | undefined,
): Promise<Ttl | undefined> {
  const { backend } = view;
  const read = derived.required(backend, 'ttl');
  const finalKey = view.key(key, options?.version);
  const [ttl, live] = await Promise.all([
    read(finalKey),
    glance(view, backend, finalKey, stampKeysOf(view, options)),
  ]);
  if (live === undefined) return undefined;
  const freshUntil = live instanceof Envelope ? live.head.freshUntil : undefined;
  if (freshUntil === undefined || ttl === undefined) return ttl;
  return Math.min(ttl ?? Infinity, (freshUntil - view.parts.now()) / 1000);
}

/** True if a live entry was removed. */
export async function remove(
  view: CacheView,
  key: string,
  version: number | undefined,
): Promise<boolean> {
  const finalKey = view.key(key, version);
  const storing = view.voidLoad(finalKey);
  if (storing) await storing;
  return view.backend.delete(finalKey);
}

/** The value, which this call removed, or `MISS`. */
export async function pull(
  view: CacheView,
  key: string,
  options: ReadOptions | undefined,
): Promise<unknown> {
  const { strict } = view;
  const finalKey = view.key(key, options?.version);
  const payload = await find(view, strict, finalKey, stampKeysOf(view, options));
  await view.voidLoad(finalKey);
  if (!payload || !(await strict.delete(finalKey))) return MISS;
  return view.decode(payload, finalKey, options?.type);
}

/** Under which keys the stamps lie of the tags that a reader names; undefined if it names none. @throws {TypeError} */
export function stampKeysOf(
  view: CacheView,
  options: ReadOptions | undefined,
): readonly string[] | undefined {
  return options?.tags === undefined ? undefined : view.tagKeys(options.tags);
}

/** Removes all entries. @throws {CacheBackendError} */
export async function clear(view: CacheView): Promise<void> {
  const { fences, space } = view.parts;
  await fences.voidAll(space);
  const companion = space === '' ? view.parts.companion() : undefined;
  await derived.allOf([view.strict.clear(), companion?.clear?.()]);
}
