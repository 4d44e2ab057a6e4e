import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CacheModuleExtras, CacheModuleOptions } from './cache-module-options.interface.js';
import { CACHE_MODULE_OPTIONS } from './cache.constants.js';
import { withCaches } from './cache.providers.js';

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CacheModuleOptions>({
    moduleName: 'Cache',
    optionsInjectionToken: CACHE_MODULE_OPTIONS,
  })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createCacheOptions')
    .setExtras<CacheModuleExtras>(
      { isGlobal: true, aliases: [], extraProviders: [] },
      (definition, extras) => withCaches(definition, extras),
    )
    .build();
