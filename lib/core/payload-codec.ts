import { types } from 'node:util';
import type { Payload } from './cache-backend.interface.js';
import type { Isolation } from './cache-options.interface.js';
import { CacheCorruptError } from './cache.errors.js';
import { Envelope, openEnvelope } from './envelope.js';
import { integerOf } from './integer-payload.js';
import { PageBytes } from './page-bytes.js';
import {
  FLAG_BYTES,
  FLAG_EMPTY_BYTES,
  FLAG_ENVELOPE,
  FLAG_INTEGER,
  FLAG_LONG,
  FLAG_PAGE,
  FLAG_PICKLE,
  FLAG_TEXT,
  FLAG_ZLIB,
} from './payload-flags.js';
import { copyPlain, freezePlain } from './plain-copy.js';
import type { Serializer } from './serializer.interface.js';
import { TreePayload } from './tree-payload.js';

/** A class whose instances are stored as plain data and revived with its prototype. Its constructor is not called. */
export type ValueType<T = unknown> = abstract new (...args: never[]) => T;

const NOTHING = Symbol('nothing');
// BigInt() takes time that grows with the square of the digits; longer ones go through the serializer.
const MOST_DIGITS = 400;
const DIGITS = /^-?\d+$/;

/**
 * A payload on which the decoded value is remembered, so that it is parsed once and then copied or, frozen, handed out.
 * A backend that keeps payloads as the objects they are keeps this with them; it should count about the size of the data
 * once more.
 */
export class MemoPayload implements Payload {
  memo: unknown = NOTHING;

  constructor(
    readonly flags: number,
    readonly data: Buffer | string,
  ) {}
}

/**
 * Turns values into payloads and back: integers are plain digits, text is text, bytes are bytes, the rest is the
 * serializer's. So `incr` works on any stored integer, and Django reads what it can read.
 */
export class PayloadCodec {
  readonly #serializer: Serializer;
  readonly #freezes: boolean;
  readonly #keepsTrees: boolean;

  /** @param keepsPayloads True if the backend keeps payloads as the objects they are; then plain trees are not written out. */
  constructor(serializer: Serializer, isolation: Isolation, keepsPayloads = false) {
    this.#serializer = serializer;
    this.#freezes = isolation === 'freeze';
    this.#keepsTrees = keepsPayloads && serializer.keep !== undefined;
  }

  /**
   * The payload of a value.
   *
   * @param type The class of the value, or of the items of the list, if it is not plain data.
   * @throws {TypeError} for undefined, which stands for a miss. @throws {CacheSerializationError} if the value could not be
   * given back equal.
   */
  encode(value: unknown, type?: ValueType): Payload {
    switch (typeof value) {
      case 'string':
        if (value.isWellFormed()) return { flags: FLAG_TEXT, data: value };
        break;
      case 'number':
        if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
          return { flags: FLAG_INTEGER, data: String(value) };
        }
        break;
      case 'bigint': {
        // A small one would come back as a number, so it goes to the serializer, which keeps the type.
        const digits = String(value);
        if (!Number.isSafeInteger(Number(value)) && digits.length <= MOST_DIGITS) {
          return { flags: FLAG_INTEGER, data: digits };
        }
        break;
      }
      case 'undefined':
        throw new TypeError(
          'undefined cannot be stored, because it stands for a miss. Store null for "known to be nothing", or delete the key.',
        );
      case 'object':
        if (types.isUint8Array(value)) return bytesPayload(value);
        if (value instanceof PageBytes) return { flags: FLAG_PAGE, data: value.bytes };
        break;
      default:
        break;
    }
    const plain = type ? asPlain(value, type) : value;
    const kept = this.#keepsTrees ? this.#serializer.keep!(plain) : undefined;
    if (kept) return kept;
    const payload = this.#serializer.serialize(plain);
    return this.#serializer.isPlain?.(payload.flags)
      ? new MemoPayload(payload.flags, payload.data)
      : payload;
  }

  /**
   * The value of a payload: the caller's own, or a deep-frozen one under `isolation: 'freeze'`.
   *
   * @throws {CacheCorruptError} if the payload cannot be read.
   */
  decode(payload: Payload, type?: ValueType): unknown {
    if (payload instanceof TreePayload) {
      const own = this.#freezes ? freezePlain(payload.tree) : copyPlain(payload.tree);
      return type ? asInstance(own, type) : own;
    }
    const { flags, data } = payload;
    switch (flags) {
      case FLAG_TEXT:
        return typeof data === 'string' ? data : data.toString('utf8');
      case FLAG_INTEGER:
      case FLAG_LONG:
        return integerValue(payload);
      case FLAG_BYTES:
        return Buffer.from(data as Buffer);
      case FLAG_EMPTY_BYTES:
        return Buffer.alloc(0);
      case FLAG_ENVELOPE:
        return this.decode(openEnvelope(payload).inner, type);
      case FLAG_PAGE:
        return new PageBytes(Buffer.isBuffer(data) ? data : Buffer.from(data));
      default:
        return type ? asInstance(this.#deserialize(payload), type) : this.#deserialize(payload);
    }
  }

  /** True if decoding costs next to nothing, whatever the size. */
  isCheap(payload: Payload): boolean {
    if (payload instanceof TreePayload) return this.#freezes;
    if (payload instanceof Envelope) return this.isCheap(payload.inner);
    return typeof payload.data === 'string' && payload.flags <= FLAG_TEXT;
  }

  #deserialize(payload: Payload): unknown {
    if (payload instanceof MemoPayload) {
      if (payload.memo === NOTHING) payload.memo = this.#read(payload);
      return this.#freezes ? freezePlain(payload.memo) : copyPlain(payload.memo);
    }
    const value = this.#read(payload);
    return this.#freezes && this.#serializer.isPlain?.(payload.flags) ? freezePlain(value) : value;
  }

  #read(payload: Payload): unknown {
    if (!this.#serializer.reads(payload.flags)) {
      throw new CacheCorruptError('CACHE_UNREADABLE', unreadable(payload.flags));
    }
    try {
      return this.#serializer.deserialize(payload);
    } catch (cause) {
      throw new CacheCorruptError(
        'CACHE_UNREADABLE',
        `The ${this.#serializer.name} serializer cannot read the stored bytes.`,
        { cause },
      );
    }
  }
}

function bytesPayload(bytes: Uint8Array): Payload {
  if (bytes.length === 0) return { flags: FLAG_EMPTY_BYTES, data: '' };
  // Memory of its own: a slice of Node's shared pool would hold 8 KiB for as long as the value is kept.
  const data = Buffer.allocUnsafeSlow(bytes.length);
  data.set(bytes);
  return { flags: FLAG_BYTES, data };
}

function integerValue(payload: Payload): number | bigint {
  const { data } = payload;
  if (typeof data === 'string' && data.length <= 15 && DIGITS.test(data)) return Number(data);
  const integer = integerOf(payload);
  if (integer === undefined) {
    throw new CacheCorruptError('CACHE_UNREADABLE', 'The stored integer is not one.');
  }
  const value = Number(integer);
  return Number.isSafeInteger(value) ? value : integer;
}

function unreadable(flags: number): string {
  if ((flags & FLAG_PICKLE) !== 0 && flags < 256) {
    return 'The stored value is a Python pickle, and no serializer that reads pickles is configured.';
  }
  return (flags & FLAG_ZLIB) !== 0 && flags < 256
    ? 'The stored value was compressed by a Python client, and no serializer that reads it is configured.'
    : `No configured serializer reads a value with the flags ${flags}.`;
}

function asPlain(value: unknown, type: ValueType): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => asPlain(item, type));
  return value instanceof type ? { ...(value as object) } : value;
}

function asInstance(value: unknown, type: ValueType): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => asInstance(item, type));
  if (typeof value !== 'object' || value === null || !isPlainObject(value)) return value;
  // Not Object.assign: an own property "__proto__" would replace the prototype.
  return Object.create(
    type.prototype as object,
    Object.getOwnPropertyDescriptors(Object.isFrozen(value) ? { ...value } : value),
  ) as unknown;
}

function isPlainObject(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}
