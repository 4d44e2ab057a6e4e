import { createHash } from 'node:crypto';
import type { KeyLimits } from './cache-backend.interface.js';
import { CacheConfigError, InvalidCacheKeyError, reasonOf, shortKey } from './cache.errors.js';
import { badOption } from './option-checks.js';

/**
 * Makes a final key from the caller's key, the cache's `keyPrefix` and the version.
 *
 * @example ((key, keyPrefix, version) => `${keyPrefix}:${version}:${key}`)
 * @see Django, KEY_FUNCTION
 */
export type KeyFunction = (key: string, keyPrefix: string, version: number) => string;

/** What a `KeyBuilder` is made of. */
export interface KeyBuilderOptions {
  /** The cache's name, for messages. */
  readonly alias: string;
  readonly keyPrefix: string;
  readonly version: number;
  readonly keyFunction?: KeyFunction | undefined;
  readonly invalidKeys: 'hash' | 'throw';
  /** What the backend can take; undefined: any well-formed key. */
  readonly limits?: KeyLimits | undefined;
}

/** memcached's limits on a key. (protocol.txt, "Keys") */
export const MEMCACHED_KEY_LIMITS: KeyLimits = { maxBytes: 250, printableOnly: true };

// "~" and 64 hex digits end a replaced key; keys of the package's own and those of a backend begin with "~".
const TILDE = 126;
const REPLACED = /~[0-9a-f]{64}$/;
const PLAIN = /^[\x21-\x7e]+$/;
// oxlint-disable-next-line no-control-regex -- these are what a printable key may not hold
const UNPRINTABLE = /[\x00-\x20\x7f]/;

/**
 * The key layer: the caller's key becomes the backend's final key. Synchronous, so a bad key fails before any I/O.
 *
 * With Django's key function two triples (prefix, version, key) never meet in one final key: a prefix that could be read
 * as another prefix and version is refused.
 */
export class KeyBuilder {
  readonly #alias: string;
  readonly #keyPrefix: string;
  readonly #version: number;
  readonly #keyFunction: KeyFunction | undefined;
  readonly #throws: boolean;
  readonly #limits: KeyLimits | undefined;
  readonly #head: string;
  /** The prefix with its length in front, so that what follows it cannot be taken for a part of it. */
  readonly #scope: string;
  /** How long a plain key may be that needs no closer look; below 1: every key needs one. */
  readonly #plainRoom: number;

  /** @throws {CacheConfigError} if the prefix or the version cannot be used. */
  constructor(options: KeyBuilderOptions) {
    const { alias, keyPrefix, version, keyFunction } = options;
    const where = `cache "${alias}"`;
    if (typeof keyPrefix !== 'string') throw badOption(where, 'keyPrefix', keyPrefix, 'a string');
    if (!isVersion(version)) {
      throw badOption(where, 'version', version, 'a whole number of at least 0');
    }
    if (keyFunction !== undefined && typeof keyFunction !== 'function') {
      throw badOption(where, 'keyFunction', keyFunction, 'a function (key, keyPrefix, version)');
    }
    if (keyFunction === undefined && keyPrefix.split(':').slice(1).some(isDigits)) {
      throw new CacheConfigError(
        'CACHE_BAD_PREFIX',
        `The keyPrefix "${keyPrefix}" of ${where} has digits alone after a colon, so its keys could meet those of another prefix and version. Write it without the colon, such as "${keyPrefix.replaceAll(':', '-')}", or give a keyFunction.`,
        { alias },
      );
    }
    this.#alias = alias;
    this.#keyPrefix = keyPrefix;
    this.#version = version;
    this.#keyFunction = keyFunction;
    this.#throws = options.invalidKeys === 'throw';
    this.#limits = options.limits ?? (this.#throws ? MEMCACHED_KEY_LIMITS : undefined);
    this.#head = `${keyPrefix}:${version}:`;
    this.#scope = `${keyPrefix.length}:${keyPrefix}`;
    const isPlain =
      keyFunction === undefined && PLAIN.test(this.#head) && !this.#head.includes('~');
    this.#plainRoom = isPlain ? (this.#limits?.maxBytes ?? Infinity) - this.#head.length : 0;
  }

  /** The version that holds where a call does not say. */
  get version(): number {
    return this.#version;
  }

  /**
   * The final key.
   *
   * @param version Default: the cache's.
   * @throws {TypeError} if the key is not a non-empty string or the version not a non-negative integer.
   * @throws {InvalidCacheKeyError} if the key function fails, or the key breaks the limits and `invalidKeys` is `'throw'`.
   */
  build(key: string, version: number = this.#version): string {
    if (typeof key !== 'string' || key === '') {
      throw new TypeError(
        `A cache key must be a non-empty string, but ${key === '' ? 'an empty one' : `a value of type ${key === null ? 'null' : typeof key}`} was given to cache "${this.#alias}".`,
      );
    }
    if (this.#keyFunction === undefined && version === this.#version) {
      // The caller's key is looked at alone: the two together would have to be copied for that.
      const isPlain = key.length <= this.#plainRoom && PLAIN.test(key);
      if (isPlain && key.charCodeAt(key.length - 65) !== TILDE) return this.#head + key;
      return this.#legal(this.#head + key, key);
    }
    this.checkVersion(version);
    const finalKey = this.#keyFunction
      ? this.#custom(key, version)
      : `${this.#keyPrefix}:${version}:${key}`;
    return this.#legal(finalKey, key);
  }

  /** The final key under which the stamp of a tag is kept. It holds for all versions. */
  tagKey(tag: string): string {
    return this.reserved('tag', `${this.#scope}:${tag}`);
  }

  /** The final key under which the stamp of a namespace is kept. */
  namespaceKey(name: string): string {
    return this.reserved('ns', `${this.#scope}:${name}`);
  }

  /**
   * A final key of the package's own: no key of a user becomes one, as those never begin with "~". Always one that backends
   * can take.
   *
   * @param kind Lower-case letters. @param text Begins with a digit.
   */
  reserved(kind: string, text: string): string {
    const key = `~${kind}:${text}`;
    const most = Math.min(this.#limits?.maxBytes ?? Infinity, MEMCACHED_KEY_LIMITS.maxBytes);
    return key.length <= most && PLAIN.test(key) ? key : `~${kind}:#${sha256(key)}`;
  }

  /** @throws {TypeError} if it is not a non-negative integer. */
  checkVersion(version: number): void {
    if (isVersion(version)) return;
    throw new TypeError(
      `A version must be a whole number of at least 0, but ${String(version)} was given to cache "${this.#alias}".`,
    );
  }

  #custom(key: string, version: number): string {
    let finalKey: unknown;
    try {
      finalKey = this.#keyFunction!(key, this.#keyPrefix, version);
    } catch (cause) {
      throw this.#invalid(key, `the keyFunction threw: ${reasonOf(cause)}`, cause);
    }
    if (typeof finalKey === 'string' && finalKey !== '') return finalKey;
    const got = finalKey === '' ? 'an empty string' : `a value of type ${typeof finalKey}`;
    throw this.#invalid(key, `the keyFunction returned ${got} instead of a non-empty string`);
  }

  #legal(finalKey: string, key: string): string {
    const limits = this.#limits;
    if (limits === undefined) {
      return finalKey.isWellFormed() && !isReserved(finalKey) ? finalKey : replaced(finalKey);
    }
    if (finalKey.length <= limits.maxBytes && PLAIN.test(finalKey)) {
      if (!isReserved(finalKey)) return finalKey;
      return this.#replacedOrThrow(finalKey, key, 'it has the form of a replaced key');
    }
    if (!finalKey.isWellFormed()) {
      return this.#replacedOrThrow(finalKey, key, 'it holds half of a surrogate pair');
    }
    if (limits.printableOnly && UNPRINTABLE.test(finalKey)) {
      return this.#replacedOrThrow(finalKey, key, 'it holds a blank or a control character');
    }
    const bytes = Buffer.byteLength(finalKey);
    if (bytes > limits.maxBytes) {
      return this.#replacedOrThrow(
        finalKey,
        key,
        `it has ${bytes} bytes and the limit is ${limits.maxBytes}`,
      );
    }
    return isReserved(finalKey)
      ? this.#replacedOrThrow(finalKey, key, 'it has the form of a replaced key')
      : finalKey;
  }

  #replacedOrThrow(finalKey: string, key: string, why: string): string {
    if (this.#throws) throw this.#invalid(key, why);
    return replaced(finalKey);
  }

  #invalid(key: string, why: string, cause?: unknown): InvalidCacheKeyError {
    return new InvalidCacheKeyError(
      'CACHE_INVALID_KEY',
      `The key "${shortKey(key)}" cannot be used in cache "${this.#alias}": ${why}.`,
      { alias: this.#alias, key, ...(cause === undefined ? {} : { cause }) },
    );
  }
}

// Every call passes here, so the characters are looked at before the expression is.
function isReserved(finalKey: string): boolean {
  return (
    finalKey.charCodeAt(0) === TILDE ||
    (finalKey.charCodeAt(finalKey.length - 65) === TILDE && REPLACED.test(finalKey))
  );
}

/**
 * A legal key that stands for one that is not: a readable head and the sha-256 of the whole, over its UTF-16 code units,
 * so that ill-formed keys stay apart too. At most 161 bytes.
 */
function replaced(finalKey: string): string {
  const head = finalKey
    .slice(0, 96)
    .replace(/[^\x21-\x7d]/g, '_')
    .replace(/^~/, '_');
  return `${head}~${sha256(finalKey)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');
}

function isVersion(version: unknown): version is number {
  return Number.isSafeInteger(version) && (version as number) >= 0;
}

function isDigits(segment: string): boolean {
  return /^\d+$/.test(segment);
}
