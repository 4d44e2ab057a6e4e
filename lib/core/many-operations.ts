import type { ReadOptions, WriteOptions } from './call-options.interface.js';
import type { Payload } from './cache-backend.interface.js';
import { type CacheView, listOfKeys, MISS } from './cache-view.js';
import * as derived from './derived-operations.js';
import { stampKeysOf } from './entry-operations.js';
import { findMany } from './entry-reads.js';
import { inEnvelope, stampsToBear, tagsToBear } from './entry-writes.js';

/** The values of `setMany()`, in each of its forms. */
export type Entries = Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>;

/** The values that were found, under the caller's keys. */
export async function getMany(
  view: CacheView,
  keys: Iterable<string>,
  options: ReadOptions | undefined,
): Promise<Map<string, unknown>> {
  const asked = [...listOfKeys(keys)];
  const found = new Map<string, unknown>();
  const stampKeys = stampKeysOf(view, options);
  if (asked.length === 0) return found;
  const finalKeys = asked.map((key) => view.key(key, options?.version));
  const payloads = await findMany(view, view.backend, finalKeys, stampKeys);
  asked.forEach((key, index) => {
    const finalKey = finalKeys[index]!;
    const payload = payloads.get(finalKey);
    const value = payload ? view.decode(payload, finalKey, options?.type) : MISS;
    if (value !== MISS) found.set(key, value);
  });
  return found;
}

/** The caller's keys that could not be stored. */
export async function setMany(
  view: CacheView,
  entries: Entries,
  options: WriteOptions,
): Promise<string[]> {
  const payloads = new Map<string, Payload>();
  const callers = new Map<string, string>();
  for (const [key, value] of pairsOf(entries)) {
    const finalKey = view.key(key, options.version);
    payloads.set(finalKey, view.parts.codec.encode(value, options.type));
    callers.set(finalKey, key);
  }
  const tags = options.tags === undefined ? undefined : tagsToBear(view, options.tags);
  const ttl = view.ttl(options.timeout);
  if (payloads.size === 0) return [];
  await view.voidLoads(payloads.keys());
  const remove = (): Promise<number> => derived.deleteMany(view.strict, [...payloads.keys()]);
  if (ttl === 0) {
    const removal = remove().then(() => []);
    return await view.changed(removal, [...callers.values()]);
  }
  if (tags) {
    const stamps = await view.changed(stampsToBear(view, tags), undefined);
    if (stamps === undefined) {
      await view.changed(remove(), 0);
      return [...callers.values()];
    }
    for (const [finalKey, payload] of payloads) {
      view.saw(finalKey, stamps);
      payloads.set(finalKey, inEnvelope(view, payload, stamps));
    }
  }
  const failed = await derived.setMany(view.backend, payloads, ttl);
  return failed.map((finalKey) => callers.get(finalKey)!);
}

/** How many live entries were removed. */
export async function deleteMany(
  view: CacheView,
  keys: Iterable<string>,
  version: number | undefined,
): Promise<number> {
  const finalKeys = [...new Set(view.keys(keys, version).values())];
  if (finalKeys.length === 0) return 0;
  await view.voidLoads(finalKeys);
  return derived.deleteMany(view.backend, finalKeys);
}

/** Values with their keys. */
export function pairsOf(entries: Entries): Iterable<readonly [string, unknown]> {
  return Symbol.iterator in entries ? entries : Object.entries(entries);
}
