import type { WriteOptions } from './call-options.interface.js';
import type { Payload, Ttl } from './cache-backend.interface.js';
import { CacheBackendError } from './cache.errors.js';
import type { CacheView } from './cache-view.js';
import { Envelope, type Stamp } from './envelope.js';
import { holdStamps, renewStamps } from './tag-stamps.js';
import { checkedTags, HeldTags } from './tags.js';

/** An entry that is to be stored. */
export interface Write {
  readonly finalKey: string;
  readonly payload: Payload;
  readonly ttl: Ttl;
  /** Undefined: it bears none. */
  readonly tags: TagsToBear | undefined;
}

/** The tags of a value: the keys of stamps that are still to be read, or the stamps. */
export type TagsToBear = readonly string[] | HeldTags;

/** Everything that can be wrong with a write is found here, before any I/O. */
export function prepareWrite(
  view: CacheView,
  key: string,
  value: unknown,
  options: WriteOptions,
): Write {
  const finalKey = view.key(key, options.version);
  const payload = view.parts.codec.encode(value, options.type);
  const tags = options.tags === undefined ? undefined : tagsToBear(view, options.tags);
  return { finalKey, payload, ttl: view.ttl(options.timeout), tags };
}

/** Checked tags; undefined for an empty list. @throws {TypeError} */
export function tagsToBear(
  view: CacheView,
  tags: readonly string[] | HeldTags,
): TagsToBear | undefined {
  if (!(tags instanceof HeldTags)) {
    const keys = view.tagKeys(tags);
    return keys.length === 0 ? undefined : keys;
  }
  if (tags.owner === view.owner) return tags;
  throw new TypeError(
    `Tags that another cache or namespace held were given to cache "${view.parts.alias}". Hold them with the one that stores the value.`,
  );
}

/** The stamps of tags that are to be borne. @throws {CacheBackendError} if they cannot be had. */
export async function stampsToBear(view: CacheView, tags: TagsToBear): Promise<readonly Stamp[]> {
  if (!(tags instanceof HeldTags)) return holdStamps(view, tags);
  if (tags.stamps) return tags.stamps;
  const { strict, parts } = view;
  throw new CacheBackendError(
    'CACHE_BACKEND',
    `The ${strict.name} backend of cache "${parts.alias}" failed when the tags were held, so nothing is stored with them.`,
    { alias: parts.alias, backend: strict.name, operation: 'holdTags' },
  );
}

/**
 * The payload with its stamps.
 *
 * @param freshSeconds For how long it is fresh. Default: until it expires.
 */
export function inEnvelope(
  view: CacheView,
  payload: Payload,
  stamps: readonly Stamp[],
  freshSeconds?: number,
): Payload {
  if (stamps.length === 0 && freshSeconds === undefined) return payload;
  const storedAt = view.parts.now();
  const freshUntil = freshSeconds === undefined ? undefined : storedAt + freshSeconds * 1000;
  return new Envelope(payload, { storedAt, freshUntil, stamps });
}

/** Stores an entry. Answers as `CacheBackend.set()`; at a ttl of 0 what is there is removed instead. */
export async function store(view: CacheView, write: Write): Promise<boolean> {
  const { finalKey, payload, ttl, tags } = write;
  const { backend, strict } = view;
  if (ttl === 0) {
    const removal = strict.delete(finalKey).then(() => true);
    return view.changed(removal, false);
  }
  if (!tags) return backend.set(finalKey, payload, ttl);
  const stamps = await view.changed(stampsToBear(view, tags), undefined);
  if (stamps === undefined) {
    // What could not be stored must not be outlived by what it was to replace.
    await backend.delete(finalKey);
    return false;
  }
  view.saw(finalKey, stamps);
  return backend.set(finalKey, inEnvelope(view, payload, stamps), ttl);
}

/** The tags as they are now. Those of a backend that fails are held as such, if the cache forgives that. */
export async function holdTags(view: CacheView, tags: readonly string[]): Promise<HeldTags> {
  const checked = checkedTags(tags);
  const keys = view.tagKeys(checked);
  const stamps = await view.changed<readonly Stamp[] | undefined>(
    holdStamps(view, keys),
    undefined,
  );
  return new HeldTags(checked, view.owner, stamps);
}

/** Gives tags new stamps. @throws {TypeError} @throws {CacheBackendError} */
export async function invalidateTags(view: CacheView, tags: readonly string[]): Promise<void> {
  const keys = view.tagKeys(tags, Infinity);
  if (keys.length === 0) return;
  view.parts.fences.voidTags(keys.map((key) => view.place(key)));
  const companion = view.parts.space === '' ? view.parts.companion() : undefined;
  await Promise.all([renewStamps(view, keys), companion?.invalidateTags(...tags)]);
}
