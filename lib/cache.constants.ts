// Tokens and metadata keys are strings, so that they are the same in the ESM and in the CommonJS build.

/** Token of the application's `CacheRegistry`. */
export const CACHE_REGISTRY = 'nestjs-cache:registry';
/** Token of the options given to `CacheModule`. */
export const CACHE_MODULE_OPTIONS = 'nestjs-cache:options';
/** The alias that is meant where none is named. */
export const DEFAULT_ALIAS = 'default';

/** Metadata of `@CacheKey()`. */
export const CACHE_KEY_METADATA = 'nestjs-cache:key';
/** Metadata of `@CacheTTL()`. */
export const CACHE_TTL_METADATA = 'nestjs-cache:ttl';
/** Metadata of `@NeverCache()`. */
export const NEVER_CACHE_METADATA = 'nestjs-cache:never';

/**
 * The token under which the cache of an alias is injected where `@InjectCache()` cannot stand, such as in the `inject` list
 * of a factory.
 *
 * @param alias Default: `default`.
 */
export function getCacheToken(alias: string = DEFAULT_ALIAS): string {
  return `nestjs-cache:cache:${alias}`;
}
