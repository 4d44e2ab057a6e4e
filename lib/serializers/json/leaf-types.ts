import { types } from 'node:util';
import { asList, asNumber, asText } from './data-checks.js';
import type { JsonType } from './json.options.js';
import { TYPED_ARRAYS } from './typed-arrays.js';

const DATE: JsonType<Date> = {
  name: 'Date',
  is: types.isDate,
  // JSON makes null of an invalid date's NaN.
  encode: (date) => date.getTime(),
  decode: (data) => new Date(data === null ? NaN : asNumber(data)),
};

const REG_EXP: JsonType<RegExp> = {
  name: 'RegExp',
  is: types.isRegExp,
  encode: ({ source, flags, lastIndex }) => [source, flags, lastIndex],
  decode: (data) => {
    const [source, flags, lastIndex] = asList(data);
    const regExp = new RegExp(asText(source), asText(flags));
    regExp.lastIndex = asNumber(lastIndex);
    return regExp;
  },
};

const URL_TYPE: JsonType<URL> = {
  name: 'URL',
  is: isUrl,
  encode: (url) => url.href,
  decode: (data) => new URL(asText(data)),
};

const BUFFER: JsonType<Buffer> = {
  name: 'Buffer',
  is: (value) => Buffer.isBuffer(value),
  encode: (bytes) => bytes.toString('base64'),
  decode: (data) => Buffer.from(asText(data), 'base64'),
};

const ARRAY_BUFFER: JsonType<ArrayBuffer> = {
  name: 'ArrayBuffer',
  is: types.isArrayBuffer,
  encode: (bytes) => Buffer.from(bytes).toString('base64'),
  // A copy, as a small Buffer is a part of a larger one.
  decode: (data) => new Uint8Array(Buffer.from(asText(data), 'base64')).buffer,
};

/**
 * The built-in objects that hold no other values, by the names of their classes. They are told by what they are, never by
 * `instanceof`, so that those of another realm (a worker, a test runner) count too.
 */
export const LEAF_TYPES: ReadonlyMap<string, JsonType> = new Map(
  [DATE, REG_EXP, URL_TYPE, BUFFER, ARRAY_BUFFER, ...TYPED_ARRAYS].map((type) => [type.name, type]),
);

function isUrl(value: unknown): boolean {
  try {
    // The getter throws on everything that is not a URL, whatever it calls itself.
    return typeof Reflect.get(URL.prototype, 'href', value) === 'string';
  } catch {
    return false;
  }
}
