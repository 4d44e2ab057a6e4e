import type { CallHandler, ExecutionContext, Logger } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { lastValueFrom, of, type Observable } from 'rxjs';
import { reasonOf } from '../core/cache.errors.js';
import { checkedTags } from '../core/tags.js';
import { settleTimeout, type Timeout } from '../core/timeout.js';
import type { CacheKeyFunction } from '../decorators/cache-key.decorator.js';
import { digestOf } from './key-digest.js';
import { keptOrMade, type AskedValue } from './kept-value.js';
import { keyTag, routeTag } from './page-tags.js';
import type { Pages } from './pages.js';
import { queryBypassMessage, type QueryBypassReason } from './query-bypass-reasons.js';
import { queryRefusal } from './query-refusal.js';
import { resolverCallOf, rootFieldOf } from './resolver-call.js';
import type { RouteCache, RouteCacheAccessor } from './route-cache.accessor.js';
import { hasTwin } from './twin-handlers.accessor.js';

/** What the values of queries are kept with. */
export interface QueryCacheParts {
  readonly routes: RouteCacheAccessor;
  readonly pages: Pages;
  readonly modules: () => ModulesContainer;
  readonly logger: Logger;
}

/** Where a value is kept, for how long, and by what it may be removed. */
type Place = Pick<AskedValue, 'key' | 'timeout' | 'tags'>;

/** Why there is no place for a value. */
class NoPlace extends Error {
  constructor(
    readonly reason: QueryBypassReason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** What `@CachePage()` can say of pages alone. */
const OF_PAGES = ['early', 'staleIfError', 'staleWhileRevalidate'] as const;

/** What is never cached, wherever the interceptor stands. */
const UNASKED: ReadonlySet<string> = new Set(['message', 'mutation', 'subscription', 'field']);

/** Calls that an interceptor attends to: where one stands globally, on class and on handler, the first does it all. */
const attended = new WeakSet<ExecutionContext>();

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
    const refusal = this.#refusalOf(context, route);
    if (refusal !== undefined) {
      this.#say(route, refusal);
      return next.handle();
    }
    let place: Place;
    try {
      place = await this.#placeOf(context, route);
    } catch (error) {
      if (!(error instanceof NoPlace)) throw error;
      this.#say(route, error.reason, error.cause);
      return next.handle();
    }
    this.#sayWhatIsLeft(route);
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

  #refusalOf(context: ExecutionContext, route: RouteCache): QueryBypassReason | undefined {
    const call = callOf(context);
    if (call !== 'query') return call;
    if (typeof route.key !== 'function') return 'arguments';
    return (
      queryRefusal(context.getArgs(), route) ?? (this.#hasTwin(context, route) ? 'twin' : undefined)
    );
  }

  /** @throws {NoPlace} */
  async #placeOf(context: ExecutionContext, route: RouteCache): Promise<Place> {
    const { page } = route;
    if (await asking('unless-failed', () => page.unless?.(context))) throw new NoPlace('unless');
    const made = await asking('key', () => (route.key as CacheKeyFunction)(context));
    if (typeof made !== 'string' || made === '') throw new NoPlace('key');
    const timeout = await asking('ttl-failed', () => this.#timeoutOf(context, route));
    if (await asking('ttl-failed', () => this.#isOver(timeout))) throw new NoPlace('ttl');
    const tags = await asking('tags', async () =>
      typeof page.tags === 'function' ? checkedTags(await page.tags(context)) : page.tags,
    );
    const keyPrefix = page.keyPrefix ?? this.#parts.pages.options.keyPrefix;
    return {
      key: `query:${digestOf([keyPrefix, ...route.identity, ...rootFieldOf(context.getArgs()), made])}`,
      timeout,
      tags: [routeTag(route.name), keyTag(made), ...(tags ?? [])],
    };
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

  #sayWhatIsLeft({ name, page, said }: RouteCache): void {
    const left = OF_PAGES.filter((option) => page[option] !== undefined && page[option] !== false);
    if (left.length === 0 || said.has('left')) return;
    said.add('left');
    this.#parts.logger.warn(
      `${name} is cached without ${left.map((option) => `"${option}"`).join(', ')} of @CachePage(), which only pages have.`,
    );
  }

  #say(route: RouteCache, reason: QueryBypassReason, error?: unknown): void {
    // A class may bear the interceptor for the sake of other handlers, so that alone is no reason to speak.
    const isMeant = !UNASKED.has(reason) || route.key !== undefined || route.timeout !== undefined;
    if (!isMeant || route.said.has(reason)) return;
    route.said.add(reason);
    const message = queryBypassMessage(route.name, reason);
    if (error === undefined) this.#parts.logger.log(message);
    else this.#parts.logger.warn(`${message} The error was: ${reasonOf(error)}.`);
  }
}

async function asking<T>(reason: QueryBypassReason, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new NoPlace(reason, { cause });
  }
}

function callOf(context: ExecutionContext): 'message' | ReturnType<typeof resolverCallOf> {
  return context.getType<string>() === 'graphql' ? resolverCallOf(context.getArgs()) : 'message';
}
