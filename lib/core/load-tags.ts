import type { LoadOptions } from './call-options.interface.js';
import type { Payload } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import type { Stamp } from './envelope.js';
import { stampsToBear, tagsToBear } from './entry-writes.js';
import type { LoadRight } from './load-fences.js';
import { changedSince, holdStamps } from './tag-stamps.js';
import { HeldTags } from './tags.js';

// The tags of a value that `getOrSet()` loads. Their stamps are taken before the load: if a tag is invalidated while it runs,
// what it brings bears the old stamp and is never served.

type LoadTags = LoadOptions<never>['tags'];

/** What was known when a load began. */
export interface BeforeLoad {
  /** Undefined: they could not be had, so nothing is to be stored. */
  readonly stamps: readonly Stamp[] | undefined;
  readonly moment: number;
  /** In milliseconds since the epoch. */
  readonly beganAt: number;
}

/** Under which keys the stamps lie of tags that are known before the load. */
export function stampKeysOf(view: CacheView, tags: LoadTags): readonly string[] | undefined {
  if (tags === undefined || typeof tags === 'function') return undefined;
  const known = tagsToBear(view, tags);
  return known instanceof HeldTags ? known.stamps?.map(({ key }) => key) : known;
}

/** Where the stamps lie of the tags of a load; undefined if that is not known yet. */
function placesOf(
  view: CacheView,
  tags: LoadTags,
  stampKeys: readonly string[] | undefined,
): readonly string[] | undefined {
  if (typeof tags === 'function') return undefined;
  return (stampKeys ?? []).map((key) => view.place(key));
}

/** A load of what bears these tags has begun. @param stampKeys Under which keys the stamps lie of those that are known. */
export function beginRight(
  view: CacheView,
  finalKey: string,
  tags: LoadTags,
  stampKeys = stampKeysOf(view, tags),
): LoadRight {
  return view.parts.fences.begin(view.place(finalKey), placesOf(view, tags, stampKeys));
}

/** @param read Stamps that were read with the entry, just now. Default: they are read. */
export async function stampsBeforeLoad(
  view: CacheView,
  tags: LoadTags,
  read?: ReadonlyMap<string, Payload>,
): Promise<BeforeLoad> {
  const { tagMemory, now, life } = view.parts;
  const began = { moment: tagMemory.moment(), beganAt: now() };
  if (life.isOver) return { ...began, stamps: undefined };
  const known = tags === undefined || typeof tags === 'function' ? [] : tagsToBear(view, tags);
  const holding =
    known instanceof HeldTags ? stampsToBear(view, known) : holdStamps(view, known ?? [], read);
  const stamps = await view.changed<readonly Stamp[] | undefined>(holding, undefined);
  return { ...began, stamps };
}

/**
 * The stamps that a loaded value is to bear; undefined if it is not to be stored.
 *
 * Tags that are a function of the value have theirs taken after the load. A tag that may have been invalidated while it ran
 * would then be missed, so such a value is not stored.
 */
export async function stampsAfterLoad(
  view: CacheView,
  tags: LoadTags,
  { stamps, moment, beganAt }: BeforeLoad,
  value: unknown,
): Promise<readonly Stamp[] | undefined> {
  if (typeof tags !== 'function') return stamps;
  const keys = view.tagKeys(tags(value as never));
  const holding = holdStamps(view, keys);
  const own = await view.changed<readonly Stamp[] | undefined>(holding, undefined);
  return own?.some((stamp) => changedSince(view, stamp, moment, beganAt)) ? undefined : own;
}
