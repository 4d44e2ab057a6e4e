import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendLock } from './cache-backend.interface.js';
import type { CacheView } from './cache-view.js';
import { CacheError, CacheLockedError, reasonOf, shortKey } from './cache.errors.js';
import type { CallOptions } from './call-options.interface.js';
import { required } from './derived-operations.js';
import { endingTimeout, lastingTimeout } from './ending-timeout.js';
import { retryPauseMs } from './retry-pause.js';
import type { Duration } from './timeout.js';

/** How long something lasts that has to end: **seconds**, or a string with its unit such as `'30s'`. More than 0. */
export type LockTimeout = number | Duration;

/** What a call for a lock may say. */
export interface LockOptions extends Pick<CallOptions, 'version'> {
  /** How long to wait for the lock while somebody else has it: **seconds**, or a string with its unit. Default: 0, one try. */
  readonly wait?: number | Duration;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** A lock that is held, until it is released or its time is over. Only its owner can do either of the two. */
export interface CacheLock {
  /** The key as the caller gave it. */
  readonly key: string;
  /**
   * Lets it last for so long from now on.
   *
   * @returns false if it has ended: somebody else may have it.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says.
   */
  extend(timeout: LockTimeout): Promise<boolean>;
  /**
   * Ends it.
   *
   * @returns false if it had ended before: somebody else may have it, and still does.
   * @throws {CacheBackendError} if the backend fails, whatever `onError` says; the lock then ends with its time.
   */
  release(): Promise<boolean>;
}

const WHAT = 'The timeout of a lock';

/** The lock of a key; undefined if it was not to be had in time. */
export async function takeLock(
  view: CacheView,
  key: string,
  timeout: LockTimeout,
  options: LockOptions,
): Promise<HeldLock | undefined> {
  const finalKey = view.key(key, options.version);
  const seconds = lastingTimeout(view, timeout, WHAT);
  const wait = options.wait === undefined ? 0 : endingTimeout(view, options.wait, '"wait"');
  const held = await view.run(
    'lock',
    () => untilHeld(view, finalKey, seconds, wait, options.signal),
    (answer) => (answer ? 'done' : 'refused'),
  );
  return held && new HeldLock(view, key, held);
}

/** Runs work under the lock of a key, which is given back after that. */
export async function withLock<T>(
  view: CacheView,
  key: string,
  timeout: LockTimeout,
  work: (lock: CacheLock) => T | Promise<T>,
  options: LockOptions,
): Promise<T> {
  const lock = await takeLock(view, key, timeout, options);
  if (!lock) throw notHad(view, key, options);
  try {
    return await work(lock);
  } finally {
    await giveBack(view, lock);
  }
}

/** The lock as its owner has it, behind the cache that it was taken from. */
class HeldLock implements CacheLock {
  readonly key: string;
  /** True once it was released through this object. */
  isReleased = false;
  readonly #view: CacheView;
  readonly #held: BackendLock;

  constructor(view: CacheView, key: string, held: BackendLock) {
    this.key = key;
    this.#view = view;
    this.#held = held;
  }

  async extend(timeout: LockTimeout): Promise<boolean> {
    const seconds = lastingTimeout(this.#view, timeout, WHAT);
    return this.#view.run('extend', () => this.#held.extend(seconds));
  }

  async release(): Promise<boolean> {
    const isReleased = await this.#view.run('release', () => this.#held.release());
    this.isReleased ||= isReleased;
    return isReleased;
  }
}

async function untilHeld(
  view: CacheView,
  finalKey: string,
  seconds: number,
  wait: number,
  signal: AbortSignal | undefined,
): Promise<BackendLock | undefined> {
  const lock = required(view.strict, 'lock');
  const giveUpAt = performance.now() + wait * 1000;
  signal?.throwIfAborted();
  for (let tries = 0; ; tries += 1) {
    const closed = view.closedError('lock');
    if (closed) throw closed;
    const held = await lock(finalKey, seconds);
    if (held && !signal?.aborted) return held;
    await held?.release();
    signal?.throwIfAborted();
    const left = giveUpAt - performance.now();
    if (left <= 0) return undefined;
    await pauseFor(Math.min(left, retryPauseMs(tries)), signal);
    signal?.throwIfAborted();
  }
}

/** Waits, no longer than until the signal is aborted. */
async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { ...(signal && { signal }) });
  } catch {
    // Only the signal ends it early, and whoever waits throws its reason.
  }
}

/** What the work has done is not undone by a lock that cannot be given back, so that is told, once for all keys, and not thrown. */
async function giveBack({ parts }: CacheView, lock: HeldLock): Promise<void> {
  if (lock.isReleased) return;
  const name = `The lock "${shortKey(lock.key)}" of cache "${parts.alias}"`;
  try {
    if (await lock.release()) return;
    parts.log.warnOnce(
      `${name} ended before the work under it did, so others may have worked at the same time. Give it more time, or extend it.`,
      `${parts.alias} lock ended early`,
    );
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    parts.log.warnOnce(
      `${name} could not be given back and holds until its time is over: ${reasonOf(error)}.`,
      `${parts.alias} lock not given back`,
    );
  }
}

function notHad(
  { parts, strict }: CacheView,
  key: string,
  { wait }: LockOptions,
): CacheLockedError {
  const { alias } = parts;
  const time = typeof wait === 'number' ? `${wait} s` : wait;
  const when = time === undefined ? '' : ` and was not free within ${time}`;
  return new CacheLockedError(
    'CACHE_LOCKED',
    `The lock "${shortKey(key)}" of cache "${alias}" is held by somebody else${when}, so the work under it did not begin. Try again later, or give a longer "wait".`,
    { alias, backend: strict.name, operation: 'withLock', key },
  );
}
