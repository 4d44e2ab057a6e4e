import { MOST_LEVELS } from './tag-format.js';

// Everything in this file is on the path of every value. Values made in another realm are left to the slower writer.
const { getPrototypeOf, getOwnPropertySymbols, prototype: OBJECT } = Object;
const LIST = Array.prototype;
// Deeper values are rare; a circular one is left after as many rounds, and the writer sees what it is.
const LOOK_LEVELS = 32;

/**
 * True if JSON gives a value back as it is: plain objects, lists, text, booleans, null and the numbers that JSON has, not
 * too deep. False says nothing but that a closer look is needed.
 */
export function isPlainTree(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isJsonNumber(value);
    case 'object':
      return value === null || isPlainContainer(value, 1);
    default:
      return false;
  }
}

/** True for the numbers that JSON has. It lacks NaN and the infinities, and writes -0 as 0. */
export function isJsonNumber(value: number): boolean {
  return value === 0 ? 1 / value > 0 : Number.isFinite(value);
}

/** True for objects that are only a bag of properties, of this or another realm. */
export function isPlainObject(value: object): boolean {
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === OBJECT || prototype === null) return true;
  return getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** Refuses a value that `JSON.parse` gave but that is too deep for what comes after. @throws {RangeError} */
export function checkLevels(value: unknown, level = 1): void {
  if (typeof value !== 'object' || value === null) return;
  if (level > MOST_LEVELS) {
    throw new RangeError(`The stored value is nested deeper than ${MOST_LEVELS} levels.`);
  }
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') checkLevels(item, level + 1);
    return;
  }
  // for…in is the fastest way through the properties, but shows inherited ones too.
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && Object.hasOwn(value, key)) checkLevels(item, level + 1);
  }
}

function isPlainContainer(value: object, level: number): boolean {
  if (level > LOOK_LEVELS) return false;
  return Array.isArray(value) ? isPlainList(value, level) : isPlainRecord(value, level);
}

function isPlainList(list: readonly unknown[], level: number): boolean {
  if (getPrototypeOf(list) !== LIST) return false;
  // By index, as an iterator would skip no hole and cost more.
  for (let index = 0; index < list.length; index += 1) {
    if (!isPlainItem(list[index], level)) return false;
  }
  return true;
}

function isPlainRecord(record: object, level: number): boolean {
  const prototype = getPrototypeOf(record) as object | null;
  if (prototype !== OBJECT && prototype !== null) return false;
  if (getOwnPropertySymbols(record).length > 0) return false;
  // Inherited properties, which for…in shows too, can only make this too careful.
  for (const key in record) {
    const item = (record as Record<string, unknown>)[key];
    if (item !== undefined && !isPlainItem(item, level)) return false;
  }
  return true;
}

function isPlainItem(item: unknown, level: number): boolean {
  switch (typeof item) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isJsonNumber(item);
    case 'object':
      return item === null || isPlainContainer(item, level + 1);
    default:
      return false;
  }
}
