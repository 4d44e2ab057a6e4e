import { asList, asRecord, asText } from './data-checks.js';
import type { JsonType } from './json.options.js';
import { LEAF_TYPES } from './leaf-types.js';
import { revivedError } from './stored-error.js';
import { hasTag, MOST_TEXT_LEVELS, setOwn, type Tag, typeTag } from './tag-format.js';

type Decode = (data: unknown) => unknown;

const NUMBERS = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);
const HEXADECIMAL = /^-?[\da-f]+$/;

// What a tag's data is before its own tags are read.
const RAW: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['undefined', () => undefined],
  ['Number', numberOf],
  ['BigInt', bigintOf],
  ...[...LEAF_TYPES.values()].map((type): [string, Decode] => [
    type.name,
    (data) => type.decode(data),
  ]),
]);
const LIST: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['Set', (data) => new Set(asList(data))],
  ['Map', (data) => new Map(asList(data).map(pairOf))],
]);

/** Reads what `TagWriter` wrote. Only the types that are built in or configured are ever made. */
export class TagReader {
  readonly #types: ReadonlyMap<string, JsonType>;

  constructor(types: readonly JsonType[]) {
    this.#types = new Map(types.map((type) => [typeTag(type.name), type]));
  }

  /**
   * The value of a tree that `JSON.parse` gave, which is changed in place.
   *
   * @throws an error for an unknown tag, data that does not suit its tag, or a tree that is too deep.
   */
  read(node: unknown, level = 1): unknown {
    if (typeof node !== 'object' || node === null) return node;
    if (level > MOST_TEXT_LEVELS) throw new RangeError('The stored value is nested too deeply.');
    if (Array.isArray(node)) return this.#readList(node, level);
    return hasTag(node) ? this.#readTag(node, level) : this.#readRecord(node, level);
  }

  #readList(list: unknown[], level: number): unknown[] {
    for (let index = 0; index < list.length; index += 1) {
      const item = list[index];
      if (typeof item !== 'object' || item === null) continue;
      if (isHole(item)) Reflect.deleteProperty(list, index);
      else list[index] = this.read(item, level + 1);
    }
    return list;
  }

  #readRecord(record: object, level: number): object {
    for (const key of Object.keys(record)) {
      const item = (record as Record<string, unknown>)[key];
      if (typeof item === 'object' && item !== null)
        setOwn(record, key, this.read(item, level + 1));
    }
    return record;
  }

  #readTag({ $: name, v: data }: Tag, level: number): unknown {
    const raw = RAW.get(name);
    if (raw) return raw(data);
    if (name === 'Object') return this.#readRecord(asRecord(data), level + 1);
    if (name === 'Error') return revivedError(this.#readError(asRecord(data), level + 1));
    const list = LIST.get(name);
    if (list) return list(this.read(data, level + 1));
    const type = this.#types.get(name);
    if (type) return type.decode(this.read(data, level + 1));
    throw new TypeError(`The stored value has the unknown type "${name}".`);
  }

  #readError(data: Record<string, unknown>, level: number): object {
    const { type, own, hidden } = data;
    return {
      type,
      own: this.#readRecord(asRecord(own), level + 1),
      hidden: this.#readRecord(asRecord(hidden), level + 1),
    };
  }
}

function isHole(item: object): boolean {
  return hasTag(item) && item.$ === 'hole';
}

function numberOf(data: unknown): number {
  const number = NUMBERS.get(asText(data));
  if (number === undefined) throw new TypeError('The stored data is not a number.');
  return number;
}

function bigintOf(data: unknown): bigint {
  const digits = asText(data);
  if (!HEXADECIMAL.test(digits)) throw new TypeError('The stored data is not a bigint.');
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function pairOf(pair: unknown): [unknown, unknown] {
  const [key, value] = asList(pair);
  return [key, value];
}
