import { types } from 'node:util';
import { classNameOf } from './data-checks.js';
import type { ResolvedJsonOptions } from './json.options.js';
import { LEAF_TYPES } from './leaf-types.js';
import { isJsonNumber, isPlainObject } from './plain-tree.js';
import { entryStep, itemStep, reasonFor, refusal, type Step } from './refusal.js';
import { isErrorClass, storedError } from './stored-error.js';
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
        return value === null ? null : this.#writeObject(value);
      default:
        return this.#writeOfType(value) ?? this.#refuse(value);
    }
  }

  #writeObject(value: object): unknown {
    if (this.#around.includes(value)) {
      throw refusal(this.#path, 'is circular: it is one of the objects that contain it.');
    }
    if (this.#around.length === MOST_LEVELS) {
      throw refusal(this.#path, `is nested deeper than ${MOST_LEVELS} levels.`);
    }
    this.#around.push(value);
    const written = this.#writeContent(value);
    this.#around.pop();
    return written;
  }

  #writeContent(value: object): unknown {
    const className = classNameOf(value);
    if (Array.isArray(value) && className === 'Array') return this.#writeList(value);
    if (isPlainObject(value)) return this.#writeRecord(value);
    return (
      this.#writeOfType(value) ?? this.#writeBuiltIn(value, className) ?? this.#writeInstance(value)
    );
  }

  #writeList(list: readonly unknown[]): unknown[] {
    const written: unknown[] = [];
    let holes = 0;
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index];
      if (item !== undefined || Object.hasOwn(list, index)) {
        written.push(this.#step(index, item));
        continue;
      }
      holes += 1;
      if (holes > MOST_HOLES) {
        throw refusal(this.#path, `is a list with more than ${MOST_HOLES} holes. Use a Map.`);
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
    const written = this.#writeProperties(record as Record<string, unknown>);
    return hasTag(written) ? this.#tag('Object', written) : written;
  }

  #writeProperties(record: Record<string, unknown>): Record<string, unknown> {
    const written: Record<string, unknown> = {};
    for (const key of Object.keys(record)) {
      const item = record[key];
      if (item !== undefined) setOwn(written, key, this.#step(key, item));
    }
    return written;
  }

  #writeOfType(value: unknown): Tag | undefined {
    const type = this.#options.types.find((candidate) => candidate.is(value));
    return type && this.#tag(typeTag(type.name), this.write(type.encode(value)));
  }

  #writeBuiltIn(value: object, className: string): Tag | undefined {
    const leaf = LEAF_TYPES.get(className);
    if (leaf?.is(value)) return this.#tag(leaf.name, leaf.encode(value));
    if (className === 'Map' && types.isMap(value)) return this.#writeMap(value);
    if (className === 'Set' && types.isSet(value)) return this.#writeSet(value);
    return isErrorClass(className) && types.isNativeError(value)
      ? this.#writeError(value)
      : undefined;
  }

  #writeMap(map: ReadonlyMap<unknown, unknown>): Tag {
    const pairs: unknown[] = [];
    for (const [key, value] of map) {
      const index = pairs.length;
      const writtenKey = this.#step({ written: `.keys()[${index}]` }, key);
      pairs.push([writtenKey, this.#step(entryStep(key, index), value)]);
    }
    return this.#tag('Map', pairs);
  }

  #writeSet(set: ReadonlySet<unknown>): Tag {
    const items: unknown[] = [];
    for (const item of set) items.push(this.#step(itemStep(items.length), item));
    return this.#tag('Set', items);
  }

  #writeError(error: Error): Tag {
    const { type, own, hidden } = storedError(error);
    return this.#tag('Error', {
      type,
      own: this.#writeProperties(own),
      hidden: this.#writeProperties(hidden),
    });
  }

  #writeInstance(value: object): unknown {
    if (this.#options.instances === 'refuse' || types.isPromise(value)) return this.#refuse(value);
    if (Array.isArray(value)) return this.#writeList(value);
    if (types.isBoxedPrimitive(value)) return this.write(value.valueOf());
    for (
      let prototype = Object.getPrototypeOf(value) as object | null;
      prototype !== null;
      prototype = Object.getPrototypeOf(prototype) as object | null
    ) {
      const builtIn = this.#writeBuiltIn(value, classNameOf(prototype));
      if (builtIn) return builtIn;
    }
    const { toJSON } = value as { toJSON?: unknown };
    return typeof toJSON === 'function'
      ? this.write(toJSON.call(value, ''))
      : this.#writeRecord(value);
  }

  #refuse(value: unknown): never {
    throw refusal(this.#path, reasonFor(value));
  }

  #step(step: Step, value: unknown): unknown {
    this.#path.push(step);
    const written = this.write(value);
    this.#path.pop();
    return written;
  }

  #tag(name: string, data?: unknown): Tag {
    this.hasTags = true;
    return data === undefined ? { $: name } : { $: name, v: data };
  }
}
