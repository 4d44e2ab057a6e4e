import { types } from 'node:util';
import { classNameOf } from './data-checks.js';
import type { ResolvedJsonOptions } from './json.options.js';
import { LEAF_TYPES } from './leaf-types.js';
import { isJsonNumber, isPlainObject } from './plain-tree.js';
import { entryStep, refusal, type Step } from './refusal.js';
import { errorType, nearestErrorType, storedError } from './stored-error.js';
import { hasTag, MOST_HOLES, MOST_LEVELS, setOwn, type Tag, typeTag } from './tag-format.js';

/** Turns one value into a tree that JSON keeps, with tags for what JSON lacks. For one use. */
export class TagWriter {
  /** True as soon as there is a tag in what was written. */
  hasTags = false;
  readonly #options: ResolvedJsonOptions;
  readonly #path: Step[] = [];
  /** The objects that contain the one being written. */
  readonly #around: object[] = [];

  constructor(options: ResolvedJsonOptions) {
    this.#options = options;
  }

  /** @throws {CacheSerializationError} for what could not be given back equal, naming the path to it. */
  write(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (isJsonNumber(value)) return value;
        return this.#tag('Number', Object.is(value, -0) ? '-0' : String(value));
      case 'bigint':
        // Hexadecimal, as reading decimals takes time that grows with the square of their number.
        return this.#tag('BigInt', value.toString(16));
      case 'undefined':
        return this.#tag('undefined');
      case 'object':
        return value === null ? null : this.#inside(value, this.#writeObject);
      default:
        return this.#writeOfType(value) ?? this.#refuseUnknown(value);
    }
  }

  #writeObject(value: object): unknown {
    if (Array.isArray(value) && classNameOf(value) === 'Array') return this.#writeList(value);
    if (isPlainObject(value)) return this.#writeRecord(value);
    return this.#writeOfType(value) ?? this.#writeBuiltIn(value) ?? this.#writeInstance(value);
  }

  #writeList(list: readonly unknown[]): unknown[] {
    const written: unknown[] = [];
    let holes = 0;
    for (let index = 0; index < list.length; index += 1) {
      if (Object.hasOwn(list, index)) {
        written.push(this.#step(index, list[index]));
        continue;
      }
      holes += 1;
      if (holes > MOST_HOLES) {
        throw refusal(
          this.#path,
          `is a list with more than ${MOST_HOLES} holes. Use a Map for it.`,
        );
      }
      written.push(this.#tag('hole'));
    }
    return written;
  }

  #writeRecord(record: object): unknown {
    for (const symbol of Object.getOwnPropertySymbols(record)) {
      if (Object.prototype.propertyIsEnumerable.call(record, symbol)) {
        throw refusal(this.#path, `has the symbol ${String(symbol)} as a key. Use a string.`);
      }
    }
    const written: Record<string, unknown> = {};
    for (const key of Object.keys(record)) {
      const item = (record as Record<string, unknown>)[key];
      if (item !== undefined) setOwn(written, key, this.#step(key, item));
    }
    return hasTag(written) ? this.#tag('Object', written) : written;
  }

  #writeOfType(value: unknown): unknown {
    const type = this.#options.types.find((candidate) => candidate.is(value));
    return (
      type &&
      this.#tag(
        typeTag(type.name),
        this.#inside(type, () => this.write(type.encode(value))),
      )
    );
  }

  #writeBuiltIn(value: object): unknown {
    const leaf = LEAF_TYPES.find((candidate) => candidate.is(value));
    if (leaf) return this.#tag(leaf.name, leaf.encode(value));
    const className = classNameOf(value);
    if (types.isMap(value) && className === 'Map') return this.#writeMap(value);
    if (types.isSet(value) && className === 'Set') {
      return this.#tag(
        'Set',
        Array.from(value, (item, i) => this.#step(at('values', i), item)),
      );
    }
    if (!types.isNativeError(value)) return undefined;
    const type = errorType(value);
    return type && this.#writeError(value, type);
  }

  #writeMap(map: ReadonlyMap<unknown, unknown>): Tag {
    const pairs = Array.from(map, ([key, value], index) => [
      this.#step(at('keys', index), key),
      this.#step(entryStep(key, index), value),
    ]);
    return this.#tag('Map', pairs);
  }

  #writeError(error: Error, type: string): Tag {
    const { own, hidden } = storedError(error, type);
    return this.#tag('Error', {
      type,
      own: this.#writeProperties(own),
      hidden: this.#writeProperties(hidden),
    });
  }

  // No tag, whatever the names of the properties: they are read as a list of properties.
  #writeProperties(properties: Record<string, unknown>): Record<string, unknown> {
    const written: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(properties)) {
      if (item !== undefined) setOwn(written, key, this.#step(key, item));
    }
    return written;
  }

  #writeInstance(value: object): unknown {
    if (this.#options.instances === 'refuse' || types.isPromise(value)) this.#refuseUnknown(value);
    if (types.isNativeError(value)) return this.#writeError(value, nearestErrorType(value));
    if (Array.isArray(value)) return this.#writeList(value);
    const { toJSON } = value as { toJSON?: unknown };
    return typeof toJSON === 'function'
      ? this.write((toJSON as (this: object) => unknown).call(value))
      : this.#writeRecord(value);
  }

  #refuseUnknown(value: unknown): never {
    throw refusal(this.#path, reasonFor(value));
  }

  #step(step: Step, value: unknown): unknown {
    this.#path.push(step);
    const written = this.write(value);
    this.#path.pop();
    return written;
  }

  #inside<T extends object>(value: T, write: (this: TagWriter, value: T) => unknown): unknown {
    if (this.#around.includes(value)) {
      throw refusal(this.#path, 'is circular: it is one of the objects that contain it.');
    }
    if (this.#around.length === MOST_LEVELS) {
      throw refusal(this.#path, `is nested deeper than ${MOST_LEVELS} levels.`);
    }
    this.#around.push(value);
    const written = write.call(this, value);
    this.#around.pop();
    return written;
  }

  #tag(name: string, data?: unknown): Tag {
    this.hasTags = true;
    return data === undefined ? { $: name } : { $: name, v: data };
  }
}

function at(list: 'keys' | 'values', index: number): Step {
  return { written: `.${list}()[${index}]` };
}

function reasonFor(value: unknown): string {
  if (typeof value === 'function') return 'is a function. Leave it out, or store what it gives.';
  if (typeof value === 'symbol') return 'is a symbol. Use a string.';
  if (types.isPromise(value)) return 'is a promise. Await it first.';
  const name = classNameOf(value as object) || 'an unnamed class';
  return `is an instance of ${name}, which would not come back as one. Pass { type: ${name} } at the call if it is the value itself or an item of the list, describe the class in json({ types: [{ name, is, encode, decode }] }), or take plain data back with json({ instances: 'plain' }).`;
}
