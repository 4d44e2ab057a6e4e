export { CacheModule } from './cache.module.js';
export type {
  CacheModuleCommonOptions,
  CacheModuleExtras,
  CacheModuleOptions,
  CacheOptionsFactory,
  CachesOptions,
} from './cache-module-options.interface.js';
export type {
  DummyCacheOptions,
  FileCacheOptions,
  MemcachedCacheOptions,
  MemoryCacheOptions,
  NamedCacheOptions,
  OwnBackendCacheOptions,
  UrlCacheOptions,
} from './named-cache-options.interface.js';
export { CACHE_REGISTRY, getCacheToken } from './cache.constants.js';
export { createCache, type CreateCacheExtras } from './create-cache.js';

export { CacheService } from './core/cache.service.js';
export type { ViewOptions } from './core/cache-view.js';
export { CacheRegistry } from './core/cache.registry.js';
export type {
  CallOptions,
  CounterOptions,
  LoadContext,
  LoadedMany,
  Loader,
  LoadManyOptions,
  LoadOptions,
  ManyLoader,
  ReadOptions,
  TimeoutOf,
  TouchOptions,
  WriteOptions,
} from './core/call-options.interface.js';
export type { CacheOptions, Isolation, OnError } from './core/cache-options.interface.js';
export type {
  BackendContext,
  BackendLock,
  BackendReport,
  CacheBackend,
  CacheBackendFactory,
  KeyLimits,
  Lease,
  LeaseOptions,
  Leased,
  Payload,
  ServerStats,
  Ttl,
} from './core/cache-backend.interface.js';
export type { Clock } from './core/clock.js';
export type { CacheLogger } from './core/cache-log.js';
export { fragmentKey, type FragmentPart } from './core/fragment-key.js';
export type { CacheLock, LockOptions, LockTimeout } from './core/lock.js';
export type { KeyFunction } from './core/key-builder.js';
export type { Serializer } from './core/serializer.interface.js';
export type { ValueType } from './core/payload-codec.js';
export type { HeldTags, TagsOf } from './core/tags.js';
export type { BackendWait } from './core/await-backend.js';
export type { Duration, Timeout } from './core/timeout.js';
export { CACHE_OPERATION_CHANNEL, type CacheOperationEvent } from './core/cache-events.js';
export {
  CacheBackendError,
  CacheClosedError,
  CacheConfigError,
  CacheCorruptError,
  CacheDeadlockError,
  CacheError,
  CacheKeyNotFoundError,
  CacheLoadTimeoutError,
  CacheLockedError,
  CacheSerializationError,
  CacheTimeoutError,
  CacheTypeError,
  CacheUnavailableError,
  CacheUnsupportedError,
  InvalidCacheKeyError,
  type CacheErrorDetails,
} from './core/cache.errors.js';

export { dummy } from './backends/dummy/index.js';
export { memory, type MemoryOptions } from './backends/memory/index.js';

export { CacheInterceptor } from './http/cache.interceptor.js';
export {
  addNeverCacheHeaders,
  getMaxAge,
  hasVaryHeader,
  patchCacheControl,
  patchResponseHeaders,
  patchVaryHeaders,
  type PatchableResponse,
} from './http/response-headers.js';
export type { CacheControlDirectives, DirectiveValue } from './http/cache-control.directives.js';
export {
  getConditionalStatus,
  setResponseETag,
  type ConditionalRequest,
} from './http/conditional-response.js';
export type { Validators } from './http/conditional-request.js';
export { makeTemplateFragmentKey } from './http/fragment-key.js';
export type { HttpOptions } from './http/http.options.js';
export { PageCache } from './http/page-cache.js';
export {
  cookie,
  header,
  query,
  user,
  type UserSelect,
  type VarySelector,
} from './http/vary-selectors.js';
export { CacheControl } from './decorators/cache-control.decorator.js';
export { CacheKey, type CacheKeyFunction } from './decorators/cache-key.decorator.js';
export {
  CachePage,
  type CachePageOptions,
  type PageTagsFunction,
} from './decorators/cache-page.decorator.js';
export { CacheTTL, type CacheTTLFunction } from './decorators/cache-ttl.decorator.js';
export { Condition } from './decorators/condition.decorator.js';
export type { ConditionOptions } from './http/condition.interceptor.js';
export { InjectCache } from './decorators/inject-cache.decorator.js';
export { NeverCache } from './decorators/never-cache.decorator.js';
export { InvalidateTags } from './decorators/invalidate-tags.decorator.js';
export type { InvalidatedTags } from './http/invalidate-tags.interceptor.js';
export {
  VaryOn,
  VaryOnCookie,
  VaryOnHeaders,
  type VaryFunction,
  type VaryValue,
} from './decorators/vary-on.decorator.js';
