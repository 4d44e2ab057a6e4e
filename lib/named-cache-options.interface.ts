import type { FileOptions } from './backends/file/index.js';
import type { MemcachedOptions } from './backends/memcached/index.js';
import type { MemoryOptions } from './backends/memory/index.js';
import type { CacheBackend, CacheBackendFactory } from './core/cache-backend.interface.js';
import type { CacheOptions } from './core/cache-options.interface.js';

type Settings = Omit<CacheOptions, 'url' | 'backend' | 'location' | 'options'>;

/** A cache in this process. */
export interface MemoryCacheOptions extends Settings {
  readonly backend?: 'memory';
  /** The store's name: caches of one application with the same location and `keyPrefix` share it. Default: `''`. */
  readonly location?: string;
  readonly options?: Omit<MemoryOptions, 'location'>;
}

/** A cache that keeps nothing, for development. */
export interface DummyCacheOptions extends Settings {
  readonly backend: 'dummy';
}

/** A cache in a directory, shared by the processes of one machine. */
export interface FileCacheOptions extends Settings {
  readonly backend: 'file';
  /** The directory. It is made if it is missing, readable by its owner only. */
  readonly location: string;
  readonly options?: Omit<FileOptions, 'location'>;
}

/** A cache in a pool of memcached servers. */
export interface MemcachedCacheOptions extends Settings {
  readonly backend: 'memcached';
  /** `host:port`; a list, or one string with commas or semicolons, is one pool. Default: `127.0.0.1:11211`. */
  readonly location?: string | readonly string[];
  readonly options?: Omit<MemcachedOptions, 'location'>;
}

/** A cache on a backend of your own. */
export interface OwnBackendCacheOptions extends Settings {
  readonly backend: CacheBackend | CacheBackendFactory;
}

/** A cache that a URL describes; what is given beside the URL wins. */
export interface UrlCacheOptions extends Settings {
  /** Such as `memcached://10.0.0.1:11211,10.0.0.2:11211?timeout=60&keyPrefix=shop`. Empty or undefined is an error. */
  readonly url: string | undefined;
  /** More options for the backend that the URL names. */
  readonly options?: object;
}

/** One cache: one entry of Django's `CACHES`. */
export type NamedCacheOptions =
  | MemoryCacheOptions
  | DummyCacheOptions
  | FileCacheOptions
  | MemcachedCacheOptions
  | OwnBackendCacheOptions
  | UrlCacheOptions;
