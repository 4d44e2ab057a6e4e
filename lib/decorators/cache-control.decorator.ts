import { UseInterceptors } from '@nestjs/common';
import type { CacheControlDirectives } from '../http/cache-control.directives.js';
import { ResponseHeadInterceptor } from '../http/response-head.interceptor.js';
import { patchCacheControl } from '../http/response-headers.js';

/**
 * Adds directives to the `Cache-Control` of the answers of a handler, or of all handlers of a class. What they say themselves
 * stays; of two lifetimes the smaller counts. Answers to errors that a handler throws are left as they are.
 *
 * @param directives `{ maxAge: '5m', public: true }`.
 * @throws {TypeError} at once, for what `patchCacheControl()` would refuse.
 * @see Django, django.views.decorators.cache.cache_control()
 */
export function CacheControl(directives: CacheControlDirectives): MethodDecorator & ClassDecorator {
  patchCacheControl({ getHeader: () => undefined, setHeader: () => undefined }, directives);
  return UseInterceptors(
    new ResponseHeadInterceptor((response) => {
      patchCacheControl(response, directives);
    }),
  );
}
