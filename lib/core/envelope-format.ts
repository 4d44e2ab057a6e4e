import type { Payload } from './cache-backend.interface.js';
import { CacheCorruptError } from './cache.errors.js';
import type { EnvelopeHead, Stamp } from './envelope.js';
import { FLAG_ENVELOPE } from './payload-flags.js';

// version u8 · parts u8 · length of the head u32 · flags of the value u32 · stored at f64
// [fresh until f64] [load time f64] · number of stamps u16 · per stamp: key u8 + bytes, text u8 + bytes · the value
const VERSION = 1;
const FIXED_BYTES = 18;
const HAS_FRESH_UNTIL = 1;
const HAS_LOAD_TIME = 2;
const KNOWN_PARTS = HAS_FRESH_UNTIL | HAS_LOAD_TIME;
const STAMP_KEY = /^~[\x21-\x7e]+$/;

/** An envelope as bytes. */
export function encodeEnvelope(inner: Payload, head: EnvelopeHead): Buffer {
  const { freshUntil, loadMs, stamps } = head;
  const moments = [freshUntil, loadMs].filter((moment) => moment !== undefined);
  let headBytes = FIXED_BYTES + 8 * moments.length + 2;
  for (const { key, text } of stamps) headBytes += 2 + key.length + text.length;
  const valueBytes =
    typeof inner.data === 'string' ? Buffer.byteLength(inner.data) : inner.data.length;

  const bytes = Buffer.allocUnsafe(headBytes + valueBytes);
  bytes.writeUInt8(VERSION, 0);
  const parts =
    (freshUntil === undefined ? 0 : HAS_FRESH_UNTIL) | (loadMs === undefined ? 0 : HAS_LOAD_TIME);
  bytes.writeUInt8(parts, 1);
  bytes.writeUInt32BE(headBytes, 2);
  bytes.writeUInt32BE(inner.flags, 6);
  bytes.writeDoubleBE(head.storedAt, 10);
  let at = FIXED_BYTES;
  for (const moment of moments) at = bytes.writeDoubleBE(moment, at);
  at = bytes.writeUInt16BE(stamps.length, at);
  for (const { key, text } of stamps) {
    at = writeText(bytes, key, at);
    at = writeText(bytes, text, at);
  }
  if (typeof inner.data === 'string') bytes.write(inner.data, at);
  else bytes.set(inner.data, at);
  return bytes;
}

/** What the bytes of an envelope hold; the value's are not copied. @throws {CacheCorruptError} if they are not one. */
export function decodeEnvelope(bytes: Buffer): { inner: Payload; head: EnvelopeHead } {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof CacheCorruptError) throw error;
    // A read behind the end is a RangeError.
    throw unreadable(error);
  }
}

function decode(bytes: Buffer): { inner: Payload; head: EnvelopeHead } {
  const parts = bytes.readUInt8(1);
  const headBytes = bytes.readUInt32BE(2);
  const flags = bytes.readUInt32BE(6);
  if (bytes.readUInt8(0) !== VERSION || (parts & ~KNOWN_PARTS) !== 0 || flags === FLAG_ENVELOPE) {
    throw unreadable();
  }
  const storedAt = bytes.readDoubleBE(10);
  let at = FIXED_BYTES;
  const moment = (part: number): number | undefined => {
    if ((parts & part) === 0) return undefined;
    at += 8;
    return bytes.readDoubleBE(at - 8);
  };
  const freshUntil = moment(HAS_FRESH_UNTIL);
  const loadMs = moment(HAS_LOAD_TIME);
  const text = (): string => {
    const from = at + 1;
    at = from + bytes.readUInt8(at);
    return bytes.toString('latin1', from, at);
  };
  const stamps: Stamp[] = [];
  let left = bytes.readUInt16BE(at);
  for (at += 2; left > 0; left -= 1) {
    const stamp = { key: text(), text: text() };
    if (!STAMP_KEY.test(stamp.key)) throw unreadable();
    stamps.push(stamp);
  }
  if (at !== headBytes || at > bytes.length) throw unreadable();
  return {
    inner: { flags, data: bytes.subarray(at) },
    head: { storedAt, freshUntil, loadMs, stamps },
  };
}

function writeText(bytes: Buffer, text: string, at: number): number {
  const from = bytes.writeUInt8(text.length, at);
  return from + bytes.write(text, from, 'latin1');
}

function unreadable(cause?: unknown): CacheCorruptError {
  return new CacheCorruptError(
    'CACHE_UNREADABLE',
    'The head of a value with tags cannot be read.',
    cause === undefined ? {} : { cause },
  );
}
