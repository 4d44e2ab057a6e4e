import type { ExecutionContext, Type } from '@nestjs/common';
import { Reflector, type ModulesContainer } from '@nestjs/core';
import {
  CACHE_KEY_METADATA,
  CACHE_PAGE_METADATA,
  CACHE_TTL_METADATA,
  CACHE_VARY_METADATA,
  NEVER_CACHE_METADATA,
} from '../cache.constants.js';
import type { CacheKeyFunction } from '../decorators/cache-key.decorator.js';
import type { CachePageOptions } from '../decorators/cache-page.decorator.js';
import type { CacheTTLFunction } from '../decorators/cache-ttl.decorator.js';
import type { VaryFunction } from '../decorators/vary-on.decorator.js';
import type { Timeout } from '../core/timeout.js';
import type { IdentityRules } from './http-cache.policy.js';
import type { ResolvedHttpOptions } from './http.options.js';
import type { UserSelect, VarySelector } from './vary-selectors.js';
import {
  HEADERS,
  INTERCEPTORS,
  MODULE_PATH,
  SERVER_SENT_EVENTS,
  VERSION,
} from './nest-metadata.js';

/** What the pages of a route are declared to depend on besides their URL. */
export interface RouteVary {
  /** Lower-case names of request headers. */
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  /** The parameters of the query that matter; undefined: all do. */
  readonly query: readonly string[] | undefined;
  readonly users: readonly UserSelect[];
  readonly functions: readonly VaryFunction[];
}

/** What class and handler of a route declare. */
export interface RouteCache {
  /** The route in log lines: `CatsController.findAll`. */
  readonly name: string;
  /** What tells the route from all others, the same in every process. */
  readonly identity: readonly string[];
  /** True if its controller stands in several modules that `RouterModule` parts: each has providers of its own. */
  readonly isManifold: boolean;
  /** Those of the API to which it answers; undefined: it says nothing. */
  readonly versions: string | symbol | readonly (string | symbol)[] | undefined;
  /** True if class or handler bears the interceptor, `@CachePage()`, `@CacheTTL()` or `@CacheKey()`. */
  readonly isDeclared: boolean;
  readonly isNever: boolean;
  /** True for server-sent events, which are no page. */
  readonly isEventStream: boolean;
  readonly key: string | CacheKeyFunction | undefined;
  readonly timeout: Timeout | CacheTTLFunction | undefined;
  /** What `@CachePage()` says besides. */
  readonly page: CachePageOptions;
  /** Lower-case names of the headers that `@Header()` declares. */
  readonly headers: readonly string[];
  readonly vary: RouteVary;
  readonly rules: IdentityRules;
  /** Reasons that have been logged for the route. */
  readonly said: Set<string>;
}

type Handler = ReturnType<ExecutionContext['getHandler']>;

const WHERE_IT_STANDS = ['path', 'host', VERSION];

/** Reads what routes declare, once for each. */
export class RouteCacheAccessor {
  readonly #interceptor: Type<unknown>;
  readonly #options: ResolvedHttpOptions;
  readonly #modules: () => ModulesContainer;
  readonly #reflector = new Reflector();
  // By class and handler, because classes may inherit one.
  readonly #routes = new WeakMap<object, WeakMap<object, RouteCache>>();

  /** @param interceptor The class whose presence on a route declares it as cached. Its subclasses count too. */
  constructor(
    interceptor: Type<unknown>,
    options: ResolvedHttpOptions,
    modules: () => ModulesContainer,
  ) {
    this.#interceptor = interceptor;
    this.#options = options;
    this.#modules = modules;
  }

  /** What the route of this call declares. */
  of(context: ExecutionContext): RouteCache {
    const owner = context.getClass();
    const handler = context.getHandler();
    let routes = this.#routes.get(owner);
    if (!routes) this.#routes.set(owner, (routes = new WeakMap()));
    let route = routes.get(handler);
    if (!route) routes.set(handler, (route = this.#read(owner, handler)));
    return route;
  }

  #read(owner: Type<unknown>, handler: Handler): RouteCache {
    const both = [handler, owner];
    const reflector = this.#reflector;
    const key = reflector.get<RouteCache['key']>(CACHE_KEY_METADATA, handler);
    const timeout = reflector.getAllAndOverride<RouteCache['timeout']>(CACHE_TTL_METADATA, both);
    const page =
      reflector.getAllAndOverride<CachePageOptions | undefined>(CACHE_PAGE_METADATA, both) ?? {};
    const places = both.flatMap((target) =>
      WHERE_IT_STANDS.map((name) => textOf(reflector.get(name, target))),
    );
    const selectors = both.flatMap(
      (target) =>
        reflector.get<readonly (VarySelector | VaryFunction)[] | undefined>(
          CACHE_VARY_METADATA,
          target,
        ) ?? [],
    );
    const headers = reflector.get<readonly { readonly name: string }[] | undefined>(
      HEADERS,
      handler,
    );
    const vary = varyOf(selectors, this.#options.query);
    const modulePaths = modulePathsOf(owner, this.#modules());
    return {
      name: `${owner.name}.${handler.name}`,
      identity: [owner.name, handler.name, ...places, ...modulePaths.filter((path) => path !== '')],
      isManifold: modulePaths.length > 1,
      versions: reflector.getAllAndOverride<RouteCache['versions']>(VERSION, both),
      isDeclared:
        key !== undefined || timeout !== undefined || both.some((target) => this.#bears(target)),
      isNever: both.some((target) => reflector.get(NEVER_CACHE_METADATA, target) === true),
      isEventStream: reflector.get(SERVER_SENT_EVENTS, handler) !== undefined,
      key,
      timeout,
      page,
      headers: (headers ?? []).map(({ name }) => name.toLowerCase()),
      vary,
      rules: {
        isCovered: page.shared === true || vary.users.length > 0,
        identityCookies: this.#options.identityCookies,
        keyedCookies: vary.cookies,
        identityHeaders: this.#options.identityHeaders,
        anonymousOnly: this.#options.anonymousOnly,
      },
      said: new Set(),
    };
  }

  #bears(target: Type<unknown> | Handler): boolean {
    const interceptors = this.#reflector.get<unknown>(INTERCEPTORS, target);
    if (!Array.isArray(interceptors)) return false;
    return interceptors.some(
      (interceptor: unknown) =>
        interceptor === this.#interceptor ||
        interceptor instanceof this.#interceptor ||
        (typeof interceptor === 'function' && interceptor.prototype instanceof this.#interceptor),
    );
  }
}

/** Where `RouterModule` has put the modules of a controller, of which there may be others of its name; '' is nowhere. */
function modulePathsOf(owner: Type<unknown>, modules: ModulesContainer): string[] {
  const paths = new Set<string>();
  for (const { controllers, metatype } of modules.values()) {
    if (![...controllers.values()].some((controller) => controller.metatype === owner)) continue;
    const path: unknown =
      Reflect.getMetadata(`${MODULE_PATH}${modules.applicationId}`, metatype) ??
      Reflect.getMetadata(MODULE_PATH, metatype);
    paths.add(typeof path === 'string' ? path : '');
  }
  return [...paths].toSorted();
}

function varyOf(
  selectors: readonly (VarySelector | VaryFunction)[],
  everywhere: readonly string[] | undefined,
): RouteVary {
  const named = (kind: 'header' | 'cookie' | 'query'): string[] => [
    ...new Set(
      selectors.flatMap((selector) =>
        typeof selector !== 'function' && selector.kind === kind ? [selector.name] : [],
      ),
    ),
  ];
  const parameters = named('query');
  return {
    headers: named('header').toSorted(),
    cookies: named('cookie').toSorted(),
    query: parameters.length > 0 ? parameters : everywhere,
    users: selectors.flatMap((selector) =>
      typeof selector !== 'function' && selector.kind === 'user' ? [selector.select] : [],
    ),
    functions: selectors.filter((selector) => typeof selector === 'function'),
  };
}

function textOf(metadata: unknown): string {
  // Undefined and symbols have no JSON.
  const json: unknown = JSON.stringify(metadata);
  return typeof json === 'string' ? json : String(metadata);
}
