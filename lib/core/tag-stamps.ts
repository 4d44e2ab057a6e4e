import { randomBytes } from 'node:crypto';
import type { CacheBackend, Payload } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import { CacheBackendError } from './cache.errors.js';
import * as derived from './derived-operations.js';
import type { Stamp } from './envelope.js';
import { FLAG_TEXT } from './payload-flags.js';

/**
 * Who made a stamp: one who stored a value with a tag that had none, or one who invalidated the tag. Only the latter says
 * that something has changed.
 */
type Maker = 'a' | 'i';

// How far the clocks of two machines may be apart, in milliseconds.
const CLOCKS_DIFFER = 100;
const TRIES = 4;
const MOST_BYTES = 64;

/** A stamp that was never there before: who made it, when, and 96 random bits. */
export function newStamp(maker: Maker, now: number): string {
  return `${maker}${Math.trunc(now).toString(36)}.${randomBytes(12).toString('base64url')}`;
}

/** A stamp as a backend keeps it. */
export function stampPayload(text: string): Payload {
  return { flags: FLAG_TEXT, data: text };
}

/** The stamp in a payload; undefined if there is none, which never equals the stamp of a value. */
export function stampOf(payload: Payload | undefined): string | undefined {
  if (payload === undefined || payload.flags !== FLAG_TEXT) return undefined;
  const { data } = payload;
  if (data.length === 0 || data.length > MOST_BYTES) return undefined;
  return typeof data === 'string' ? data : data.toString('latin1');
}

/**
 * The stamps that lie under the keys now; those that are missing are made.
 *
 * Made by `add`, so that of several who make one all go on with the same.
 *
 * @param known Some that were just read.
 * @throws {CacheBackendError} if they cannot be read and made.
 */
export async function holdStamps(
  view: CacheView,
  keys: readonly string[],
  known?: ReadonlyMap<string, Payload>,
): Promise<Stamp[]> {
  const { strict, parts } = view;
  const texts = known ? textsOf(keys, known) : new Map<string, string>();
  const missing = (): string[] => keys.filter((key) => !texts.has(key));
  if (!known) await readInto(texts, strict, keys);
  for (let tries = 0; texts.size < keys.length; tries += 1) {
    if (tries === TRIES) throw notKept(view);
    await Promise.all(
      missing().map(async (key) => {
        const text = newStamp('a', parts.now());
        if (await strict.add(key, stampPayload(text), null)) texts.set(key, text);
      }),
    );
    // Whoever was faster has stored it by now.
    await readInto(texts, strict, missing());
  }
  return keys.map((key) => {
    const text = texts.get(key)!;
    parts.tagMemory.sawStamp(view.place(key), text);
    return { key, text };
  });
}

/** Gives the keys new stamps, so that no value that bears the old ones is served again. @throws {CacheBackendError} */
export async function renewStamps(view: CacheView, keys: readonly string[]): Promise<void> {
  const { strict, parts } = view;
  const now = parts.now();
  const texts = new Map(keys.map((key) => [key, newStamp('i', now)] as const));
  const payloads = new Map(keys.map((key) => [key, stampPayload(texts.get(key)!)] as const));
  const failed = await derived.setMany(strict, payloads, null);
  if (failed.length > 0) throw notKept(view);
  for (const [key, text] of texts) parts.tagMemory.sawStamp(view.place(key), text);
}

/**
 * True if a tag was invalidated after a load had begun, going by a stamp that was read after it: the value may be from before.
 *
 * A stamp that this process knew when the load began is older. One that it did not know says itself when it was made; clocks
 * that differ a little must not let an old value pass, so what is about as old as the load counts as newer.
 *
 * @param moment Of `TagMemory`, when the load began. @param beganAt The same in milliseconds since the epoch.
 */
export function changedSince(
  view: CacheView,
  { key, text }: Stamp,
  moment: number,
  beganAt: number,
): boolean {
  if (!text.startsWith('i')) return false;
  if (view.parts.tagMemory.sawStampBefore(moment, view.place(key), text)) return false;
  const madeAt = Number.parseInt(text.slice(1, text.indexOf('.')), 36);
  return !(madeAt < beganAt - CLOCKS_DIFFER);
}

async function readInto(
  texts: Map<string, string>,
  backend: CacheBackend,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const found = await derived.getMany(backend, keys);
  for (const [key, text] of textsOf(keys, found)) texts.set(key, text);
}

function textsOf(
  keys: readonly string[],
  payloads: ReadonlyMap<string, Payload>,
): Map<string, string> {
  const texts = new Map<string, string>();
  for (const key of keys) {
    const text = stampOf(payloads.get(key));
    if (text !== undefined) texts.set(key, text);
  }
  return texts;
}

function notKept(view: CacheView): CacheBackendError {
  const { strict, parts } = view;
  return new CacheBackendError(
    'CACHE_BACKEND',
    `The ${strict.name} backend of cache "${parts.alias}" did not keep the stamp of a tag.`,
    { alias: parts.alias, backend: strict.name, operation: 'tags' },
  );
}
