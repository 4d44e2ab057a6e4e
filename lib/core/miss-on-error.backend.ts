import { CacheBackendError } from './cache.errors.js';
import { WrappedBackend, type BackendOperation } from './wrapped.backend.js';

/**
 * The cache of an application that goes on without it: when the backend fails, reads miss, and `set`, `touch` and `delete`
 * answer false. What decides something (`add`, `incr`, `clear`) still throws, because an answer that decides is never
 * invented. The guard inside has published the failure.
 */
export class MissOnErrorBackend extends WrappedBackend {
  protected around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T> {
    const fallback = FALLBACKS[operation];
    return fallback ? or(call(), fallback(keys) as T) : call();
  }
}

type Fallback = (keys: readonly string[]) => unknown;

const refused: Fallback = () => false;
const missing: Fallback = () => undefined;

/** What the caller sees instead of a failure. An operation that is not here fails. */
const FALLBACKS: Readonly<Partial<Record<BackendOperation, Fallback>>> = {
  get: missing,
  getMany: () => new Map(),
  has: refused,
  ttl: missing,
  set: refused,
  setMany: (keys) => [...keys],
  touch: refused,
  delete: refused,
  deleteMany: () => 0,
};

/** The answer, or the fallback if the backend failed. Other errors are the caller's. */
export async function or<T>(answer: Promise<T>, fallback: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CacheBackendError) return fallback;
    throw error;
  }
}
