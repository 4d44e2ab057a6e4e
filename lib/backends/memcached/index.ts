import type { CacheBackendFactory } from '../../core/cache-backend.interface.js';
import { MemcachedBackend } from './memcached.backend.js';
import { resolveMemcachedOptions } from './memcached.options.js';
import type { MemcachedOptions } from './memcached.options.js';
import { MemjsClient } from './memjs.client.js';
import { MetaClient } from './meta.client.js';

export { MemcachedBackend } from './memcached.backend.js';
export type { MemcachedClientFactory } from './memcached.cluster.js';
export { expiryOf } from './expiry.js';
export { metaClient } from './meta.factory.js';
export type { MetaClient } from './meta.client.js';
export type { MetaClientOptions } from './meta.options.js';
export type { MemcachedVersion } from './meta.handshake.js';
export type {
  CounterItem,
  ItemLease,
  ItemLeaseOptions,
  LeasedItem,
  MemcachedClient,
  MemcachedItem,
} from './memcached-client.interface.js';
export type { MemcachedOptions, ResolvedMemcachedOptions } from './memcached.options.js';
export type { PlacementName } from './placement.js';
export type { ServerAddress } from './server-address.js';

/**
 * A cache on one or more memcached servers.
 *
 * Connects when it is first used, so an application starts without its servers.
 *
 * @example CacheModule.forRoot({ backend: memcached({ location: ['10.0.0.1:11211', '10.0.0.2:11211'] }) })
 * @throws {CacheConfigError} at once, naming the option and what is allowed.
 */
export function memcached(options?: MemcachedOptions): CacheBackendFactory {
  const resolved = resolveMemcachedOptions(options);
  const Client = resolved.client === 'memjs' ? MemjsClient : MetaClient;
  return (context) =>
    new MemcachedBackend(resolved, context, (address) => new Client(address, resolved));
}
