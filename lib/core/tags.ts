import type { Stamp } from './envelope.js';
import { describe } from './option-checks.js';

/** Tags that are known only when the value is. */
export type TagsOf<T> = (value: T) => readonly string[];

/** Tags as they were at one moment, for a value that is about to be made; see `CacheService.holdTags()`. */
export class HeldTags {
  constructor(
    readonly tags: readonly string[],
    /** Internal: the cache, or namespace of a cache, that they are tags of. */
    readonly owner: string,
    /** Internal. Undefined: the backend failed, so whatever is stored with these is not. */
    readonly stamps: readonly Stamp[] | undefined,
  ) {}
}

const MOST_TAGS = 1_000;

/**
 * The tags, each once.
 *
 * @param most Default: as many as a value may bear.
 * @throws {TypeError} if they are not a list of non-empty texts, or too many.
 */
export function checkedTags(tags: unknown, most = MOST_TAGS): readonly string[] {
  if (!Array.isArray(tags)) {
    throw new TypeError(
      `"tags" must be a list of texts such as ["user:7"], but ${describe(tags)} was given.`,
    );
  }
  for (const tag of tags) {
    if (typeof tag === 'string' && tag !== '') continue;
    throw new TypeError(
      `A tag must be a non-empty text, but ${tag === '' ? 'an empty one' : describe(tag)} was given.`,
    );
  }
  if (tags.length > most) {
    throw new TypeError(`A value may bear ${most} tags, but ${tags.length} were given.`);
  }
  return tags.length < 2 ? (tags as string[]) : [...new Set(tags as string[])];
}
