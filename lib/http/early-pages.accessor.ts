import { type Logger, type Type } from '@nestjs/common';
import { type HttpAdapterHost, type ModulesContainer, Reflector } from '@nestjs/core';
import {
  CACHE_KEY_METADATA,
  CACHE_PAGE_METADATA,
  CACHE_VARY_METADATA,
} from '../cache.constants.js';
import { CacheConfigError } from '../core/cache.errors.js';
import type { CachePageOptions } from '../decorators/cache-page.decorator.js';
import { httpExchange } from './http-exchange.js';
import type { Pages } from './pages.js';
import type { VarySelector } from './vary-selectors.js';

type Handler = (...args: never[]) => unknown;

// Metadata key of Nest that it does not export under a public path in all its versions.
const GUARDS = '__guards__';

/** Puts the look for early pages in front of the router, behind what the application itself has put there before. */
export function installEarlyPages(pages: Pages, { httpAdapter }: HttpAdapterHost): void {
  const instance = httpAdapter?.getInstance<unknown>() as
    { addHook?(name: string, hook: unknown): unknown } | undefined;
  const answer = async (request: unknown, response: unknown): Promise<boolean> => {
    const exchange = httpExchange(request, response);
    return exchange !== undefined && pages.early.answer(exchange);
  };
  if (typeof instance?.addHook === 'function') {
    instance.addHook('onRequest', async (request: unknown, reply: unknown) => {
      // An answered reply has been hijacked, so Fastify does no more.
      await answer(request, reply);
    });
  } else if (instance !== undefined) {
    const pass = async (request: unknown, response: unknown, next: () => void): Promise<void> => {
      if (!(await answer(request, response))) next();
    };
    httpAdapter.use((request: unknown, response: unknown, next: () => void) => {
      void pass(request, response, next);
    });
  }
}

/**
 * Looks through the routes that opted in to early pages.
 *
 * @throws {CacheConfigError} `CACHE_EARLY_ROUTE`, if the pages of one depend on what is known only behind the router. One that
 * has guards gets a warning: they are not asked.
 */
export function checkEarlyRoutes(modules: ModulesContainer, logger: Logger): void {
  const reflector = new Reflector();
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      for (const [name, handler] of handlersOf(metatype as Type<unknown>)) {
        const both = [handler, metatype as Type<unknown>];
        const page = reflector.getAllAndOverride<CachePageOptions | undefined>(
          CACHE_PAGE_METADATA,
          both,
        );
        if (page?.early !== true) continue;
        const where = `${metatype.name}.${name}`;
        refuse(where, reflector, both, page);
        if (both.some((target) => reflector.get<unknown>(GUARDS, target) !== undefined)) {
          logger.warn(
            `${where} has guards and opts in to early pages: its guards are not asked when a page is sent in front of the router.`,
          );
        }
      }
    }
  }
}

function refuse(
  where: string,
  reflector: Reflector,
  both: (Type<unknown> | Handler)[],
  page: CachePageOptions,
): void {
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

function handlersOf(controller: Type<unknown>): [string, Handler][] {
  const handlers = new Map<string, Handler>();
  let prototype = controller.prototype as object | null;
  while (prototype && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value === 'function' && !handlers.has(name)) handlers.set(name, value as Handler);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return [...handlers];
}
