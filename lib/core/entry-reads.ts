import type { CacheBackend, Payload } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import * as derived from './derived-operations.js';
import { type Envelope, openEnvelope } from './envelope.js';
import { FLAG_ENVELOPE } from './payload-flags.js';
import { stampOf } from './tag-stamps.js';

// Reads that look whether the tags of what they find were invalidated. What bears no tags passes untouched.

/** What lies under a key. */
export interface Look {
  /** The live entry. One with tags is an `Envelope`. */
  readonly entry: Payload | undefined;
  /** What lies there and is no entry any more: a tag of it was invalidated, or its head cannot be read. */
  readonly dead: Payload | undefined;
  /** The stamps that were read with it, under their keys. */
  readonly stamps: ReadonlyMap<string, Payload>;
}

const NO_STAMPS: ReadonlyMap<string, Payload> = new Map();
const NOTHING: Look = { entry: undefined, dead: undefined, stamps: NO_STAMPS };

/** The payload if it is live, where stamps can be read at once. */
export function liveSync(
  view: CacheView,
  backend: CacheBackend,
  payload: Payload | undefined,
  finalKey: string,
): Payload | undefined {
  if (payload === undefined || payload.flags !== FLAG_ENVELOPE) return payload;
  const envelope = opened(view, payload, finalKey);
  const isGood = envelope?.head.stamps.every(
    ({ key, text }) => stampOf(backend.getSync!(key)) === text,
  );
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
  for (const [finalKey, envelope] of envelopes) {
    view.saw(finalKey, envelope.head.stamps);
    if (isLive(envelope, found, stamps)) found.set(finalKey, envelope);
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
    return { entry: payload, dead: undefined, stamps };
  }
  const envelope = opened(view, payload, finalKey);
  if (envelope === undefined) return { entry: undefined, dead: payload, stamps };
  const own = envelope.head.stamps;
  view.saw(finalKey, own);
  const unread = own.filter(({ key }) => !asked.includes(key)).map(({ key }) => key);
  const more = unread.length === 0 ? stamps : await derived.getMany(backend, unread);
  return isLive(envelope, stamps, more)
    ? { entry: envelope, dead: undefined, stamps }
    : { entry: undefined, dead: envelope, stamps };
}

function isLive(
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
