import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import { CACHE_KEY_METADATA } from '../cache.constants.js';
import { describe } from '../core/option-checks.js';

/**
 * Makes the key of a request's page. Undefined, an empty string or an error: the request is answered by the handler and
 * nothing is stored.
 */
export type CacheKeyFunction = (
  context: ExecutionContext,
) => string | undefined | Promise<string | undefined>;

/**
 * Names the pages of a handler in place of their URL's path, for use with `CacheInterceptor`.
 *
 * A string takes the place of the path alone: host, route parameters and query stay part of the key, so `/items/:id` with
 * one name still has a page for each item. What a function returns takes the place of path, parameters and query, and must
 * therefore tell apart whatever the handler tells apart. Two handlers never share a page, and what services store under the
 * same key is no page.
 *
 * On a root query of GraphQL a function is the key of what the resolver returns, and must tell its arguments apart; a string
 * does nothing there.
 *
 * It stands on a handler; on a class it would give one name to many pages, and is an error.
 *
 * @throws {TypeError} if the key is neither a non-empty string nor a function, or if it stands on a class.
 * @example @CacheKey((context) => context.switchToHttp().getRequest().query.page)
 */
export function CacheKey(key: string | CacheKeyFunction): MethodDecorator {
  if (typeof key !== 'function' && (typeof key !== 'string' || key === '')) {
    throw new TypeError(
      `@CacheKey() needs a non-empty string or a function of the ExecutionContext, but got ${describe(key)}.`,
    );
  }
  const set = SetMetadata(CACHE_KEY_METADATA, key);
  return (target, property, descriptor) => {
    // TypeScript refuses it on a class; JavaScript and `as any` do not.
    if ((property as unknown) === undefined || (descriptor as unknown) === undefined) {
      throw new TypeError(
        `@CacheKey() stands on ${typeof target === 'function' ? `the class ${target.name}` : 'something that is no method'}. Put it on a handler: one key for all handlers of a class would mix up their pages.`,
      );
    }
    return set(target, property, descriptor);
  };
}
