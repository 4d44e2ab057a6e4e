import { CacheBackendError, CacheUnsupportedError, shortKey } from '../../core/cache.errors.js';

/** The server has no room for a counter. */
export function noRoom(server: string, key: string): CacheBackendError {
  return new CacheBackendError(
    'CACHE_BACKEND',
    `memcached ${server} has no room for the counter "${shortKey(key)}". Give it more memory.`,
    { backend: 'memcached', operation: 'incr', key },
  );
}

/** A server is too old for leases that can be relied on. */
export function leasesTooOld(
  server: string,
  version: readonly number[],
  since: readonly number[],
): CacheUnsupportedError {
  return new CacheUnsupportedError(
    'CACHE_UNSUPPORTED',
    `memcached ${server} is version ${version.join('.')}, and leases in the place of entries need ${since.join('.')} or newer. Update the server, or use foreignClients: true.`,
    { backend: 'memcached', operation: 'lease' },
  );
}
