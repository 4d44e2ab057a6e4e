import type { CallHandler, ExecutionContext, Logger } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { reasonOf } from '../core/cache.errors.js';
import { settleTimeout, type Timeout } from '../core/timeout.js';
import { decideRequest } from './http-cache.policy.js';
import { httpRequest, isIdentified, type FrameworkRequest } from './http-exchange.js';
import { requestHead, type RequestHead } from './http-head.js';
import { digestOf } from './key-digest.js';
import { keptOrMade } from './kept-value.js';
import { keyTag, routeTag } from './page-tags.js';
import type { Pages } from './pages.js';
import { queryBypassMessage, type QueryBypassReason } from './query-bypass-reasons.js';
import { resolverCallOf, resolverContextOf, rootFieldOf } from './resolver-call.js';
import type { RouteCache, RouteCacheAccessor } from './route-cache.accessor.js';
import { hasTwin } from './twin-handlers.accessor.js';

/** What the values of queries are kept with. */
export interface QueryCacheParts {
  readonly routes: RouteCacheAccessor;
  readonly pages: Pages;
  readonly modules: () => ModulesContainer;
  readonly logger: Logger;
}

/** What is used of the context that resolvers share; each field may be missing. */
type GraphqlContext = FrameworkRequest & { readonly req?: unknown };

/** Where a value is kept, and for how long; or why it is not. */
type Place =
  | { readonly key: string; readonly timeout: Timeout; readonly tags: readonly string[] }
  | { readonly reason: QueryBypassReason; readonly error?: unknown };

/** Calls that an interceptor attends to: where one stands globally, on class and on handler, the first does it all. */
const attended = new WeakSet<ExecutionContext>();

/** The headers that tell of a body. */
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

/**
 * What `CacheInterceptor` does where it is not asked about a request of HTTP: nothing, except for root queries of GraphQL
 * that bear `@CacheKey()` with a function. What their resolver returns is kept under the key that the function makes.
 *
 * Each resolver has keys of its own, which are neither those of pages nor of services. Nothing of the request is in them,
 * so requests that would get no page get no value either: with `Authorization`, cookies or another sign of whose they are.
 * For these the function is not even asked.
 *
 * Mutations, subscriptions, fields of other types and messages of any kind pass. If they are decorated nevertheless, one
 * log line for each handler says so.
 */
export class QueryCacheAccessor {
  readonly #parts: QueryCacheParts;
  readonly #twins = new WeakMap<RouteCache, boolean>();

  constructor(parts: QueryCacheParts) {
    this.#parts = parts;
  }

  /** As `NestInterceptor.intercept()`, for every context but that of HTTP. */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const route = this.#parts.routes.of(context);
    if (!route.isDeclared || route.isNever || attended.has(context)) return next.handle();
    attended.add(context);
    const call = callOf(context);
    // A class may be decorated for the sake of other handlers, so that alone is no reason to speak.
    const isMeant = call === 'query' || route.key !== undefined || route.timeout !== undefined;
    if (!isMeant) return next.handle();
    const place = call === 'query' ? await this.#placeOf(context, route) : { reason: call };
    if ('reason' in place) {
      this.#say(route, place.reason, place.error);
      return next.handle();
    }
    const value = await keptOrMade({
      ...place,
      cache: this.#parts.pages.cache(route.page.cache),
      make: () => lastValueFrom(next.handle()),
      report: (reason, error) => {
        this.#say(route, reason, error);
      },
    });
    return of(value);
  }

  async #placeOf(context: ExecutionContext, route: RouteCache): Promise<Place> {
    if (typeof route.key !== 'function') return { reason: 'arguments' };
    const args = context.getArgs();
    const refusal = refusalOf(args, route) ?? (this.#hasTwin(context, route) ? 'twin' : undefined);
    if (refusal !== undefined) return { reason: refusal };
    let made: unknown;
    try {
      made = await route.key(context);
    } catch (error) {
      return { reason: 'key', error };
    }
    if (typeof made !== 'string' || made === '') return { reason: 'key' };
    const key = `query:${digestOf([...route.identity, ...rootFieldOf(args), made])}`;
    let timeout: Timeout;
    try {
      timeout = await this.#timeoutOf(context, route);
      if (this.#isOver(timeout)) return { reason: 'ttl' };
    } catch (error) {
      return { reason: 'ttl-failed', error };
    }
    try {
      const { tags = [] } = route.page;
      const own = typeof tags === 'function' ? await tags(context) : tags;
      return { key, timeout, tags: [routeTag(route.name), keyTag(made), ...own] };
    } catch (error) {
      return { reason: 'tags', error };
    }
  }

  async #timeoutOf(context: ExecutionContext, { timeout, page }: RouteCache): Promise<Timeout> {
    const { pages } = this.#parts;
    if (timeout === undefined) return pages.options.timeout ?? pages.cache(page.cache).timeout;
    return typeof timeout === 'function' ? timeout(context) : timeout;
  }

  #isOver(timeout: Timeout): boolean {
    return settleTimeout(timeout, () => this.#parts.pages.clock.now()) === 0;
  }

  #hasTwin(context: ExecutionContext, route: RouteCache): boolean {
    let known = this.#twins.get(route);
    if (known === undefined) {
      known = hasTwin(context.getClass(), context.getHandler().name, this.#parts.modules());
      this.#twins.set(route, known);
    }
    return known;
  }

  #say(route: RouteCache, reason: QueryBypassReason, error?: unknown): void {
    if (route.said.has(reason)) return;
    route.said.add(reason);
    const message = queryBypassMessage(route.name, reason);
    if (error === undefined) this.#parts.logger.log(message);
    else this.#parts.logger.warn(`${message} The error was: ${reasonOf(error)}.`);
  }
}

function callOf(context: ExecutionContext): 'message' | ReturnType<typeof resolverCallOf> {
  return context.getType<string>() === 'graphql' ? resolverCallOf(context.getArgs()) : 'message';
}

/**
 * Why the answer may be for one user, or is not to be kept for another reason that lies in the request. It is judged as the
 * request for a page would be that bears its query in the URL.
 */
function refusalOf(
  args: readonly unknown[],
  { rules, page }: RouteCache,
): QueryBypassReason | undefined {
  const context: GraphqlContext | undefined = resolverContextOf(args);
  const found = httpRequest(context?.req);
  if (!context || !found) return 'request';
  const { request } = found;
  return decideRequest({
    head: withoutBody(requestHead(request)),
    // An application may put the user beside the request.
    identified: isIdentified(found) || isIdentified({ request, asked: context }),
    neverLives: false,
    // Users and cookies that pages are keyed by are not in the key that the function makes.
    rules: { ...rules, isCovered: page.shared === true, keyedCookies: [] },
  }).reason;
}

function withoutBody(head: RequestHead): RequestHead {
  const lines = new Map([...head.lines].filter(([name]) => !BODY_HEADERS.has(name)));
  return { ...head, method: 'GET', lines };
}
