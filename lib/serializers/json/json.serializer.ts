import type { Payload } from '../../core/cache-backend.interface.js';
import { CacheSerializationError, reasonOf } from '../../core/cache.errors.js';
import { FLAG_JSON, FLAG_TAGGED_JSON } from '../../core/payload-flags.js';
import type { Serializer } from '../../core/serializer.interface.js';
import type { TreePayload } from '../../core/tree-payload.js';
import { type JsonOptions, type ResolvedJsonOptions, resolveJsonOptions } from './json.options.js';
import { keptTree } from './kept-tree.js';
import { checkLevels, isPlainTree } from './plain-tree.js';
import { refusal } from './refusal.js';
import { MOST_LEVELS } from './tag-format.js';
import { TagReader } from './tag-reader.js';
import { TagWriter } from './tag-writer.js';

/**
 * JSON that also keeps Date, Map, Set, BigInt, Buffer and typed arrays, NaN, ±Infinity, −0, RegExp, URL, Error, and
 * `undefined` and holes in lists. What it could not give back equal it refuses: functions, symbols, instances of other
 * classes, circular values.
 *
 * As in JSON, a property whose value is `undefined` is left out, and so are properties that are not enumerable or that
 * were added to a list, a Date or another built-in object. Getters are read. Objects without a prototype come back as plain
 * objects, an error without its stack.
 *
 * @throws {CacheConfigError} for an unknown option or a value that is not allowed.
 */
export function json(options: JsonOptions = {}): Serializer {
  return new JsonSerializer(options);
}

/** The serializer made by `json()`. */
export class JsonSerializer implements Serializer {
  readonly name = 'json';
  readonly #options: ResolvedJsonOptions;
  readonly #reader: TagReader;

  constructor(options: JsonOptions = {}) {
    this.#options = resolveJsonOptions(options);
    this.#reader = new TagReader(this.#options.types);
  }

  serialize(value: unknown): Payload {
    try {
      if (isPlainTree(value)) return { flags: FLAG_JSON, data: JSON.stringify(value) };
      return this.#serializeTagged(value);
    } catch (error) {
      throw error instanceof CacheSerializationError ? error : notWritten(error);
    }
  }

  keep(value: unknown): TreePayload | undefined {
    return keptTree(value);
  }

  reads(flags: number): boolean {
    return flags === FLAG_JSON || flags === FLAG_TAGGED_JSON;
  }

  deserialize({ flags, data }: Payload): unknown {
    const text = typeof data === 'string' ? data : data.toString('utf8');
    if (flags === FLAG_TAGGED_JSON) return this.#reader.read(JSON.parse(text));
    if (flags !== FLAG_JSON) throw new TypeError(`A payload with the flags ${flags} is not JSON.`);
    const value: unknown = JSON.parse(text);
    // Each level takes at least two characters.
    if (text.length > 2 * MOST_LEVELS) checkLevels(value);
    return value;
  }

  isPlain(flags: number): boolean {
    return flags === FLAG_JSON;
  }

  #serializeTagged(value: unknown): Payload {
    if (value === undefined) throw refusal([], 'is undefined. Store null instead.');
    const writer = new TagWriter(this.#options);
    const written = writer.write(value);
    return { flags: writer.hasTags ? FLAG_TAGGED_JSON : FLAG_JSON, data: JSON.stringify(written) };
  }
}

function notWritten(cause: unknown): CacheSerializationError {
  return new CacheSerializationError(
    'CACHE_NOT_SERIALIZABLE',
    `The value cannot be stored as JSON, because reading it failed: ${reasonOf(cause)}.`,
    { cause },
  );
}
