import type { ReadOptions, WriteOptions } from './call-options.interface.js';
import type { Payload } from './cache-backend.interface.js';
import { MISS, type CacheView } from './cache-view.js';
import { stampKeysOf } from './entry-operations.js';
import { find, liveSync } from './entry-reads.js';
import { prepareWrite, store } from './entry-writes.js';
import { checkedTags } from './tags.js';

// `get()` and `set()`, which are called most: what a backend answers at once costs no promise but the caller's.

/** The value, or `absent`. */
export async function get(
  view: CacheView,
  key: string,
  options: ReadOptions | undefined,
  absent: unknown,
): Promise<unknown> {
  const closed = view.closedError('get');
  if (closed) throw closed;
  const finalKey = view.key(key, options?.version);
  const { backend } = view;
  let payload: Payload | undefined;
  if (backend.getSync) {
    // The stamps that the entry names are read at once, so nobody needs the keys of those that the caller names.
    if (options?.tags !== undefined) checkedTags(options.tags);
    payload = liveSync(view, backend, backend.getSync(finalKey), finalKey);
  } else {
    payload = await ask(view, finalKey, stampKeysOf(view, options));
  }
  if (payload === undefined) return absent;
  const value = view.decode(payload, finalKey, options?.type);
  return value === MISS ? absent : value;
}

/** True if the value was stored, or at a timeout of 0 if what was there is gone. */
export async function set(
  view: CacheView,
  key: string,
  value: unknown,
  options: WriteOptions,
): Promise<boolean> {
  const closed = view.closedError('set');
  if (closed) throw closed;
  const write = prepareWrite(view, key, value, options);
  const { finalKey, payload, ttl, tags } = write;
  const { backend, parts } = view;
  const storing = view.voidLoad(finalKey);
  // Where this is done at once, so was whatever a load has begun to store.
  if (backend.setSync && ttl !== 0 && !tags) return backend.setSync(finalKey, payload, ttl);
  parts.life.enter();
  try {
    if (storing) await storing;
    return await store(view, write);
  } finally {
    parts.life.leave();
  }
}

async function ask(
  view: CacheView,
  finalKey: string,
  stampKeys: readonly string[] | undefined,
): Promise<Payload | undefined> {
  const { life } = view.parts;
  life.enter();
  try {
    return await find(view, view.backend, finalKey, stampKeys);
  } finally {
    life.leave();
  }
}
