import { performance } from 'node:perf_hooks';
import type { CacheBackend, Payload, Ttl } from './cache-backend.interface.js';
import { isWatched, publish, type CacheOperationEvent } from './cache-events.js';
import type { OnError } from './cache-options.interface.js';
import type { CacheParts } from './cache-parts.interface.js';
import { CacheBackendError, CacheClosedError } from './cache.errors.js';
import type { Stamp } from './envelope.js';
import type { ValueType } from './payload-codec.js';
import { describe } from './option-checks.js';
import { checkedTags } from './tags.js';
import {
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
  type Timeout,
} from './timeout.js';

/** What a view of a cache changes. */
export interface ViewOptions {
  /** The version of keys if a call does not say: a non-negative integer. */
  readonly version?: number;
  /** `'throw'` gives the strict view: every failure of the backend rejects. */
  readonly onError?: OnError;
}

type Result = CacheOperationEvent['result'];

/** Stands for "not found" inside the core, where undefined may be a default that the caller chose. */
export const MISS = Symbol('miss');

/** A cache as one view sees it: what every operation of `CacheService` is made from. */
export class CacheView {
  readonly version: number;
  readonly onError: OnError;
  /** For what must not be invented: throws when the backend fails. */
  readonly strict: CacheBackend;
  /** For the rest: as `onError` says. */
  readonly backend: CacheBackend;

  constructor(
    readonly parts: CacheParts,
    view: ViewOptions,
  ) {
    this.version = view.version ?? parts.keys.version;
    this.onError = view.onError ?? parts.onError;
    if (this.onError !== 'miss' && this.onError !== 'throw') {
      throw new TypeError(
        `"onError" must be "miss" or "throw", but ${describe(this.onError)} was given.`,
      );
    }
    this.strict = parts.strict;
    this.backend = this.onError === 'miss' ? parts.forgiving : parts.strict;
    parts.keys.checkVersion(this.version);
  }

  /** The final key. @throws {TypeError} @throws {InvalidCacheKeyError} */
  key(key: string, version: number | undefined): string {
    return this.parts.keys.build(key, version ?? this.version);
  }

  /** Final keys by the caller's keys, in their order. */
  keys(keys: Iterable<string>, version: number | undefined): Map<string, string> {
    const finalKeys = new Map<string, string>();
    for (const key of listOfKeys(keys)) finalKeys.set(key, this.key(key, version));
    return finalKeys;
  }

  /** Under which keys the stamps of tags lie. @param most As of `checkedTags()`. @throws {TypeError} */
  tagKeys(tags: readonly string[], most?: number): readonly string[] {
    return checkedTags(tags, most).map((tag) => this.parts.keys.tagKey(tag));
  }

  /** A final key as it is told from those of all namespaces of this cache. */
  place(finalKey: string): string {
    return this.parts.space + finalKey;
  }

  /**
   * An entry is about to be deleted or replaced, so what is being loaded for it must not be stored.
   *
   * @returns what must settle before that is done; undefined if nothing must.
   */
  voidLoad(finalKey: string): Promise<unknown> | undefined {
    const { fences } = this.parts;
    return fences.isIdle ? undefined : fences.voidEntry(this.place(finalKey));
  }

  /** `voidLoad()` of several. */
  async voidLoads(finalKeys: Iterable<string>): Promise<void> {
    if (this.parts.fences.isIdle) return;
    const storing: Promise<unknown>[] = [];
    for (const finalKey of finalKeys) storing.push(this.voidLoad(finalKey) ?? Promise.resolve());
    await Promise.all(storing);
  }

  /** An entry was read or written with these stamps. Where they are read at once anyway, that need not be known. */
  saw(finalKey: string, stamps: readonly Stamp[]): void {
    if (!this.backend.getSync) this.parts.tagMemory.sawEntry(this.place(finalKey), stamps);
  }

  /** The cache or namespace whose tags these are. */
  get owner(): string {
    return `${this.parts.alias}\n${this.parts.space}`;
  }

  /** The settled ttl; 0 = nothing may be stored. @throws {TypeError} */
  ttl(timeout: Timeout | undefined): Ttl {
    const { parts } = this;
    if (timeout === undefined) return settleTimeout(parts.timeout, parts.now);
    if (parts.warnsOfMilliseconds && looksLikeMilliseconds(timeout)) {
      parts.log.warnOnce(millisecondsWarning(timeout, `of a call to cache "${parts.alias}"`));
    }
    return settleTimeout(timeout, parts.now);
  }

  /** The value, or `MISS` if nobody can read the payload; that is reported. */
  decode(payload: Payload, finalKey: string, type?: ValueType): unknown {
    try {
      return this.parts.codec.decode(payload, type);
    } catch (error) {
      this.parts.report({ kind: 'corrupt', key: finalKey, error });
      return MISS;
    }
  }

  /** What a change comes to if the backend fails: as `onError` says, the fallback or the error. */
  async changed<T>(change: Promise<T>, fallback: T): Promise<T> {
    try {
      return await change;
    } catch (error) {
      if (this.onError === 'miss' && error instanceof CacheBackendError) return fallback;
      throw error;
    }
  }

  /** The error for a call after `close()`, or undefined while the cache is open. */
  closedError(operation: string): CacheClosedError | undefined {
    const { alias, life } = this.parts;
    if (!life.isOver) return undefined;
    return new CacheClosedError(
      'CACHE_CLOSED',
      `${operation}() was called on cache "${alias}" after it was closed. Close a cache last, when nothing uses it any more.`,
      { alias, operation },
    );
  }

  /** Refuses a call after `close()`, and publishes what came of it if somebody listens. */
  run<T>(
    operation: string,
    call: () => Promise<T>,
    resultOf: (answer: T) => Result = writeResult,
  ): Promise<T> {
    return this.runLong(operation, () => this.during(call), resultOf);
  }

  /** `run()` for a call that `close()` does not wait for, as it may take any time. */
  runLong<T>(
    operation: string,
    call: () => Promise<T>,
    resultOf: (answer: T) => Result,
  ): Promise<T> {
    const closed = this.closedError(operation);
    if (closed) return Promise.reject(closed);
    return isWatched() ? this.#observe(operation, call, resultOf) : call();
  }

  /** The call, in which the cache is not closed. What a backend answers at once needs no such care. */
  during<T>(call: () => Promise<T>): Promise<T> {
    return this.backend.getSync ? call() : this.parts.life.during(call);
  }

  async #observe<T>(
    operation: string,
    call: () => Promise<T>,
    resultOf: (answer: T) => Result,
  ): Promise<T> {
    const started = performance.now();
    const event = { alias: this.parts.alias, backend: this.strict.name, operation };
    try {
      const answer = await call();
      publish({ ...event, result: resultOf(answer), durationMs: performance.now() - started });
      return answer;
    } catch (error) {
      // The guard has published what the backend did wrong.
      if (!(error instanceof CacheBackendError)) {
        publish({ ...event, result: 'error', durationMs: performance.now() - started, error });
      }
      throw error;
    }
  }
}

/** The keys that a caller gave. A text is one key, and would be taken for a list of its characters. @throws {TypeError} */
export function listOfKeys(keys: Iterable<string>): Iterable<string> {
  if (typeof keys === 'object' && keys !== null && Symbol.iterator in keys) return keys;
  throw new TypeError(
    `Keys must be given as a list such as ["a", "b"], but ${describe(keys)} was given.`,
  );
}

/** How a read of a value came out: false is one, too. */
export function foundResult(answer: unknown): Result {
  return answer === MISS ? 'miss' : 'hit';
}

/** How another read came out. */
export function readResult(answer: unknown): Result {
  return answer === false || answer === undefined ? 'miss' : 'hit';
}

function writeResult(answer: unknown): Result {
  return answer === false ? 'refused' : 'done';
}
