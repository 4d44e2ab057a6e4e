import { reasonOf } from '../core/cache.errors.js';
import type { CacheService } from '../core/cache.service.js';
import type { Timeout } from '../core/timeout.js';

/** A value that is asked for, and how it is made if it is not in the cache. */
export interface AskedValue {
  readonly cache: CacheService;
  readonly key: string;
  /** How long it lives if it has to be made. */
  readonly timeout: Timeout;
  /** By which it may be removed. */
  readonly tags: readonly string[];
  readonly make: () => Promise<unknown>;
  /** Told why a value that was made is not kept: it cannot be stored, or the cache failed. */
  readonly report: (reason: 'value' | 'cache-failed', error?: unknown) => void;
}

/** What a handler threw, told apart from what the cache did wrong. */
class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure';

  constructor(override readonly cause: unknown) {
    super(`The handler failed: ${reasonOf(cause)}`);
  }
}

/** What a handler made holds an error, which is kept no more than one that is thrown. */
class FailedValue extends Error {
  override readonly name = 'FailedValue';
}

/** What handlers made, as they made it. */
const originals = new WeakSet<object>();

/**
 * The value that is kept under the key, or the one that is made, and then kept: as `CacheService.getOrSet()` has it, with
 * one making at a time and a copy for everybody. But a cache that fails, or is closed, fails nobody.
 *
 * What cannot be kept, or holds an error, is made by each caller for itself: there is no copy of it to share.
 *
 * @throws what `make` throws; those who waited for it get the same error.
 */
export async function keptOrMade(asked: AskedValue): Promise<unknown> {
  let made: { readonly value: unknown } | undefined;
  const load = async (): Promise<unknown> => {
    const value = await asked.make().catch((error: unknown) => {
      throw new HandlerFailure(error);
    });
    made = { value };
    if (holdsError(value)) throw new FailedValue('The value holds an error.');
    if (isObject(value)) originals.add(value);
    return value;
  };
  try {
    const cache = asked.cache.with({ onError: 'miss' });
    const { key, timeout, tags } = asked;
    // How long a handler takes is its own affair, as it is without the cache.
    const value = await cache.getOrSet(key, load, { timeout, tags, hardTimeout: null });
    if (!isObject(value) || !originals.has(value)) return value;
    asked.report('value');
  } catch (error) {
    if (error instanceof HandlerFailure) throw error.cause;
    if (!(error instanceof FailedValue)) asked.report('cache-failed', error);
  }
  return made ? made.value : asked.make();
}

/** True for an error that was returned instead of thrown, at whatever depth: GraphQL answers with null and the error there. */
function holdsError(value: unknown, seen = new Set<unknown>()): boolean {
  if (value instanceof Error) return true;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (seen.has(value)) return false;
  seen.add(value);
  return Object.values(value).some((item) => holdsError(item, seen));
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
