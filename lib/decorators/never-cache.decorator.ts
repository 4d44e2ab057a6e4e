import { SetMetadata, UseInterceptors, applyDecorators } from '@nestjs/common';
import { NEVER_CACHE_METADATA } from '../cache.constants.js';
import { NeverCacheInterceptor } from '../http/never-cache.interceptor.js';

/**
 * Keeps the responses of a handler, or of all handlers of a class, out of every cache. `CacheInterceptor` neither stores nor
 * looks them up. With or without it, they bear `Cache-Control: max-age=0, no-cache, no-store, must-revalidate, private` and
 * an `Expires` in the past, whatever the handler says.
 *
 * On a class it holds for all its handlers, whatever else they bear. It is the way out for single routes where the
 * interceptor is global, such as health checks.
 *
 * @see Django, django.views.decorators.cache.never_cache()
 */
export function NeverCache(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(NEVER_CACHE_METADATA, true),
    UseInterceptors(new NeverCacheInterceptor()),
  );
}
