import { UseInterceptors, applyDecorators, type ExecutionContext } from '@nestjs/common';
import { CACHE_VARY_METADATA } from '../cache.constants.js';
import { describe } from '../core/option-checks.js';
import { ResponseHeadInterceptor } from '../http/response-head.interceptor.js';
import { patchVaryHeaders } from '../http/response-headers.js';
import { cookie, header, type VarySelector } from '../http/vary-selectors.js';
import { addMetadata } from './add-metadata.js';

/** What a function of `@VaryOn()` may give; undefined is a value of its own. */
export type VaryValue = string | number | bigint | boolean | null | undefined;

/**
 * Tells apart what neither URL nor a named part of the request tells: a tenant, a language that was negotiated, a feature
 * that is switched on. A function that throws leaves the one request uncached, with a log line.
 */
export type VaryFunction = (context: ExecutionContext) => VaryValue | Promise<VaryValue>;

/**
 * Declares what the pages of a handler, or of all handlers of a class, depend on besides their URL, for use with
 * `CacheInterceptor` or `@CachePage()`. Each different set of values has a page of its own. What stands on the method adds to
 * what stands on the class.
 *
 * `header()` and `cookie()` are listed in the answer's `Vary` too, for caches outside.
 *
 * @param selectors `header('Accept-Language')`, `cookie('currency')`, `query('page')`, `user((user) => user.id)`, or a function
 * of the ExecutionContext.
 * @throws {TypeError} if there is none, or one is neither.
 * @example @VaryOn(user((user: User) => user.id), (context) => tenantOf(context))
 */
export function VaryOn(
  ...selectors: readonly (VarySelector | VaryFunction)[]
): MethodDecorator & ClassDecorator {
  if (selectors.length === 0) {
    throw new TypeError('@VaryOn() needs something to vary on, such as header("Accept-Language").');
  }
  const wrong = selectors.findIndex(
    (selector) => typeof selector !== 'function' && typeof selector?.kind !== 'string',
  );
  if (wrong !== -1) {
    throw new TypeError(
      `@VaryOn() needs header(), cookie(), query(), user() or a function of the ExecutionContext, but got ${describe(selectors[wrong])}.`,
    );
  }
  const names = varyNames(selectors);
  const vary = addMetadata(CACHE_VARY_METADATA, selectors);
  if (names.length === 0) return vary;
  const patch = new ResponseHeadInterceptor(
    (response) => {
      patchVaryHeaders(response, names);
    },
    { toErrors: true },
  );
  return applyDecorators(vary, UseInterceptors(patch));
}

/**
 * Gives each set of values of these request headers a page of its own, and lists them in the answer's `Vary`.
 *
 * @throws {TypeError} if a name cannot be a header's.
 * @see Django, django.views.decorators.vary.vary_on_headers()
 */
export function VaryOnHeaders(...names: readonly string[]): MethodDecorator & ClassDecorator {
  return VaryOn(...names.map(header));
}

/**
 * Gives each set of values of these cookies a page of its own, and adds `Cookie` to the answer's `Vary`. Other cookies do not
 * matter any more: the handler must not depend on them.
 *
 * @param names At least one: a page for each whole `Cookie` header would be a page for each visitor.
 * @throws {TypeError} if there is none, or a name cannot be a cookie's.
 * @see Django, django.views.decorators.vary.vary_on_cookie()
 */
export function VaryOnCookie(...names: readonly string[]): MethodDecorator & ClassDecorator {
  return VaryOn(...names.map(cookie));
}

function varyNames(selectors: readonly (VarySelector | VaryFunction)[]): string[] {
  const names = selectors.flatMap((selector) => {
    if (typeof selector === 'function') return [];
    if (selector.kind === 'cookie') return ['Cookie'];
    return selector.kind === 'header' ? [titleCase(selector.name)] : [];
  });
  return [...new Set(names)];
}

function titleCase(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
