export type {
  DummyCacheOptions,
  FileCacheOptions,
  MemcachedCacheOptions,
  MemoryCacheOptions,
  NamedCacheOptions,
  OwnBackendCacheOptions,
  UrlCacheOptions,
} from '../named-cache-options.interface.js';
export { createCache, type CreateCacheExtras } from '../create-cache.js';

export { CacheService } from '../core/cache.service.js';
export type { ViewOptions } from '../core/cache-view.js';
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
} from '../core/call-options.interface.js';
export type { CacheOptions, Isolation, OnError } from '../core/cache-options.interface.js';
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
} from '../core/cache-backend.interface.js';
export type { Clock } from '../core/clock.js';
export type { CacheLogger } from '../core/cache-log.js';
export { fragmentKey, type FragmentPart } from '../core/fragment-key.js';
export type { CacheLock, LockOptions, LockTimeout } from '../core/lock.js';
export type { KeyFunction } from '../core/key-builder.js';
export type { Serializer } from '../core/serializer.interface.js';
export type { ValueType } from '../core/payload-codec.js';
export type { HeldTags, TagsOf } from '../core/tags.js';
export type { BackendWait } from '../core/await-backend.js';
export type { Duration, Timeout } from '../core/timeout.js';
export { CACHE_OPERATION_CHANNEL, type CacheOperationEvent } from '../core/cache-events.js';
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
} from '../core/cache.errors.js';

export { dummy } from '../backends/dummy/index.js';
export { memory, type MemoryOptions } from '../backends/memory/index.js';
