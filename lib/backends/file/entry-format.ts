import { crc32 } from 'node:zlib';
import type { Payload } from '../../core/cache-backend.interface.js';

/** What an entry's file says about its value. */
export interface EntryHeader {
  readonly flags: number;
  /** Milliseconds since the epoch; Infinity = never. */
  readonly expiresAt: number;
  /** When it was stored or touched, in milliseconds since the epoch. */
  readonly writtenAt: number;
  readonly valueLength: number;
}

/** The part of a header that `touch` changes. */
export type EntryLife = Pick<EntryHeader, 'expiresAt' | 'writtenAt'>;

/**
 * What a file turned out to be. `unknown` was written by another version of this package; `foreign` was not written by
 * it at all; `corrupt` was, but cannot be what was written.
 */
export type EntryReading =
  | { readonly state: 'entry'; readonly header: EntryHeader; readonly value: Buffer | undefined }
  | { readonly state: 'corrupt' | 'unknown' | 'foreign' };

/** Bytes before the key. */
export const HEADER_BYTES = 44;

/*
 * Little endian:  0 magic  4 version (16 bit)  6 zero (16 bit)  8 expiresAt (double)  16 writtenAt (double)  24 flags
 *                28 length of the key  32 length of the value  36 CRC-32 of the value  40 CRC-32 of bytes 0-39 and the key
 *                44 key  … value
 */
const MAGIC = Buffer.from([0x89, 0x4e, 0x4a, 0x43]);
const MAGIC_NUMBER = MAGIC.readUInt32LE(0);
const VERSION = 1;
const LIFE_START = 8;

/** The file of an entry. */
export function encodeEntry(keyBytes: Buffer, payload: Payload, life: EntryLife): Buffer {
  const { data } = payload;
  const valueLength = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
  const valueStart = HEADER_BYTES + keyBytes.length;
  const bytes = Buffer.allocUnsafe(valueStart + valueLength);
  if (typeof data === 'string') bytes.write(data, valueStart);
  else bytes.set(data, valueStart);
  bytes.set(keyBytes, HEADER_BYTES);
  bytes.set(MAGIC);
  bytes.writeUInt16LE(VERSION, 4);
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt32LE(payload.flags, 24);
  bytes.writeUInt32LE(keyBytes.length, 28);
  bytes.writeUInt32LE(valueLength, 32);
  bytes.writeUInt32LE(crc32(bytes.subarray(valueStart)), 36);
  setLife(bytes, keyBytes, life);
  return bytes;
}

/**
 * The one stretch of an entry's file that a new expiry changes, and where it begins. It lies in the file's first page.
 *
 * @param bytes The beginning of the file, up to the end of the key.
 */
export function renewLife(
  bytes: Buffer,
  keyBytes: Buffer,
  life: EntryLife,
): { readonly patch: Buffer; readonly position: number } {
  setLife(bytes, keyBytes, life);
  return { patch: bytes.subarray(LIFE_START, HEADER_BYTES), position: LIFE_START };
}

/**
 * What a file holds. The value is checked and given only if all bytes of the file were read.
 *
 * @param bytes The beginning of the file, at least up to the end of the key if the file is that long.
 * @param size The size of the whole file.
 */
export function readEntry(bytes: Buffer, size: number, keyBytes: Buffer): EntryReading {
  const kind = kindOf(bytes);
  if (kind !== 'entry') return { state: kind };
  const valueStart = HEADER_BYTES + keyBytes.length;
  const header = headerOf(bytes);
  if (
    bytes.length < valueStart ||
    bytes.readUInt32LE(28) !== keyBytes.length ||
    valueStart + header.valueLength !== size ||
    headerChecksum(bytes, keyBytes) !== bytes.readUInt32LE(40) ||
    bytes.compare(keyBytes, 0, keyBytes.length, HEADER_BYTES, valueStart) !== 0
  ) {
    return { state: 'corrupt' };
  }
  if (bytes.length < size) return { state: 'entry', header, value: undefined };
  const value = bytes.subarray(valueStart);
  return crc32(value) === bytes.readUInt32LE(36)
    ? { state: 'entry', header, value }
    : { state: 'corrupt' };
}

/** What the first `HEADER_BYTES` of a file claim, unchecked: enough to choose what to evict. */
export function readHeader(bytes: Buffer): EntryHeader | Exclude<EntryReading['state'], 'entry'> {
  const kind = kindOf(bytes);
  return kind === 'entry' ? headerOf(bytes) : kind;
}

/**
 * True once the time has come. Also if more than twice the lifetime is left, which means that the machine's clock was set
 * back: nothing then lives longer than twice as long as it was meant to.
 */
export function isExpired({ expiresAt, writtenAt }: EntryLife, now: number): boolean {
  return expiresAt <= now || expiresAt - now > 2 * (expiresAt - writtenAt);
}

function setLife(bytes: Buffer, keyBytes: Buffer, life: EntryLife): void {
  bytes.writeDoubleLE(life.expiresAt, LIFE_START);
  bytes.writeDoubleLE(life.writtenAt, 16);
  bytes.writeUInt32LE(headerChecksum(bytes, keyBytes), 40);
}

function headerChecksum(bytes: Buffer, keyBytes: Buffer): number {
  return crc32(keyBytes, crc32(bytes.subarray(0, 40)));
}

function headerOf(bytes: Buffer): EntryHeader {
  return {
    expiresAt: bytes.readDoubleLE(LIFE_START),
    writtenAt: bytes.readDoubleLE(16),
    flags: bytes.readUInt32LE(24),
    valueLength: bytes.readUInt32LE(32),
  };
}

function kindOf(bytes: Buffer): EntryReading['state'] {
  if (bytes.length < HEADER_BYTES) return kindOfStump(bytes);
  const magic = bytes.readUInt32LE(0);
  // A machine that lost its power can leave a file full of zeros, or an empty one, under a name of ours.
  if (magic !== MAGIC_NUMBER) return magic === 0 ? 'corrupt' : 'foreign';
  return bytes.readUInt16LE(4) === VERSION ? 'entry' : 'unknown';
}

function kindOfStump(bytes: Buffer): EntryReading['state'] {
  const start = bytes.subarray(0, MAGIC.length);
  const isOurs = start.every((byte) => byte === 0) || start.equals(MAGIC.subarray(0, start.length));
  return isOurs ? 'corrupt' : 'foreign';
}
