// Tokens and metadata keys are strings, so that they are the same in the ESM and in the CommonJS build.

/** Token of the application's `CacheRegistry`. */
export const CACHE_REGISTRY = 'nestjs-cache:registry';
/** Token of the options given to `CacheModule`. */
export const CACHE_MODULE_OPTIONS = 'nestjs-cache:options';
/** Token of what interceptor and `PageCache` share. */
export const CACHE_PAGES = 'nestjs-cache:pages';
/** The alias that is meant where none is named. */
export const DEFAULT_ALIAS = 'default';
/** The alias of the cache that keeps pages, if one of this name is configured. */
export const PAGES_ALIAS = 'pages';

/** Metadata of `@CacheKey()`. */
export const CACHE_KEY_METADATA = 'nestjs-cache:key';
/** Metadata of `@CacheTTL()`. */
export const CACHE_TTL_METADATA = 'nestjs-cache:ttl';
/** Metadata of `@CachePage()`. */
export const CACHE_PAGE_METADATA = 'nestjs-cache:page';
/** Metadata of `@VaryOn()` and its kin. */
export const CACHE_VARY_METADATA = 'nestjs-cache:vary';
/** Metadata of `@InvalidateTags()`. */
export const INVALIDATE_TAGS_METADATA = 'nestjs-cache:invalidate-tags';
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
