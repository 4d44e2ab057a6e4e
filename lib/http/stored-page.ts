import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { OwnLifetimes } from './browser-headers.js';
import type { HeaderField } from './http-head.js';
import type { StaleWindows } from './http-cache.policy.js';
import { isNeverStored } from './page-headers.js';

/** A finished response as it is kept. */
export interface StoredPage {
  readonly status: number;
  readonly fields: readonly HeaderField[];
  /** Lower-case names of headers that the handler removed. */
  readonly removed: readonly string[];
  /** When its head was sent. Milliseconds since the epoch. */
  readonly storedAt: number;
  /** The `Date` under which it was sent. */
  readonly date: string;
  /** How old it was already by then, in seconds. */
  readonly age: number;
  /** When its time is over. Milliseconds since the epoch; `null` = never. */
  readonly freshUntil: number | null;
  /** How long past its time it may be sent. */
  readonly stale: StaleWindows;
  /** What of its `Cache-Control` counts anew whenever it is sent; undefined: nothing does. */
  readonly lifetimes?: OwnLifetimes | undefined;
  readonly body: Buffer;
}

/** What is kept under a page's own key if its answer depends on request headers: where its variants are. */
export interface VaryIndex {
  /** Lower-case and sorted. */
  readonly names: readonly string[];
  /** The key of each variant, and when it expires: milliseconds since the epoch, `null` = never. */
  readonly variants: readonly (readonly [key: string, expires: number | null])[];
}

const MAGIC = Buffer.from('NCP2', 'latin1');
const HEAD_OFFSET = 8;

/** What a backend in this process gives back as the very bytes that were made here is not read again. */
const decoded = new WeakMap<
  Buffer,
  { readonly key: string; readonly entry: StoredPage | VaryIndex }
>();

/** The bytes of a page: magic, length of the head, head as JSON, body. */
export function encodePage(key: string, page: StoredPage): Buffer {
  const { body, ...head } = page;
  const bytes = frame({ key, ...head, bodyLength: body.length }, body);
  // Its body is the one within the bytes, so that it is held once.
  decoded.set(bytes, { key, entry: { ...page, body: bytes.subarray(bytes.length - body.length) } });
  return bytes;
}

/** The bytes of an index: as those of a page, without a body. */
export function encodeIndex(key: string, index: VaryIndex): Buffer {
  const bytes = frame({ key, names: index.names, variants: index.variants }, Buffer.alloc(0));
  decoded.set(bytes, { key, entry: index });
  return bytes;
}

/**
 * What the bytes are, or undefined if they are not what was stored under this key, to the last byte and header. Never
 * throws. What comes back can be sent as it is: no header of it can split a response, set a cookie or break a connection.
 */
export function decodeEntry(key: string, bytes: unknown): StoredPage | VaryIndex | undefined {
  if (!Buffer.isBuffer(bytes) || bytes.length < HEAD_OFFSET) return undefined;
  const known = decoded.get(bytes);
  if (known) return known.key === key ? known.entry : undefined;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const bodyOffset = HEAD_OFFSET + bytes.readUInt32BE(MAGIC.length);
  if (bodyOffset > bytes.length) return undefined;
  try {
    const head = JSON.parse(bytes.toString('utf8', HEAD_OFFSET, bodyOffset)) as unknown;
    if (!isRecord(head) || head['key'] !== key) return undefined;
    const body = bytes.subarray(bodyOffset);
    return 'names' in head ? indexOf(head, body) : pageOf(head, body);
  } catch {
    return undefined;
  }
}

/** True for an index, false for a page. */
export function isVaryIndex(entry: StoredPage | VaryIndex): entry is VaryIndex {
  return 'names' in entry;
}

function frame(head: object, body: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const start = Buffer.alloc(HEAD_OFFSET);
  MAGIC.copy(start);
  start.writeUInt32BE(json.length, MAGIC.length);
  return Buffer.concat([start, json, body]);
}

function pageOf(head: Record<string, unknown>, body: Buffer): StoredPage | undefined {
  const { status, fields, removed, storedAt, date, age, freshUntil, bodyLength } = head;
  if (bodyLength !== body.length) return undefined;
  if (!isWhole(status) || status < 200 || status > 599 || status === 304) return undefined;
  if (!Array.isArray(fields) || !fields.every(isSafeField) || !isTextList(removed))
    return undefined;
  for (const name of removed) validateHeaderName(name);
  if (!isWhole(storedAt) || !isWhole(age)) return undefined;
  if (typeof date !== 'string') return undefined;
  validateHeaderValue('Date', date);
  const stale = windowsOf(head['stale']);
  const { lifetimes } = head;
  if (!isMoment(freshUntil) || !stale || !areLifetimes(lifetimes)) return undefined;
  return { status, fields, removed, storedAt, date, age, freshUntil, stale, lifetimes, body };
}

function areLifetimes(lifetimes: unknown): lifetimes is OwnLifetimes | undefined {
  if (lifetimes === undefined) return true;
  if (!isRecord(lifetimes)) return false;
  const { maxAge = 0, sMaxAge = 0 } = lifetimes;
  return areSeconds([maxAge, sMaxAge]);
}

function areSeconds(values: readonly unknown[]): boolean {
  return values.every((value) => Number.isFinite(value) && (value as number) >= 0);
}

function windowsOf(stale: unknown): StaleWindows | undefined {
  if (!isRecord(stale)) return undefined;
  const { whileRevalidate, ifError } = stale;
  if (!areSeconds([whileRevalidate, ifError])) return undefined;
  return { whileRevalidate, ifError } as StaleWindows;
}

function indexOf(head: Record<string, unknown>, body: Buffer): VaryIndex | undefined {
  const { names, variants } = head;
  if (body.length > 0 || !isTextList(names) || names.length === 0) return undefined;
  if (!Array.isArray(variants) || !variants.every(isVariant)) return undefined;
  return { names, variants };
}

function isSafeField(field: unknown): field is HeaderField {
  if (!Array.isArray(field) || field.length !== 2) return false;
  const [name, value] = field as [unknown, unknown];
  if (typeof name !== 'string' || isNeverStored(name)) return false;
  const values = typeof value === 'string' ? [value] : value;
  if (!isTextList(values)) return false;
  validateHeaderName(name);
  for (const line of values) validateHeaderValue(name, line);
  return true;
}

function isVariant(variant: unknown): variant is [string, number | null] {
  if (!Array.isArray(variant) || variant.length !== 2) return false;
  const [key, expires] = variant as [unknown, unknown];
  return typeof key === 'string' && isMoment(expires);
}

function isMoment(value: unknown): value is number | null {
  return value === null || Number.isFinite(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
