import { FLAG_JSON } from '../../core/payload-flags.js';
import { TreePayload } from '../../core/tree-payload.js';
import { isJsonNumber } from './plain-tree.js';
import { MOST_LEVELS } from './tag-format.js';

const { getPrototypeOf, getOwnPropertySymbols, prototype: OBJECT } = Object;
const LIST = Array.prototype;
const NOT_PLAIN = Symbol('not plain');
// What V8 takes on a 64-bit machine: a word a property or item, three to six words around them, two around a text.
const WORD = 8;
const LONG_TEXT = 64;

/**
 * A payload that holds a copy of the value, as it would come back from JSON; undefined for what JSON does not give back as it
 * is. Check, copy and size in one walk, so that nothing has to be written as text.
 */
export function keptTree(value: unknown): TreePayload | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const walk = new Walk();
  const tree = walk.copy(value, 1);
  return tree === NOT_PLAIN ? undefined : new TreePayload(FLAG_JSON, tree, walk.bytes);
}

class Walk {
  bytes = 0;

  copy(value: object, level: number): unknown {
    if (level > MOST_LEVELS) return NOT_PLAIN;
    return Array.isArray(value) ? this.#list(value, level) : this.#record(value, level);
  }

  #list(list: readonly unknown[], level: number): unknown {
    if (getPrototypeOf(list) !== LIST) return NOT_PLAIN;
    const copy = list.slice();
    this.bytes += WORD * (6 + copy.length);
    for (let index = 0; index < copy.length; index += 1) {
      const item = copy[index];
      const own = this.#item(item, level);
      if (own === NOT_PLAIN) return NOT_PLAIN;
      if (own !== item) copy[index] = own;
    }
    return copy;
  }

  #record(record: object, level: number): unknown {
    const prototype = getPrototypeOf(record) as object | null;
    if (prototype !== OBJECT && prototype !== null) return NOT_PLAIN;
    if (getOwnPropertySymbols(record).length > 0) return NOT_PLAIN;
    // The spread makes own properties of all names, "__proto__" included, which the assignments below then only change.
    const copy: Record<string, unknown> = { ...record };
    this.bytes += WORD * 3;
    for (const name in copy) {
      // A property that somebody gave to all objects.
      if (!Object.hasOwn(copy, name)) return NOT_PLAIN;
      const item = copy[name];
      if (item === undefined) {
        delete copy[name];
        continue;
      }
      this.bytes += WORD;
      const own = this.#item(item, level);
      if (own === NOT_PLAIN) return NOT_PLAIN;
      if (own !== item) copy[name] = own;
    }
    return copy;
  }

  #item(item: unknown, level: number): unknown {
    switch (typeof item) {
      case 'string':
        this.bytes += 2 * WORD + textBytes(item);
        return item;
      case 'boolean':
        return item;
      case 'number':
        if (!isJsonNumber(item)) return NOT_PLAIN;
        if (!Number.isInteger(item)) this.bytes += 2 * WORD;
        return item;
      case 'object':
        return item === null ? item : this.copy(item, level + 1);
      default:
        return NOT_PLAIN;
    }
  }
}

// V8 takes two bytes a character if one of them needs it. To look is worth it for long texts only.
function textBytes(text: string): number {
  const { length } = text;
  return length < LONG_TEXT || Buffer.byteLength(text) === length ? length : 2 * length;
}
