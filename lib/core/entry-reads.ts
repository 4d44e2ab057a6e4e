import type { CacheBackend, Payload } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import * as derived from './derived-operations.js';
import { type Envelope, openEnvelope } from './envelope.js';
import { FLAG_ENVELOPE } from './payload-flags.js';
import { stampOf } from './tag-stamps.js';

// Reads that look whether the tags of what they find were invalidated, and whether it is fresh. What bears neither tags nor a
// time until when it is fresh passes untouched.

/** What lies under a key. */
export interface Look {
  /** The live entry. One with tags is an `Envelope`. */
  readonly entry: Payload | undefined;
  /** What lies there and is no entry any more: a tag of it was invalidated, or its head cannot be read. */
  readonly dead: Payload | undefined;
  /** What lies there and is not fresh any more. It was stored to be served stale, and no tag of it was invalidated. */
  readonly stale: Envelope | undefined;
  /** The stamps that were read with it, under their keys. */
  readonly stamps: ReadonlyMap<string, Payload>;
}

const NO_STAMPS: ReadonlyMap<string, Payload> = new Map();
const NOTHING: Look = { entry: undefined, dead: undefined, stale: undefined, stamps: NO_STAMPS };

/** The payload if it is live, where stamps can be read at once. */
export function liveSync(
  view: CacheView,
  backend: CacheBackend,
  payload: Payload | undefined,
  finalKey: string,
): Payload | undefined {
  if (payload === undefined || payload.flags !== FLAG_ENVELOPE) return payload;
  const envelope = opened(view, payload, finalKey);
  const isGood =
    envelope?.isFresh(view.parts.now()) &&
    envelope.head.stamps.every(({ key, text }) => stampOf(backend.getSync!(key)) === text);
  return isGood ? envelope : undefined;
}

/**
 * The live entry under a key.
 *
 * @param stampKeys Under which keys the stamps lie of the tags that it is known to bear. Default: what this process knows.
 */
export async function find(
  view: CacheView,
  backend: CacheBackend,
  finalKey: string,
  stampKeys?: readonly string[],
): Promise<Payload | undefined> {
  if (backend.getSync) return liveSync(view, backend, backend.getSync(finalKey), finalKey);
  if (stampKeys === undefined && view.parts.tagMemory.isEmpty) {
    const payload = await backend.get(finalKey);
    if (payload === undefined || payload.flags !== FLAG_ENVELOPE) return payload;
    return (await judge(view, backend, finalKey, payload, [], NO_STAMPS)).entry;
  }
  return (await look(view, backend, finalKey, stampKeys)).entry;
}

/** `find()` without counting as a use of the entry, where a backend tells the difference. */
export async function peek(
  view: CacheView,
  backend: CacheBackend,
  finalKey: string,
  stampKeys?: readonly string[],
): Promise<Payload | undefined> {
  if (!backend.peekSync) return find(view, backend, finalKey, stampKeys);
  return liveSync(view, backend, backend.peekSync(finalKey), finalKey);
}

/** Stands for a live entry that bears neither tags nor times of its own, of which the bytes were not read. */
export const BARE = Symbol('bare');

/** `peek()` without the bytes, where the backend tells what kind of entry it is and that says enough. */
export async function glance(
  view: CacheView,
  backend: CacheBackend,
  finalKey: string,
  stampKeys?: readonly string[],
): Promise<Payload | typeof BARE | undefined> {
  const known = stampKeys ?? view.parts.tagMemory.stampKeysOf(view.place(finalKey));
  // What is known to bear tags is read together with their stamps.
  if (backend.flags && !backend.peekSync && (known === undefined || known.length === 0)) {
    const flags = await backend.flags(finalKey);
    if (flags === undefined) return undefined;
    if (flags !== FLAG_ENVELOPE) return BARE;
  }
  return peek(view, backend, finalKey, stampKeys);
}

/** What lies under a key, with the stamps that were read for it. Parameters as of `find()`. */
export async function look(
  view: CacheView,
  backend: CacheBackend,
  finalKey: string,
  stampKeys?: readonly string[],
): Promise<Look> {
  const asked = stampKeys ?? view.parts.tagMemory.stampKeysOf(view.place(finalKey));
  if (asked === undefined || asked.length === 0) {
    return judge(view, backend, finalKey, await backend.get(finalKey), [], NO_STAMPS);
  }
  const found = await derived.getMany(backend, [finalKey, ...asked]);
  return judge(view, backend, finalKey, found.get(finalKey), asked, found);
}

/** The live entries under several keys, in one round trip where their tags are known, else in two. */
export async function findMany(
  view: CacheView,
  backend: CacheBackend,
  finalKeys: readonly string[],
  stampKeys: readonly string[] = [],
): Promise<ReadonlyMap<string, Payload>> {
  const asked = backend.getSync ? finalKeys : withStampKeys(view, finalKeys, stampKeys);
  const found = await derived.getMany(backend, asked);
  let envelopes: Map<string, Envelope> | undefined;
  for (const finalKey of finalKeys) {
    const payload = found.get(finalKey);
    if (payload === undefined || payload.flags !== FLAG_ENVELOPE) continue;
    const envelope = opened(view, payload, finalKey);
    if (envelope === undefined) found.delete(finalKey);
    else (envelopes ??= new Map()).set(finalKey, envelope);
  }
  if (!envelopes) return found;
  const stamps = await stampsOfAll([...envelopes.values()], backend, asked, found);
  const now = view.parts.now();
  for (const [finalKey, envelope] of envelopes) {
    view.saw(finalKey, envelope.head.stamps);
    if (envelope.isFresh(now) && hasItsStamps(envelope, found, stamps))
      found.set(finalKey, envelope);
    else found.delete(finalKey);
  }
  return found;
}

/** The keys, and those of the stamps that are probably needed. */
function withStampKeys(
  view: CacheView,
  finalKeys: readonly string[],
  stampKeys: readonly string[],
): readonly string[] {
  const { tagMemory } = view.parts;
  if (stampKeys.length === 0 && tagMemory.isEmpty) return finalKeys;
  const all = new Set([...finalKeys, ...stampKeys]);
  for (const finalKey of finalKeys) {
    for (const key of tagMemory.stampKeysOf(view.place(finalKey)) ?? []) all.add(key);
  }
  return [...all];
}

/** The stamps that were not asked for with the entries. */
async function stampsOfAll(
  envelopes: readonly Envelope[],
  backend: CacheBackend,
  asked: readonly string[],
  found: ReadonlyMap<string, Payload>,
): Promise<ReadonlyMap<string, Payload>> {
  const known = new Set(asked);
  const unread = new Set<string>();
  for (const { head } of envelopes) {
    for (const { key } of head.stamps) if (!known.has(key)) unread.add(key);
  }
  return unread.size === 0 ? found : derived.getMany(backend, [...unread]);
}

/** What a payload is that was read under a key. */
export function judged(
  view: CacheView,
  backend: CacheBackend,
  finalKey: string,
  payload: Payload,
): Promise<Look> {
  return judge(view, backend, finalKey, payload, [], NO_STAMPS);
}

async function judge(
  view: CacheView,
  backend: CacheBackend,
  finalKey: string,
  payload: Payload | undefined,
  asked: readonly string[],
  stamps: ReadonlyMap<string, Payload>,
): Promise<Look> {
  if (payload === undefined) return asked.length === 0 ? NOTHING : { ...NOTHING, stamps };
  if (payload.flags !== FLAG_ENVELOPE) {
    if (asked.length > 0) view.saw(finalKey, []);
    return { ...NOTHING, entry: payload, stamps };
  }
  const envelope = opened(view, payload, finalKey);
  if (envelope === undefined) return { ...NOTHING, dead: payload, stamps };
  const own = envelope.head.stamps;
  view.saw(finalKey, own);
  const unread = own.filter(({ key }) => !asked.includes(key)).map(({ key }) => key);
  const more = unread.length === 0 ? stamps : await derived.getMany(backend, unread);
  if (!hasItsStamps(envelope, stamps, more)) return { ...NOTHING, dead: envelope, stamps };
  return envelope.isFresh(view.parts.now())
    ? { ...NOTHING, entry: envelope, stamps }
    : { ...NOTHING, stale: envelope, stamps };
}

function hasItsStamps(
  { head }: Envelope,
  stamps: ReadonlyMap<string, Payload>,
  more: ReadonlyMap<string, Payload>,
): boolean {
  return head.stamps.every(({ key, text }) => stampOf(stamps.get(key) ?? more.get(key)) === text);
}

function opened(view: CacheView, payload: Payload, finalKey: string): Envelope | undefined {
  try {
    return openEnvelope(payload);
  } catch (error) {
    view.parts.report({ kind: 'corrupt', key: finalKey, error });
    return undefined;
  }
}
