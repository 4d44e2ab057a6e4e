import type { ReadOptions, TouchOptions, WriteOptions } from './call-options.interface.js';
import type { Ttl } from './cache-backend.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import * as derived from './derived-operations.js';
import { find, peek } from './entry-reads.js';
import { inEnvelope, prepareWrite, stampsToBear } from './entry-writes.js';
import { addLive } from './replace-dead.js';

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
  if (ttl === 0) return (await peek(view, strict, finalKey)) === undefined;
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
    return backend.delete(finalKey);
  }
  if (backend.getSync) {
    return (await peek(view, backend, finalKey)) !== undefined && backend.touch(finalKey, ttl);
  }
  // Both at once: an entry that was invalidated stays so, whatever time it gets.
  const [isTouched, live] = await Promise.all([
    backend.touch(finalKey, ttl),
    peek(view, backend, finalKey, stampKeys),
  ]);
  return isTouched && live !== undefined;
}

/** True if there is a live entry. */
export async function has(
  view: CacheView,
  key: string,
  options: ReadOptions | undefined,
): Promise<boolean> {
  const finalKey = view.key(key, options?.version);
  return (await peek(view, view.backend, finalKey, stampKeysOf(view, options))) !== undefined;
}

/** Seconds that a live entry has left. */
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
    peek(view, backend, finalKey, stampKeysOf(view, options)),
  ]);
  return live === undefined ? undefined : ttl;
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
  await Promise.all([view.strict.clear(), companion?.clear?.()]);
}
