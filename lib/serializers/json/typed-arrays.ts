import { endianness } from 'node:os';
import { types } from 'node:util';
import { asText } from './data-checks.js';
import type { JsonType } from './json.options.js';

type TypedArray = ArrayBufferView & { readonly BYTES_PER_ELEMENT: number };
interface TypedArrayClass {
  new (bytes: ArrayBuffer): TypedArray;
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
}

const CLASSES: readonly TypedArrayClass[] = [
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
];

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The typed arrays as bytes in little-endian order. */
export const TYPED_ARRAYS: readonly JsonType[] = CLASSES.map(typedArrayType);

function typedArrayType(constructor: TypedArrayClass): JsonType {
  const { name, BYTES_PER_ELEMENT: width } = constructor;
  return {
    name,
    // The getter answers for typed arrays of any realm, whatever their class is called.
    is: (value) =>
      types.isTypedArray(value) && Reflect.get(TYPED_ARRAY, Symbol.toStringTag, value) === name,
    encode: ({ buffer, byteOffset, byteLength }: TypedArray) =>
      littleEndian(new Uint8Array(buffer, byteOffset, byteLength), width).toString('base64'),
    decode: (data) => {
      const bytes = littleEndian(Buffer.from(asText(data), 'base64'), width);
      // A copy, as a small Buffer is a part of a larger one.
      return new constructor(new Uint8Array(bytes).buffer);
    },
  };
}

/** Bytes of numbers in little-endian order, or back. */
function littleEndian(bytes: Uint8Array, width: number): Buffer {
  const buffer = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  if (width === 1 || endianness() === 'LE') return buffer;
  const copy = Buffer.from(buffer);
  if (width === 2) return copy.swap16();
  return width === 4 ? copy.swap32() : copy.swap64();
}
