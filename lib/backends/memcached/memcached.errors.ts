import {
  CacheBackendError,
  CacheClosedError,
  CacheTimeoutError,
  CacheUnavailableError,
  CacheUnsupportedError,
  InvalidCacheKeyError,
  reasonOf,
  shortKey,
} from '../../core/cache.errors.js';

/** The connection could not be made, so nothing was sent. */
export function cannotConnect(server: string, cause: unknown): CacheUnavailableError {
  // Where a name has several addresses, Node tells of all failures in one error without a message.
  const { message, code } = (cause ?? {}) as { message?: unknown; code?: unknown };
  const reason =
    message === '' && typeof code === 'string' ? code : reasonOf(cause).replace(/!$/, '');
  return new CacheUnavailableError(
    'CACHE_UNAVAILABLE',
    `memcached ${server} cannot be reached: ${reason}.`,
    { backend: 'memcached', cause },
  );
}

/** The connection ended with the answer outstanding: what was asked may have been done or not. */
export function connectionLost(server: string, cause?: unknown): CacheUnavailableError {
  const why = cause === undefined ? 'the server closed the connection' : reasonOf(cause);
  return new CacheUnavailableError(
    'CACHE_CONNECTION_LOST',
    `memcached ${server} was lost before it answered: ${why}.`,
    { backend: 'memcached', ...(cause === undefined ? {} : { cause }) },
  );
}

/** The server has the request and says nothing. */
export function noAnswer(server: string, deadlineMs: number): CacheTimeoutError {
  return new CacheTimeoutError(
    'CACHE_TIMEOUT',
    `memcached ${server} did not answer within ${deadlineMs} ms.`,
    { backend: 'memcached' },
  );
}

/** What came is no answer to what was asked, so nothing more can be believed of this connection. */
export function badReply(server: string, what: string): CacheBackendError {
  return new CacheBackendError(
    'CACHE_PROTOCOL',
    `memcached ${server} sent ${what}, so the connection was dropped. Check that a memcached listens there.`,
    { backend: 'memcached' },
  );
}

/** The server is known to be down; it was not asked. */
export function stillDown(server: string, cause: unknown): CacheUnavailableError {
  return new CacheUnavailableError(
    'CACHE_UNAVAILABLE',
    `memcached ${server} is down and is tried again in the background: ${reasonOf(cause)}.`,
    { backend: 'memcached', cause },
  );
}

/** The server understood and answered that it failed. */
export function serverError(server: string, operation: string, reason: string): CacheBackendError {
  return new CacheBackendError(
    'CACHE_BACKEND',
    `memcached ${server} answered "${reason}" to ${operation}.`,
    { backend: 'memcached', operation },
  );
}

/** The backend was used after `close()`. */
export function closed(): CacheClosedError {
  return new CacheClosedError(
    'CACHE_CLOSED',
    'The memcached backend was closed. Use the cache before the application shuts down.',
    { backend: 'memcached' },
  );
}

/** A key that memcached cannot take came past the key layer. */
export function illegalKey(key: string, why: string): InvalidCacheKeyError {
  return new InvalidCacheKeyError(
    'CACHE_INVALID_KEY',
    `The key "${shortKey(key)}" was not sent to memcached: ${why}.`,
    { backend: 'memcached', key },
  );
}

/** A server that has no CAS cannot give out leases. */
export function leasesWithoutCas(server: string): CacheUnsupportedError {
  return new CacheUnsupportedError(
    'CACHE_UNSUPPORTED',
    `memcached ${server} runs without CAS, so it cannot tell who owns a lease. Start the server without "-C".`,
    { backend: 'memcached', operation: 'lease' },
  );
}

/** A lock is to be taken on a server that runs without CAS. */
export function locksWithoutCas(server: string): CacheUnsupportedError {
  return new CacheUnsupportedError(
    'CACHE_UNSUPPORTED',
    `memcached ${server} runs without CAS, so it cannot tell who owns a lock. Start the server without "-C".`,
    { backend: 'memcached', operation: 'lock' },
  );
}

/**
 * What a failure says about the server. `hard`: it is not usable now. `soft`: this connection is not, the next may be.
 * Undefined: the server answered.
 */
export function faultOf(error: unknown): 'hard' | 'soft' | undefined {
  switch ((error as { code?: unknown } | null | undefined)?.code) {
    case 'CACHE_TIMEOUT':
    case 'CACHE_UNAVAILABLE':
      return 'hard';
    case 'CACHE_CONNECTION_LOST':
    case 'CACHE_PROTOCOL':
      return 'soft';
    default:
      return undefined;
  }
}
