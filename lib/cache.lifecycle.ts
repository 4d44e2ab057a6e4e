import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CACHE_REGISTRY } from './cache.constants.js';
import type { CacheRegistry } from './core/cache.registry.js';

/** Closes every cache in the last phase of the application's shutdown, when nothing else uses them any more. */
@Injectable()
export class CacheLifecycle implements OnApplicationShutdown {
  readonly #registry: CacheRegistry;

  constructor(@Inject(CACHE_REGISTRY) registry: CacheRegistry) {
    this.#registry = registry;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#registry.close();
  }
}
