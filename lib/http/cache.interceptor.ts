import type { Server } from 'node:http';
import {
  Inject,
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { CACHE_PAGES } from '../cache.constants.js';
import { CacheConfigError, reasonOf } from '../core/cache.errors.js';
import { attend, isAttended } from './attended-exchanges.js';
import {
  bypassMessage,
  unkeyedMessage,
  unreachedMessage,
  type BypassReason,
} from './bypass-reasons.js';
import { exchangeOf } from './http-exchange.js';
import { forbidCaching } from './never-cache.js';
import { PageAddressAccessor } from './page-address.accessor.js';
import type { PageRequestTools } from './page-call.interceptor.js';
import { PageRequest } from './page-request.interceptor.js';
import { PageRulesAccessor } from './page-rules.accessor.js';
import type { Pages } from './pages.js';
import { QueryCacheAccessor } from './query-cache.accessor.js';
import { RouteCacheAccessor, type RouteCache } from './route-cache.accessor.js';
import { invalidateAfter } from './unsafe-request.interceptor.js';
import { isSafeMethod } from './unsafe-request.js';

/** What an interceptor works with, once the application is there. */
interface Tools extends PageRequestTools {
  readonly routes: RouteCacheAccessor;
  /** For contexts that are none of HTTP. */
  readonly queries: QueryCacheAccessor;
}

/**
 * Keeps the finished responses of routes and answers with them, on Express and Fastify: status, headers and body as they
 * were sent. On a hit the handler, its pipes and the serialisation do not run; guards do, before.
 *
 * Pages are what everybody may get: GET and HEAD without `Authorization`, cookies or another sign of identity, answered with
 * 200, 203, 301 or 308 and no `Set-Cookie`, `private`, `no-store`, `no-cache` or `Vary: *`. `Vary` is honoured. All else
 * passes through, with `X-Cache: BYPASS` and, once for each route and reason, a log line that says why. `X-Cache` is `HIT`,
 * `MISS` or `STALE` otherwise.
 *
 * Where it stands on a class or a handler, pages live as long as `@CachePage()` or `@CacheTTL()` says, else as the response
 * says (`s-maxage`, `max-age`, `Expires`), else as `http.timeout`, else as the cache's `timeout` says. As a global interceptor
 * (`APP_INTERCEPTOR`) it attends only to routes that bear it, `@CachePage()`, `@CacheTTL()` or `@CacheKey()`, or to all if
 * `http.timeout` is set.
 *
 * A request with another method that succeeds removes the pages of its path. A failing cache never fails a request.
 * Interceptors outside see no value of the handler on a hit, and cannot change the answer.
 *
 * @see Django, UpdateCacheMiddleware, FetchFromCacheMiddleware and cache_page(); RFC 9111
 */
@Injectable()
export class CacheInterceptor implements NestInterceptor, OnModuleInit {
  readonly #moduleRef: ModuleRef;
  readonly #config: ApplicationConfig;
  readonly #logger = new Logger('CacheInterceptor');
  #tools: Tools | undefined;

  constructor(
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(ApplicationConfig) config: ApplicationConfig,
  ) {
    this.#moduleRef = moduleRef;
    this.#config = config;
  }

  /** @throws {CacheConfigError} `CACHE_NO_MODULE`, if no module of the application imports `CacheModule`. */
  onModuleInit(): void {
    this.#tools ??= this.#makeTools();
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const tools = (this.#tools ??= this.#makeTools());
    if (context.getType() !== 'http') return tools.queries.intercept(context, next);
    const exchange = exchangeOf(context);
    if (!exchange || isAttended(exchange)) return next.handle();
    const route = tools.routes.of(context);
    const { method } = exchange.request;
    const isWrite = !isSafeMethod(method);
    if (!isWrite && !route.isNever && !mayBePage(tools, route, method)) return next.handle();
    attend(exchange);
    if (route.isNever) forbidCaching(exchange.response, tools.pages.clock);
    if (isWrite) return invalidateAfter(tools.pages, context, exchange, next);
    if (route.isNever) return next.handle();
    return new PageRequest({ tools, context, exchange, route, next }).answer();
  }

  #say(route: RouteCache, reason: BypassReason, error?: unknown): void {
    if (!isNews(route, reason)) return;
    const message = bypassMessage(route.name, reason);
    if (error === undefined) this.#logger.log(message);
    else this.#logger.warn(`${message} The error was: ${reasonOf(error)}.`);
  }

  #sayUnreached(route: RouteCache): void {
    if (isNews(route, 'unreached')) this.#logger.warn(unreachedMessage(route.name));
  }

  #sayUnkeyed(route: RouteCache, name: string): void {
    if (isNews(route, `reads ${name}`)) this.#logger.warn(unkeyedMessage(route.name, name));
  }

  #makeTools(): Tools {
    const pages = this.#findPages();
    const { options } = pages;
    const modules = (): ModulesContainer =>
      this.#moduleRef.get(ModulesContainer, { strict: false });
    const routes = new RouteCacheAccessor(CacheInterceptor, options, modules);
    return {
      pages,
      routes,
      queries: new QueryCacheAccessor({
        routes,
        pages,
        modules,
        logger: this.#logger,
      }),
      addresses: new PageAddressAccessor(this.#config, options),
      rules: new PageRulesAccessor(pages),
      server: () => this.#findServer(),
      say: (route, reason, error) => {
        this.#say(route, reason, error);
      },
      sayUnreached: (route) => {
        this.#sayUnreached(route);
      },
      sayUnkeyed:
        process.env['NODE_ENV'] === 'production'
          ? undefined
          : (route, name) => {
              this.#sayUnkeyed(route, name);
            },
    };
  }

  #findPages(): Pages {
    try {
      return this.#moduleRef.get<Pages>(CACHE_PAGES, { strict: false });
    } catch (cause) {
      throw new CacheConfigError(
        'CACHE_NO_MODULE',
        'CacheInterceptor found no CacheModule in this application. Import CacheModule.forRoot() in the root module.',
        { cause },
      );
    }
  }

  #findServer(): Server | undefined {
    const host = this.#moduleRef.get(HttpAdapterHost, { strict: false });
    return host?.httpAdapter?.getHttpServer() as Server | undefined;
  }
}

/** True if the answer of the route may be a page. */
function mayBePage(tools: Tools, route: RouteCache, method: string | undefined): boolean {
  if (route.isEventStream || (method !== 'GET' && method !== 'HEAD')) return false;
  return route.isDeclared || tools.pages.options.timeout !== undefined;
}

/** True once for each thing that there is to say of a route. */
function isNews({ said }: RouteCache, what: string): boolean {
  if (said.has(what)) return false;
  said.add(what);
  return true;
}
