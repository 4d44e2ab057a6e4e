import { setTimeout as sleep } from 'node:timers/promises';
import type { CounterStart } from './cache-backend.interface.js';
import type { CounterOptions, TouchOptions } from './call-options.interface.js';
import {
  CacheBackendError,
  CacheKeyNotFoundError,
  CacheTypeError,
  shortKey,
} from './cache.errors.js';
import type { CacheView } from './cache-view.js';
import * as derived from './derived-operations.js';
import { stampKeysOf } from './entry-operations.js';
import { find, look } from './entry-reads.js';
import { withoutFreshness } from './envelope.js';
import { addLive } from './replace-dead.js';
import { retryPauseMs } from './retry-pause.js';

// A place may be free because another has just removed its counter; not as often as this.
const MOST_REFUSALS = 10;

const GIVE_TIMEOUT =
  'To move an entry to another version give it a new timeout: incrVersion(key, 1, { timeout: 300 }).';

/** Adds to a counter, which is begun first if it is missing and `initial` says where. */
export async function addToCounter(
  view: CacheView,
  key: string,
  delta: number,
  options: CounterOptions,
): Promise<number> {
  const { initial } = options;
  if ((options as { tags?: unknown }).tags !== undefined) {
    throw new TypeError(
      'A counter bears no tags, so "tags" cannot be given to incr() and decr(). Delete the counter by its key.',
    );
  }
  checkWhole('delta', delta);
  if (initial !== undefined) checkWhole('initial', initial);
  const finalKey = view.key(key, options.version);
  const ttl = view.ttl(options.timeout);
  const start = initial === undefined || ttl === 0 ? undefined : { value: initial, ttl };
  // Who loads the entry must not undo the counter that is begun here.
  const storing = start && view.voidLoad(finalKey);
  if (storing) await storing;
  let refusals = 0;
  for (let tries = 0; ; tries += 1) {
    const value = await addIfLive(view, finalKey, delta, start);
    if (value !== undefined) return value;
    if (initial === undefined) throw notFound(view, 'incr', key, ', or give { initial: 0 }');
    const begun = derived.sumOf(initial, delta, finalKey);
    if (ttl === 0) return begun;
    const payload = view.parts.codec.encode(begun);
    if (await addLive(view, finalKey, payload, ttl)) return begun;
    refusals = (await isFree(view, finalKey)) ? refusals + 1 : 0;
    if (refusals === MOST_REFUSALS) throw notStored(view, finalKey);
    // Another has just begun one, or is removing what was invalidated there, if it has not died over that.
    if (tries > 0) await sleep(retryPauseMs(tries));
  }
}

/** True if nothing lies there, not even what is no entry any more. */
async function isFree(view: CacheView, finalKey: string): Promise<boolean> {
  const { entry, dead, stale } = await look(view, view.strict, finalKey);
  return (entry ?? dead ?? stale) === undefined;
}

/** The new value; undefined if there is no live entry: one that was invalidated or is stale is none, whatever it holds. */
async function addIfLive(
  view: CacheView,
  finalKey: string,
  delta: number,
  start: CounterStart | undefined,
): Promise<number | undefined> {
  try {
    return await derived.incr(view.strict, finalKey, delta, start);
  } catch (error) {
    if (!(error instanceof CacheTypeError)) throw error;
    const { dead, stale } = await look(view, view.strict, finalKey);
    if (!dead && !stale) throw error;
    return undefined;
  }
}

/** Moves an entry to another version with the time it has left. */
export async function moveVersion(
  view: CacheView,
  key: string,
  delta: number,
  options: TouchOptions,
): Promise<number> {
  checkWhole('delta', delta);
  const from = options.version ?? view.version;
  const to = from + delta;
  const fromKey = view.key(key, from);
  if (to < 0) {
    throw new RangeError(
      `The version of "${shortKey(key)}" cannot go from ${from} to ${to}: versions are not negative.`,
    );
  }
  const toKey = view.key(key, to);
  const { strict } = view;
  const given = options.timeout === undefined ? undefined : view.ttl(options.timeout);
  const readTtl = given === undefined ? derived.required(strict, 'ttl', GIVE_TIMEOUT) : undefined;
  const payload = await find(view, strict, fromKey, stampKeysOf(view, options));
  const ttl = readTtl ? await readTtl(fromKey) : given;
  if (!payload || ttl === undefined) throw notFound(view, 'incrVersion', key);
  // A key function may leave the version out; then there is nothing to move.
  if (toKey === fromKey) return to;
  await view.voidLoads([fromKey, toKey]);
  // With a timeout of its own it is fresh as long as that.
  const moved = given === undefined ? payload : withoutFreshness(payload);
  if (ttl !== 0 && !(await strict.set(toKey, moved, ttl))) {
    throw new CacheBackendError(
      'CACHE_BACKEND',
      `The ${strict.name} backend of cache "${view.parts.alias}" did not store "${shortKey(toKey)}", so "${shortKey(key)}" stays at version ${from}.`,
      { alias: view.parts.alias, backend: strict.name, operation: 'incrVersion', key },
    );
  }
  await strict.delete(fromKey);
  return to;
}

function checkWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value)) return;
  throw new TypeError(`"${name}" must be a whole number, but ${String(value)} was given.`);
}

function notStored({ strict, parts }: CacheView, key: string): CacheBackendError {
  const { alias } = parts;
  return new CacheBackendError(
    'CACHE_BACKEND',
    `The ${strict.name} backend of cache "${alias}" did not store the counter "${shortKey(key)}".`,
    { alias, backend: strict.name, operation: 'incr', key },
  );
}

function notFound(
  view: CacheView,
  operation: string,
  key: string,
  otherwise = '',
): CacheKeyNotFoundError {
  const { alias } = view.parts;
  return new CacheKeyNotFoundError(
    'CACHE_KEY_NOT_FOUND',
    `There is no entry "${shortKey(key)}" in cache "${alias}", so ${operation}() has nothing to change. Set it first${otherwise}.`,
    { alias, operation, key },
  );
}
