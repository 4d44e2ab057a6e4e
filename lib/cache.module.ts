import {
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type NestModule,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { CACHE_PAGES } from './cache.constants.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
} from './cache.module-definition.js';
import { installEarlyPages } from './http/early-pages.accessor.js';
import { checkPageRoutes } from './http/page-routes.accessor.js';
import type { Pages } from './http/pages.js';

/**
 * Makes caches available for injection: `CacheService` is the one named `default`, `@InjectCache(alias)` any other.
 *
 * It is imported once, in the root module, and is global unless `isGlobal: false` is given. What is configured is checked
 * when the application starts, and every cache is closed when it shuts down.
 *
 * @example CacheModule.forRoot({ backend: 'memcached', location: ['10.0.0.1:11211', '10.0.0.2:11211'], timeout: 300 })
 * @see Django, CACHES
 */
@Module({})
export class CacheModule extends ConfigurableModuleClass implements NestModule, OnModuleInit {
  readonly #pages: Pages;
  readonly #adapter: HttpAdapterHost;
  readonly #modules: ModulesContainer;
  readonly #config: ApplicationConfig;

  constructor(
    @Inject(CACHE_PAGES) pages: Pages,
    @Inject(HttpAdapterHost) adapter: HttpAdapterHost,
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(ApplicationConfig) config: ApplicationConfig,
  ) {
    super();
    this.#pages = pages;
    this.#adapter = adapter;
    this.#modules = modules;
    this.#config = config;
  }

  /** Called by Nest before the routes are made. */
  configure(): void {
    installEarlyPages(this.#pages, this.#adapter);
  }

  /** Called by Nest when all modules are there. @throws {CacheConfigError} `CACHE_UNKNOWN_ALIAS`, `CACHE_EARLY_ROUTE` */
  onModuleInit(): void {
    checkPageRoutes(this.#modules, this.#config, this.#pages, new Logger('CacheModule'));
  }

  /**
   * One cache, or several under `caches`.
   *
   * @param options Default: one memory cache. Timeouts are **seconds**, or strings with their unit.
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** The options come from a factory: `useFactory` with `inject` and `imports`, `useClass` or `useExisting`. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** `forRoot()` under Nest's older name. */
  static register(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return this.forRoot(options);
  }

  /** `forRootAsync()` under Nest's older name. */
  static registerAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return this.forRootAsync(options);
  }
}
