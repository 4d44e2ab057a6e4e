import type { Logger, Type } from '@nestjs/common';
import { Reflector, type ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import {
  CACHE_KEY_METADATA,
  CACHE_PAGE_METADATA,
  CACHE_VARY_METADATA,
} from '../cache.constants.js';
import { CacheConfigError, reasonOf } from '../core/cache.errors.js';
import type { CachePageOptions } from '../decorators/cache-page.decorator.js';
import type { Pages } from './pages.js';
import type { VarySelector } from './vary-selectors.js';

type Handler = (...args: never[]) => unknown;

/** A handler under `@CachePage()`. */
interface PageRoute {
  /** `NewsController.latest` */
  readonly where: string;
  /** Handler and class. */
  readonly both: readonly (Type<unknown> | Handler)[];
  readonly page: CachePageOptions;
}

// Metadata keys of Nest that it does not export under a public path in all its versions.
const GUARDS = '__guards__';
const ROUTE = 'path';

const reflector = new Reflector();

/**
 * Looks through the routes under `@CachePage()`, so that what is wrong with one is said at start and not by its first request.
 *
 * A route that opts in to early pages and has guards, its own or global ones, gets a warning: they are not asked.
 *
 * @throws {CacheConfigError} `CACHE_UNKNOWN_ALIAS`, if one names a cache that is not configured. `CACHE_EARLY_ROUTE`, if one
 * opts in to early pages and they depend on what is known only behind the router.
 */
export function checkPageRoutes(
  modules: ModulesContainer,
  config: ApplicationConfig,
  pages: Pages,
  logger: Logger,
): void {
  const isGuarded = config.getGlobalGuards().length + config.getGlobalRequestGuards().length > 0;
  for (const route of pageRoutes(modules)) {
    checkCache(route, pages);
    if (route.page.early !== true) continue;
    checkEarly(route);
    if (isGuarded || route.both.some((target) => reflector.get<unknown>(GUARDS, target))) {
      logger.warn(
        `${route.where} has guards and opts in to early pages: its guards are not asked when a page is sent in front of the router.`,
      );
    }
  }
}

function checkCache({ where, page }: PageRoute, pages: Pages): void {
  try {
    pages.store(page.cache);
  } catch (cause) {
    throw new CacheConfigError(
      'CACHE_UNKNOWN_ALIAS',
      `The cache that ${where} names in @CachePage() cannot be used: ${reasonOf(cause)}.`,
      { cause },
    );
  }
}

function checkEarly({ where, both, page }: PageRoute): void {
  const selectors = both.flatMap(
    (target) =>
      reflector.get<readonly (VarySelector | Handler)[] | undefined>(CACHE_VARY_METADATA, target) ??
      [],
  );
  const reasons = [
    selectors.some((selector) => typeof selector === 'function') && 'a function of @VaryOn()',
    selectors.some((one) => typeof one !== 'function' && one.kind === 'user') && 'user()',
    typeof reflector.get<unknown>(CACHE_KEY_METADATA, both[0]!) === 'function' &&
      'a function of @CacheKey()',
    typeof page.tags === 'function' && 'a function that gives its tags',
    page.unless !== undefined && '"unless"',
  ];
  const reason = reasons.find((one) => typeof one === 'string');
  if (reason === undefined) return;
  throw new CacheConfigError(
    'CACHE_EARLY_ROUTE',
    `${where} opts in to early pages and has ${reason}, which needs what is known only behind the router. Leave out one of the two.`,
  );
}

function* pageRoutes(modules: ModulesContainer): Generator<PageRoute> {
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      for (const [name, handler] of handlersOf(metatype as Type<unknown>)) {
        const both = [handler, metatype as Type<unknown>];
        const page = reflector.getAllAndOverride<CachePageOptions | undefined>(
          CACHE_PAGE_METADATA,
          both,
        );
        if (page) yield { where: `${metatype.name}.${name}`, both, page };
      }
    }
  }
}

function handlersOf(controller: Type<unknown>): [string, Handler][] {
  const handlers = new Map<string, Handler>();
  let prototype = controller.prototype as object | null;
  while (prototype && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      // The constructor is the class itself, which has a path too.
      if (typeof value !== 'function' || name === 'constructor' || handlers.has(name)) continue;
      if (reflector.get<unknown>(ROUTE, value as Handler) === undefined) continue;
      handlers.set(name, value as Handler);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return [...handlers];
}
