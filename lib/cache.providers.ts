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
  CACHE_REGISTRY,
  DEFAULT_ALIAS,
  getCacheToken,
} from './cache.constants.js';
import { CacheLifecycle } from './cache.lifecycle.js';
import { CacheConfigError } from './core/cache.errors.js';
import { CacheRegistry } from './core/cache.registry.js';
import { CacheService } from './core/cache.service.js';
import { badOption, checkOptionNames } from './core/option-checks.js';
import { injectedAliases, isInjected } from './injected-aliases.js';
import { json } from './serializers/json/index.js';

/** The module with its caches as providers. */
export function withCaches(definition: DynamicModule, extras: CacheModuleExtras): DynamicModule {
  const given = definition.providers ?? [];
  const aliases = [...aliasesOf(given), ...(extras.aliases ?? [])];
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
        CacheLifecycle,
        ...tokensOf(aliases).map(cacheProvider),
      ];
    },
    get exports() {
      return [
        ...(definition.exports ?? []),
        CACHE_REGISTRY,
        CacheRegistry,
        CacheService,
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
      caches: cachesOf(options),
      backends: BACKENDS,
      serializer: json(),
      logger: new Logger('CacheModule'),
    });
  },
};

function cacheProvider(alias: string): Provider {
  return {
    provide: getCacheToken(alias),
    inject: [CACHE_REGISTRY, ModulesContainer],
    useFactory: (registry: CacheRegistry, modules: ModulesContainer) =>
      // An alias that only another application of this process injects must not fail this one.
      registry.has(alias) || isInjected(alias, modules) ? registry.get(alias) : undefined,
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

function cachesOf(options: CacheModuleOptions): Readonly<Record<string, NamedCacheOptions>> {
  if (typeof options !== 'object' || options === null) {
    throw badOption('CacheModule', 'options', options, 'an object');
  }
  if (!('caches' in options)) return { [DEFAULT_ALIAS]: options };
  checkOptionNames('CacheModule.forRoot() beside "caches"', options, ['caches']);
  if (typeof options.caches === 'object' && options.caches !== null) return options.caches;
  throw badOption('CacheModule', 'caches', options.caches, 'an object of caches by alias');
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
