import { CacheConfigError } from '../../core/cache.errors.js';
import { MetaClient } from './meta.client.js';
import { META_CLIENT, resolveMetaClientOptions } from './meta.options.js';
import type { MetaClientOptions } from './meta.options.js';
import { parseLocation } from './server-address.js';

const DEFAULT_LOCATION = '127.0.0.1:11211';

/**
 * The client for one server, on its own: bytes and flags, no key prefix, no health, no choice of servers.
 *
 * Connects when it is first asked. Close it when done. For values, and for several servers, there is `createCache()`.
 *
 * @param location One server: `host`, `host:port`, `[IPv6]:port` or `unix:/path`, with `user:password@` in front where it wants
 * a login. Default: `127.0.0.1:11211`.
 * @example const client = metaClient('10.0.0.1:11211', { deadlineMs: 100 });
 * @throws {CacheConfigError} if the location is not one server, or an option cannot be what was meant.
 */
export function metaClient(
  location: string = DEFAULT_LOCATION,
  options?: MetaClientOptions,
): MetaClient {
  const [address, ...others] = parseLocation(location, META_CLIENT);
  if (others.length > 0) {
    throw new CacheConfigError(
      'CACHE_BAD_LOCATION',
      `"location" in ${META_CLIENT} names ${others.length + 1} servers, and the client is for one. Use createCache({ backend: 'memcached', location }) for several.`,
      { backend: 'memcached' },
    );
  }
  return new MetaClient(address!, resolveMetaClientOptions(options));
}
