/**
 * The form of tagged JSON, version 1. Stored values outlive releases: what is written here is read by later ones.
 *
 * Any object with a property `$` is a tag: `$` names the type, `v` holds its data. A stored object that has a property `$`
 * of its own stands inside the tag `Object`, where it is taken as it is; so a stored value can never look like a tag.
 *
 * | `$` | `v` |
 * |---|---|
 * | `Object` | an object whose `$` is its own |
 * | `undefined`, `hole` | none; a hole stands in lists only |
 * | `Number` | `NaN`, `Infinity`, `-Infinity` or `-0` |
 * | `BigInt` | hexadecimal digits |
 * | `Date` | milliseconds since the epoch; null = invalid |
 * | `Map`, `Set` | a list of pairs; a list |
 * | `Buffer`, `ArrayBuffer`, `Uint8Array`, `Float64Array`, … | base64 of the bytes, numbers in little-endian order |
 * | `RegExp` | source, flags, lastIndex |
 * | `URL` | the text |
 * | `Error` | its built-in class, properties, and properties that are not enumerable |
 * | `@name` | what `encode` of the configured type of that name gave |
 */
export interface Tag {
  readonly $: string;
  readonly v?: unknown;
}

/** The tag of a configured type. No built-in tag starts with `@`, so no configured type can stand in for one. */
export function typeTag(name: string): string {
  return `@${name}`;
}

/** True for an object that has to be read as a tag, or escaped if it is the user's own. */
export function hasTag(object: object): object is Tag {
  return Object.hasOwn(object, '$');
}

/** How many levels a stored value may have. */
export const MOST_LEVELS = 500;
// A nested Map takes three levels of JSON for each of its own, an error likewise.
/** How many levels the text of a stored value may have. */
export const MOST_TEXT_LEVELS = 4 * MOST_LEVELS;

/** How many holes a sparse list may have. Each is written out, so that a small text can never become a large list. */
export const MOST_HOLES = 10_000;

/** Sets a property as data, whatever its name: `__proto__` by assignment would replace the prototype. */
export function setOwn(object: object, key: string, value: unknown, enumerable = true): void {
  if (key === '__proto__' || !enumerable) {
    Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
  } else {
    (object as Record<string, unknown>)[key] = value;
  }
}
