import {
  Logger,
  SetMetadata,
  UseInterceptors,
  applyDecorators,
  type ExecutionContext,
} from '@nestjs/common';
import { CACHE_PAGE_METADATA } from '../cache.constants.js';
import { checkBoolean, checkOptionNames, badOption } from '../core/option-checks.js';
import {
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
  type Duration,
  type Timeout,
} from '../core/timeout.js';
import { CacheInterceptor } from '../http/cache.interceptor.js';
import { INTERCEPTORS } from '../http/nest-metadata.js';
import { UnsafeRequestInterceptor } from '../http/unsafe-request.interceptor.js';
import { recordPagesAlias } from '../http/pages-aliases.js';
import { CacheTTL, type CacheTTLFunction } from './cache-ttl.decorator.js';

/** Names the tags of the page of one request. It is asked before the handler runs. */
export type PageTagsFunction = (
  context: ExecutionContext,
) => readonly string[] | Promise<readonly string[]>;

/** What `@CachePage()` may be told besides the timeout. */
export interface CachePageOptions {
  /** The alias of the cache that keeps these pages. Default: that of all pages. @see Django, cache_page(cache=…) */
  readonly cache?: string;
  /** Put in front of the keys of these pages, in place of `http.keyPrefix`. @see Django, cache_page(key_prefix=…) */
  readonly keyPrefix?: string;
  /** `invalidateTags()` of the cache, `PageCache.invalidateTags()` and `@InvalidateTags()` remove the pages that bear the tag. Default: none. */
  readonly tags?: readonly string[] | PageTagsFunction;
  /**
   * True: the page is the same for everybody, so that cookies, `Authorization` and known users are no reason to leave a
   * request uncached. The handler must not depend on who asks. Default: false.
   */
  readonly shared?: boolean;
  /** How long past its time a page is still sent, while it is made anew in the background. **Seconds**, or `'1m'`. Default: what the response says. */
  readonly staleWhileRevalidate?: number | Duration;
  /** How long past its time a page is still sent if the handler fails. **Seconds**, or `'1h'`. Default: what the response says. */
  readonly staleIfError?: number | Duration;
  /** True for a request that is to be answered by the handler, and whose answer is not kept. Default: none is. */
  readonly unless?: (context: ExecutionContext) => boolean | Promise<boolean>;
  /**
   * True: pages of this route are also sent in front of the router, which is faster: **guards, other interceptors,
   * throttling and, on Express, the middleware of modules are not asked** on such a hit. Default: false.
   */
  readonly early?: boolean;
}

const NAMES = [
  'cache',
  'keyPrefix',
  'tags',
  'shared',
  'staleWhileRevalidate',
  'staleIfError',
  'unless',
  'early',
];

/**
 * Caches the pages of a handler, or of all handlers of a class: `@UseInterceptors(CacheInterceptor)` and `@CacheTTL(timeout)`
 * in one, with options.
 *
 * Requests with another method that succeed remove the pages of their path, for all handlers of the class.
 *
 * @param timeout **Seconds**, or `'15m'`, or a function of the request, as in `@CacheTTL()`.
 * @throws {CacheConfigError} at once, for an unknown option or a value that is not allowed. @throws {TypeError} for what is no
 * timeout.
 * @example @CachePage('15m', { tags: ['news'], staleIfError: '1h' })
 * @see Django, django.views.decorators.cache.cache_page()
 */
export function CachePage(
  timeout: Timeout | CacheTTLFunction,
  options: CachePageOptions = {},
): MethodDecorator & ClassDecorator {
  const where = '@CachePage()';
  if (typeof options !== 'object' || options === null) {
    throw badOption(where, 'options', options, 'an object');
  }
  checkOptionNames(where, options, NAMES);
  for (const name of ['shared', 'early'] as const) checkBoolean(where, name, options[name]);
  for (const name of ['cache', 'keyPrefix'] as const) checkText(where, name, options[name]);
  for (const name of ['staleWhileRevalidate', 'staleIfError'] as const) {
    const window = options[name];
    if (window !== undefined && settleTimeout(window, Date.now) === null) {
      throw badOption(where, name, window, 'a number of seconds, or a string with its unit');
    }
    if (looksLikeMilliseconds(window)) {
      Logger.warn(millisecondsWarning(window, `of "${name}" in ${where}`), 'CacheInterceptor');
    }
  }
  const { tags, unless, cache } = options;
  if (tags !== undefined && typeof tags !== 'function' && !isTextList(tags)) {
    throw badOption(where, 'tags', tags, 'a list of tags, or a function that gives one');
  }
  if (unless !== undefined && typeof unless !== 'function') {
    throw badOption(where, 'unless', unless, 'a function of the ExecutionContext');
  }
  if (cache !== undefined) recordPagesAlias(cache);
  const decorate = applyDecorators(
    SetMetadata(CACHE_PAGE_METADATA, options),
    CacheTTL(timeout),
    UseInterceptors(CacheInterceptor),
  );
  return <T>(
    target: object,
    property?: string | symbol,
    descriptor?: TypedPropertyDescriptor<T>,
  ): void => {
    decorate(target, property, descriptor);
    if (property !== undefined) attendToWrites(target.constructor);
  };
}

/** Pages of a handler are removed by the handlers beside it that write to their path. */
function attendToWrites(owner: object): void {
  const there = Reflect.getMetadata(INTERCEPTORS, owner) as readonly unknown[] | undefined;
  if (there?.includes(UnsafeRequestInterceptor)) return;
  (UseInterceptors(UnsafeRequestInterceptor) as ClassDecorator)(owner as never);
}

function checkText(where: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string') {
    throw badOption(where, name, value, 'a string');
  }
}

function isTextList(value: unknown): boolean {
  return (
    Array.isArray(value) && value.every((item: unknown) => typeof item === 'string' && item !== '')
  );
}
