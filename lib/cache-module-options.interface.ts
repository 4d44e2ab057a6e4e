import type { Provider } from '@nestjs/common';
import type { BackendWait } from './core/await-backend.js';
import type { HttpOptions } from './http/http.options.js';
import type { NamedCacheOptions } from './named-cache-options.interface.js';

/** Several caches, by alias. */
export interface CachesOptions {
  /** `default` must be among them: it is the one injected where none is named. */
  readonly caches: Readonly<Record<string, NamedCacheOptions>>;
}

/** What stands beside one cache or several. */
export interface CacheModuleCommonOptions {
  /** How pages are cached, for `CacheInterceptor` and `@CachePage()`. */
  readonly http?: HttpOptions | undefined;
  /**
   * How long the application waits at its start until every server of its caches has answered: `true` for 30 seconds, or
   * **seconds**, or a string with its unit. If one has not by then, the start fails with a `CacheUnavailableError`. Default:
   * false, it starts at once and uses a server as soon as it is there.
   */
  readonly waitForBackends?: BackendWait | undefined;
}

/** What `CacheModule.forRoot()` takes: one cache, or `caches` by alias, and what holds for all of them. */
export type CacheModuleOptions = (NamedCacheOptions | CachesOptions) & CacheModuleCommonOptions;

/** What makes the options in `forRootAsync({ useClass })` and `{ useExisting }`. */
export interface CacheOptionsFactory {
  createCacheOptions(): Promise<CacheModuleOptions> | CacheModuleOptions;
}

/** What stands beside the options in `forRoot()` and beside the factory in `forRootAsync()`. */
export interface CacheModuleExtras {
  /** False: only modules that import `CacheModule` can inject its caches. Default: true. */
  readonly isGlobal?: boolean;
  /** For `forRootAsync()`: aliases that are injected by `getCacheToken()`; those of `@InjectCache()` are known by themselves. */
  readonly aliases?: readonly string[];
  /** Providers of this module that a factory needs. */
  readonly extraProviders?: readonly Provider[];
}
