import { types } from 'node:util';
import { asList, asNumber, asText, classNameOf } from './data-checks.js';
import type { JsonType } from './json.options.js';
import { TYPED_ARRAYS } from './typed-arrays.js';

// Throws on everything that is not a URL, whatever it calls itself.
const hrefOf = Object.getOwnPropertyDescriptor(URL.prototype, 'href')!.get!;

const DATE: JsonType<Date> = {
  name: 'Date',
  is: (value) => types.isDate(value) && classNameOf(value) === 'Date',
  // JSON makes null of an invalid date's NaN.
  encode: (date) => date.getTime(),
  decode: (data) => new Date(data === null ? NaN : asNumber(data)),
};

const REG_EXP: JsonType<RegExp> = {
  name: 'RegExp',
  is: (value) => types.isRegExp(value) && classNameOf(value) === 'RegExp',
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
  is: (value) => Buffer.isBuffer(value) && classNameOf(value) === 'Buffer',
  encode: (bytes) => bytes.toString('base64'),
  decode: (data) => Buffer.from(asText(data), 'base64'),
};

const ARRAY_BUFFER: JsonType<ArrayBuffer> = {
  name: 'ArrayBuffer',
  is: (value) => types.isArrayBuffer(value) && classNameOf(value) === 'ArrayBuffer',
  encode: (bytes) => Buffer.from(bytes).toString('base64'),
  // A copy, as a small Buffer is a part of a larger one.
  decode: (data) => new Uint8Array(Buffer.from(asText(data), 'base64')).buffer,
};

/**
 * The built-in objects that hold no other values. They are told by what they are, never by `instanceof`, so that those of
 * another realm (a worker, a test runner) count too; instances of their subclasses do not.
 */
export const LEAF_TYPES: readonly JsonType[] = [
  DATE,
  BUFFER,
  URL_TYPE,
  REG_EXP,
  ARRAY_BUFFER,
  ...TYPED_ARRAYS,
];

function isUrl(value: unknown): boolean {
  if (Object.prototype.toString.call(value) !== '[object URL]') return false;
  try {
    hrefOf.call(value);
    return classNameOf(value as object) === 'URL';
  } catch {
    return false;
  }
}
