import { Logger, type DynamicModule, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { BACKENDS } from './cache.backends.js';
import type {
  CacheModuleExtras,
  CacheModuleOptions,
  CachesOptions,
} from './cache-module-options.interface.js';
import type { NamedCacheOptions } from './named-cache-options.interface.js';
import {
  CACHE_MODULE_OPTIONS,
  CACHE_PAGES,
  CACHE_REGISTRY,
  DEFAULT_ALIAS,
  PAGES_ALIAS,
  getCacheToken,
} from './cache.constants.js';
import { CacheLifecycle } from './cache.lifecycle.js';
import { CacheConfigError } from './core/cache.errors.js';
import { CacheRegistry, type RegistryOptions } from './core/cache.registry.js';
import { CacheService } from './core/cache.service.js';
import { badOption, checkOptionNames } from './core/option-checks.js';
import {
  httpMillisecondsWarnings,
  resolveHttpOptions,
  type HttpOptions,
} from './http/http.options.js';
import { PageCache } from './http/page-cache.js';
import { Pages } from './http/pages.js';
import { injectedAliases, isInjected } from './injected-aliases.js';
import { json } from './serializers/json/index.js';

/** The module with its caches as providers. */
export function withCaches(definition: DynamicModule, extras: CacheModuleExtras): DynamicModule {
  const given = definition.providers ?? [];
  const named = extras.aliases ?? [];
  const aliases = [...aliasesOf(given), ...named];
  return {
    ...definition,
    global: extras.isGlobal ?? true,
    // Getters, because they are read when Nest scans the module: by then every @InjectCache() of the application has run.
    get providers() {
      return [
        ...given,
        ...(extras.extraProviders ?? []),
        registryProvider,
        { provide: CacheRegistry, useExisting: CACHE_REGISTRY },
        { provide: CacheService, useExisting: getCacheToken() },
        pagesProvider,
        {
          provide: PageCache,
          inject: [CACHE_PAGES],
          useFactory: (pages: Pages) => new PageCache(pages),
        },
        CacheLifecycle,
        ...tokensOf(aliases).map((alias) => cacheProvider(alias, named.includes(alias))),
      ];
    },
    get exports() {
      return [
        ...(definition.exports ?? []),
        CACHE_REGISTRY,
        CacheRegistry,
        CacheService,
        CACHE_PAGES,
        PageCache,
        ...tokensOf(aliases).map(getCacheToken),
      ];
    },
  };
}

const registryProvider: Provider = {
  provide: CACHE_REGISTRY,
  inject: [CACHE_MODULE_OPTIONS, ModulesContainer],
  useFactory: (options: CacheModuleOptions, modules: ModulesContainer) => {
    refuseSecondModule(modules);
    return CacheRegistry.open({
      ...cachesOf(options),
      backends: BACKENDS,
      serializer: json(),
      logger: new Logger('CacheModule'),
    });
  },
};

const pagesProvider: Provider = {
  provide: CACHE_PAGES,
  inject: [CACHE_REGISTRY, CACHE_MODULE_OPTIONS],
  useFactory: (registry: CacheRegistry, { http }: CacheModuleOptions) => {
    const pages = new Pages(registry, resolveHttpOptions(http));
    for (const warning of httpMillisecondsWarnings(http)) Logger.warn(warning, 'CacheModule');
    return pages;
  },
};

/** @param isNamed The application names the alias itself, so it has to be there. */
function cacheProvider(alias: string, isNamed: boolean): Provider {
  return {
    provide: getCacheToken(alias),
    inject: [CACHE_REGISTRY, ModulesContainer],
    useFactory: (registry: CacheRegistry, modules: ModulesContainer) =>
      // An alias that only another application of this process injects must not fail this one.
      isNamed || registry.has(alias) || isInjected(alias, modules)
        ? registry.get(alias)
        : undefined,
  };
}

function tokensOf(aliases: readonly string[]): string[] {
  return [...new Set([DEFAULT_ALIAS, ...aliases, ...injectedAliases()])];
}

/** The aliases of options that are known already; those of a factory are not. */
function aliasesOf(providers: readonly Provider[]): string[] {
  for (const provider of providers) {
    if (typeof provider !== 'object' || provider.provide !== CACHE_MODULE_OPTIONS) continue;
    if (!('useValue' in provider)) continue;
    // What is wrong with the options is said when the application starts.
    const { caches } = (provider.useValue ?? {}) as Partial<CachesOptions>;
    return Object.keys(caches ?? {});
  }
  return [];
}

const BESIDE_CACHES = ['caches', 'http', 'waitForBackends'];

type CachesAndWait = Pick<RegistryOptions, 'caches' | 'pages' | 'waitForBackends'>;

function cachesOf(options: CacheModuleOptions): CachesAndWait {
  if (typeof options !== 'object' || options === null) {
    throw badOption('CacheModule', 'options', options, 'an object');
  }
  const { http, waitForBackends, ...settings } = options;
  return { ...withPages(severalOf(settings), http), waitForBackends };
}

function severalOf(settings: NamedCacheOptions | CachesOptions): CachesOptions['caches'] {
  if (!('caches' in settings)) return { [DEFAULT_ALIAS]: settings };
  checkOptionNames('CacheModule.forRoot() beside "caches"', settings, BESIDE_CACHES);
  const { caches } = settings;
  if (typeof caches === 'object' && caches !== null) return caches;
  throw badOption('CacheModule', 'caches', caches, 'an object of caches by alias');
}

/**
 * Pages in memory have a store of their own, so that a flood of URLs evicts nothing else: the cache `pages`, with the settings
 * of `default` unless it is configured itself, and in a place of its own unless it names one. Not if the application says
 * which cache keeps the pages.
 */
function withPages(
  caches: Readonly<Record<string, NamedCacheOptions>>,
  http: HttpOptions | undefined,
): Pick<RegistryOptions, 'caches' | 'pages'> {
  if (http?.cache !== undefined) {
    return { caches, pages: { alias: http.cache, isPartOfDefault: false } };
  }
  const isOwn = Object.hasOwn(caches, PAGES_ALIAS);
  const settings = caches[isOwn ? PAGES_ALIAS : DEFAULT_ALIAS];
  const pages = { alias: PAGES_ALIAS, isPartOfDefault: !isOwn };
  if (!settings || !isInMemory(settings) || (isOwn && namesPlace(settings))) {
    return isOwn ? { caches, pages } : { caches };
  }
  const placed = { ...settings, location: PAGES_ALIAS } as NamedCacheOptions;
  return { caches: { ...caches, [PAGES_ALIAS]: placed }, pages };
}

function namesPlace(options: NamedCacheOptions): boolean {
  if ('location' in options && options.location !== undefined) return true;
  return 'url' in options && !/^memory:\/\/($|\?)/i.test(options.url ?? '');
}

function isInMemory(options: NamedCacheOptions): boolean {
  // What is no object at all is refused with the other options.
  if (typeof options !== 'object') return false;
  if ('url' in options) return /^memory:/i.test(options.url ?? '');
  return (options.backend ?? 'memory') === 'memory';
}

function refuseSecondModule(modules: ModulesContainer): void {
  const count = [...modules.values()].filter((module) =>
    module.providers.has(CACHE_REGISTRY),
  ).length;
  if (count <= 1) return;
  throw new CacheConfigError(
    'CACHE_SECOND_MODULE',
    `CacheModule is configured ${count} times in this application. Configure it once, in the root module, with several caches under "caches".`,
  );
}
