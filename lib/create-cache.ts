import { BACKENDS } from './cache.backends.js';
import type { BackendWait } from './core/await-backend.js';
import type { CacheLogger } from './core/cache-log.js';
import { CacheRegistry } from './core/cache.registry.js';
import type { CacheService } from './core/cache.service.js';
import type { Clock } from './core/clock.js';
import type { NamedCacheOptions } from './named-cache-options.interface.js';
import { json } from './serializers/json/index.js';

/** What a cache outside of Nest may be told besides its options. */
export interface CreateCacheExtras {
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** What `jitter` is drawn from: at least 0 and less than 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** How long to wait until every server has answered, as of `CacheModule`. Default: not at all. */
  readonly waitForBackends?: BackendWait;
  /** Default: warnings and errors on standard error. */
  readonly logger?: CacheLogger;
}

/**
 * One cache, for scripts and tests without Nest. Close it when done.
 *
 * @example const cache = await createCache({ backend: 'memcached', location: '127.0.0.1:11211' });
 * @throws {CacheConfigError} if the options cannot be what was meant.
 * @throws {CacheUnavailableError} if it is to wait for a server that did not answer in time.
 */
export async function createCache(
  options: NamedCacheOptions & CreateCacheExtras = {},
): Promise<CacheService> {
  const { clock, random, logger, waitForBackends, ...settings } = options;
  const registry = await CacheRegistry.open({
    caches: { default: settings },
    backends: BACKENDS,
    serializer: json(),
    clock,
    random,
    logger,
    waitForBackends,
  });
  return registry.get('default');
}
