/** What an error knows about where it happened. Never a value, never a secret. */
export interface CacheErrorDetails {
  /** The name of the cache. */
  readonly alias?: string;
  /** The backend's name. */
  readonly backend?: string;
  /** The method that failed, such as `get`. */
  readonly operation?: string;
  /** The key as the caller or the backend knows it, cut at 80 characters. */
  readonly key?: string;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * The root of all errors of this package. Programming mistakes in the type of an argument are plain `TypeError`s.
 *
 * Tell errors apart by `code`, which is stable, not by the message.
 */
export class CacheError extends Error {
  override readonly name: string = 'CacheError';
  readonly alias?: string;
  readonly backend?: string;
  readonly operation?: string;
  readonly key?: string;

  constructor(
    /** Stable across releases: `CACHE_…`. */
    readonly code: string,
    message: string,
    details: CacheErrorDetails = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    if (details.alias !== undefined) this.alias = details.alias;
    if (details.backend !== undefined) this.backend = details.backend;
    if (details.operation !== undefined) this.operation = details.operation;
    if (details.key !== undefined) this.key = shortKey(details.key);
  }
}

/** The configuration cannot be what was meant. Thrown at start. */
export class CacheConfigError extends CacheError {
  override readonly name = 'CacheConfigError';
}

/** A final key breaks the limits and `invalidKeys` is `'throw'`, or a key function threw or gave no key. Nothing was sent. */
export class InvalidCacheKeyError extends CacheError {
  override readonly name = 'InvalidCacheKeyError';
}

/** A counter or a version was to be changed on a key that is missing or expired. */
export class CacheKeyNotFoundError extends CacheError {
  override readonly name = 'CacheKeyNotFoundError';
}

/** A value that could not be given back equal was refused before anything was stored. */
export class CacheSerializationError extends CacheError {
  override readonly name = 'CacheSerializationError';
}

/** An entry is not of the type that the operation needs, such as `incr` on text. */
export class CacheTypeError extends CacheError {
  override readonly name = 'CacheTypeError';
}

/** The backend cannot do this, and it cannot be derived from what it can do. */
export class CacheUnsupportedError extends CacheError {
  override readonly name = 'CacheUnsupportedError';
}

/** The cache was used after `close()`. */
export class CacheClosedError extends CacheError {
  override readonly name = 'CacheClosedError';
}

/** A loader of `getOrSet` asked for the key it is loading: it would wait for itself for ever. */
export class CacheDeadlockError extends CacheError {
  override readonly name = 'CacheDeadlockError';
}

/** A lock was not to be had in time, because somebody else holds it. The work that it was for did not begin. */
export class CacheLockedError extends CacheError {
  override readonly name = 'CacheLockedError';
}

/** The server, the network or the disk failed. */
export class CacheBackendError extends CacheError {
  override readonly name: string = 'CacheBackendError';
}

/** The backend did not answer before its deadline. */
export class CacheTimeoutError extends CacheBackendError {
  override readonly name = 'CacheTimeoutError';
}

/** The server cannot be reached. */
export class CacheUnavailableError extends CacheBackendError {
  override readonly name = 'CacheUnavailableError';
}

/** What came back cannot be what was stored. */
export class CacheCorruptError extends CacheBackendError {
  override readonly name = 'CacheCorruptError';
}

/** A key as messages show it: at most 80 characters. */
export function shortKey(key: string): string {
  return key.length <= 80 ? key : `${key.slice(0, 79)}…`;
}

/** Why something failed, as the end of a sentence, without a full stop. Works for errors of another realm. */
export function reasonOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message;
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  return text.replace(/[.\s]+$/, '');
}
