import {
  Inject,
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, ModuleRef, ModulesContainer } from '@nestjs/core';
import { finalize, from, tap, type Observable } from 'rxjs';
import { CACHE_REGISTRY, DEFAULT_ALIAS } from '../cache.constants.js';
import type { Ttl } from '../core/cache-backend.interface.js';
import { CacheConfigError, reasonOf } from '../core/cache.errors.js';
import type { CacheRegistry } from '../core/cache.registry.js';
import type { CacheService } from '../core/cache.service.js';
import { systemClock } from '../core/clock.js';
import { settleTimeout } from '../core/timeout.js';
import { bypassMessage, type BypassReason } from './bypass-reasons.js';
import { decideRequest } from './http-cache.policy.js';
import {
  httpExchange,
  isIdentified,
  originalMethodOf,
  type HttpExchange,
} from './http-exchange.js';
import { requestHead, type RequestHead } from './http-head.js';
import { INERT_VALUE } from './inert-value.js';
import { makeInert } from './inert-writers.js';
import { forbidCaching } from './never-cache.js';
import { PageAddressAccessor } from './page-address.accessor.js';
import { pageKey } from './page-key.js';
import type { PageFlight } from './page-flights.js';
import { PageRecording } from './page-recording.js';
import { PageStore, type FoundPage } from './page-store.js';
import { QueryCacheAccessor } from './query-cache.accessor.js';
import { replayPage } from './response-replay.js';
import { RouteCacheAccessor, type RouteCache } from './route-cache.accessor.js';
import type { StoredPage } from './stored-page.js';

/** The cache that keeps the pages, if one of this name is configured. */
const PAGES_ALIAS = 'pages';

/** How long a request waits for another that makes its page, in milliseconds. */
const COALESCE_MS = 10_000;

/** A page that is not there, and who asks for it. */
interface AskedPage {
  readonly exchange: HttpExchange;
  readonly head: RequestHead;
  readonly key: string;
  readonly route: RouteCache;
  readonly routeTtl: Ttl | undefined;
}

/** Exchanges that an interceptor attends to: where one stands on class and handler, or globally too, the first does it all. */
const attended = new WeakSet<object>();

/** One store for each cache, whichever interceptor asks, because the writes of one page must wait for each other. */
const stores = new WeakMap<CacheService, PageStore>();

/**
 * Keeps the finished responses of routes and answers with them, on Express and Fastify: status, headers and body as they
 * were sent. On a hit the handler, its pipes and the serialisation do not run; guards do, before.
 *
 * Pages are what everybody may get: GET and HEAD without `Authorization`, cookies or another sign of identity, answered with
 * 200, 203, 301 or 308 and no `Set-Cookie`, `private`, `no-store`, `no-cache` or `Vary: *`. `Vary` is honoured. All else
 * passes through, with `X-Cache: BYPASS` and, once for each route and reason, a log line that says why. `X-Cache` is `HIT`
 * or `MISS` otherwise.
 *
 * Where it stands on a class or a handler, pages live as long as `@CacheTTL()` says, else as the response says
 * (`s-maxage`, `max-age`, `Expires`), else as the cache's `timeout` says. As a global interceptor (`APP_INTERCEPTOR`) it
 * attends only to routes that bear it, `@CacheTTL()` or `@CacheKey()`. Pages are kept in the cache `pages` if one is
 * configured, else in `default`. Bodies over 1 MiB and event streams are passed through and not kept.
 *
 * A failing cache never fails a request. Interceptors outside see no value of the handler on a hit, and cannot change the
 * answer.
 *
 * @see Django, UpdateCacheMiddleware, FetchFromCacheMiddleware and cache_page(); RFC 9111
 */
@Injectable()
export class CacheInterceptor implements NestInterceptor, OnModuleInit {
  readonly #moduleRef: ModuleRef;
  readonly #addresses: PageAddressAccessor;
  readonly #routes = new RouteCacheAccessor(CacheInterceptor);
  readonly #logger = new Logger('CacheInterceptor');
  readonly #queries = new QueryCacheAccessor({
    routes: this.#routes,
    pages: () => this.#pages(),
    modules: () => this.#moduleRef.get(ModulesContainer, { strict: false }),
    logger: this.#logger,
  });
  #cache: CacheService | undefined;

  constructor(
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(ApplicationConfig) config: ApplicationConfig,
  ) {
    this.#moduleRef = moduleRef;
    this.#addresses = new PageAddressAccessor(config);
  }

  /** @throws {CacheConfigError} `CACHE_NO_MODULE`, if no module of the application imports `CacheModule`. */
  onModuleInit(): void {
    this.#cache ??= this.#findCache();
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return this.#queries.intercept(context, next);
    const exchange = httpExchange(context.getArgByIndex(0), context.getArgByIndex(1));
    if (!exchange || attended.has(exchange.response)) return next.handle();
    const route = this.#routes.of(context);
    if (route.isNever) {
      attended.add(exchange.response);
      forbidCaching(exchange.response, systemClock);
      return next.handle();
    }
    const { method } = exchange.request;
    if (!route.isDeclared || route.isEventStream || (method !== 'GET' && method !== 'HEAD')) {
      return next.handle();
    }
    attended.add(exchange.response);
    return this.#attend(context, exchange, route, next);
  }

  async #attend(
    context: ExecutionContext,
    exchange: HttpExchange,
    route: RouteCache,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const head = requestHead(exchange.request);
    const bypass = (reason: BypassReason, error?: unknown): Observable<unknown> => {
      this.#say(route, reason, error);
      mark(exchange, 'BYPASS');
      return next.handle();
    };
    const decision = decideRequest({
      head,
      originalMethod: originalMethodOf(exchange),
      identified: isIdentified(exchange),
      neverLives: typeof route.timeout !== 'function' && settled(route.timeout) === 0,
    });
    if (!decision.lookup) return bypass(decision.reason!);
    const found = await this.#addresses.of(context, exchange, route);
    if ('reason' in found) return bypass(found.reason, found.error);
    const key = pageKey(found.address, head);
    const asked = await this.#find(key, head, route);
    if (asked.page && !exchange.response.headersSent) return replay(exchange, head, asked.page);
    if (decision.reason !== undefined) return bypass(decision.reason);
    if (!decision.store) {
      mark(exchange, 'MISS');
      return next.handle();
    }
    let routeTtl: Ttl | undefined;
    try {
      routeTtl = await ttlOf(route, context);
    } catch (error) {
      return bypass('ttl-failed', error);
    }
    if (routeTtl === 0) return bypass('ttl');
    const page = { exchange, head, key, route, routeTtl };
    return this.#makeOrAwait(page, asked.key, next);
  }

  /** Makes the page, or takes it from the request that is making it. */
  async #makeOrAwait(
    asked: AskedPage,
    missingKey: string,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const { exchange, head, key, route } = asked;
    const { flights } = this.#store();
    const end = performance.now() + COALESCE_MS;
    for (let missing = missingKey; ;) {
      const flight = flights.begin(missing);
      if (flight || flights.isAlone(missing)) return this.#record(asked, missing, flight, next);
      const waited = await flights.wait(missing, exchange.response, end - performance.now());
      if (waited === 'gone') return unanswered(exchange);
      if (waited !== 'kept' && waited !== 'lost') {
        return this.#record(asked, missing, undefined, next);
      }
      const found = await this.#find(key, head, route);
      // A timeout of the framework may have answered meanwhile.
      if (exchange.response.headersSent) return next.handle();
      if (found.page) return replay(exchange, head, found.page);
      missing = found.key;
    }
  }

  #record(
    { exchange, head, key, route, routeTtl }: AskedPage,
    missing: string,
    flight: PageFlight | undefined,
    next: CallHandler,
  ): Observable<unknown> {
    const store = this.#store();
    const recording = new PageRecording({
      exchange,
      head,
      key,
      store,
      flight: flight ?? {
        land: (landing) => landing === 'kept' && store.flights.isShared(missing),
      },
      routeTtl,
      defaultTtl: settleTimeout(this.#pages().timeout, now),
      clock: systemClock,
      report: (reason, error) => {
        this.#say(route, reason, error);
      },
    });
    let hasAnswered = false;
    return next.handle().pipe(
      tap({
        next: () => {
          hasAnswered = true;
        },
        error: () => {
          recording.cancel('failed');
        },
      }),
      // An interceptor outside lost patience, or the client left.
      finalize(() => {
        if (!hasAnswered) recording.cancel('lost');
      }),
    );
  }

  async #find(key: string, head: RequestHead, route: RouteCache): Promise<FoundPage> {
    try {
      return await this.#store().find(key, head);
    } catch (error) {
      this.#say(route, 'cache-failed', error);
      return { key };
    }
  }

  #say(route: RouteCache, reason: BypassReason, error?: unknown): void {
    if (route.said.has(reason)) return;
    route.said.add(reason);
    const message = bypassMessage(route.name, reason);
    if (error === undefined) this.#logger.log(message);
    else this.#logger.warn(`${message} The error was: ${reasonOf(error)}.`);
  }

  #store(): PageStore {
    const cache = this.#pages();
    let store = stores.get(cache);
    if (!store) stores.set(cache, (store = new PageStore(cache)));
    return store;
  }

  #pages(): CacheService {
    return (this.#cache ??= this.#findCache());
  }

  #findCache(): CacheService {
    let registry: CacheRegistry;
    try {
      registry = this.#moduleRef.get<CacheRegistry>(CACHE_REGISTRY, { strict: false });
    } catch (cause) {
      throw new CacheConfigError(
        'CACHE_NO_MODULE',
        'CacheInterceptor found no CacheModule in this application. Import CacheModule.forRoot() in the root module.',
        { cause },
      );
    }
    return registry.get(registry.has(PAGES_ALIAS) ? PAGES_ALIAS : DEFAULT_ALIAS);
  }
}

function replay(exchange: HttpExchange, head: RequestHead, page: StoredPage): Observable<unknown> {
  replayPage(exchange, head, page, now());
  return from([INERT_VALUE]);
}

/** The client has left, or somebody else has answered it in full. */
function unanswered({ response, framework }: HttpExchange): Observable<unknown> {
  makeInert(response);
  if (framework !== response) {
    framework.hijack?.();
    makeInert(framework);
  }
  return from([INERT_VALUE]);
}

function mark({ response }: HttpExchange, state: 'MISS' | 'BYPASS'): void {
  // A timeout of the framework may have answered while the cache or a function of the route was waited for.
  if (!response.headersSent) response.setHeader('X-Cache', state);
}

function now(): number {
  return systemClock.now();
}

async function ttlOf(route: RouteCache, context: ExecutionContext): Promise<Ttl | undefined> {
  const { timeout } = route;
  if (typeof timeout !== 'function') return settled(timeout);
  return settleTimeout(await timeout(context), now);
}

function settled(
  timeout: Exclude<RouteCache['timeout'], (...args: never) => unknown>,
): Ttl | undefined {
  return timeout === undefined ? undefined : settleTimeout(timeout, now);
}
