import type { ExecutionContext, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  CACHE_KEY_METADATA,
  CACHE_TTL_METADATA,
  NEVER_CACHE_METADATA,
} from '../cache.constants.js';
import type { CacheKeyFunction } from '../decorators/cache-key.decorator.js';
import type { CacheTTLFunction } from '../decorators/cache-ttl.decorator.js';
import type { Timeout } from '../core/timeout.js';

/** What class and handler of a route declare. */
export interface RouteCache {
  /** The route in log lines: `CatsController.findAll`. */
  readonly name: string;
  /** What tells the route from all others, the same in every process. */
  readonly identity: readonly string[];
  /** True if class or handler bears the interceptor, `@CacheTTL()` or `@CacheKey()`. */
  readonly isDeclared: boolean;
  readonly isNever: boolean;
  /** True for server-sent events, which are no page. */
  readonly isEventStream: boolean;
  readonly key: string | CacheKeyFunction | undefined;
  readonly timeout: Timeout | CacheTTLFunction | undefined;
  /** Reasons that have been logged for the route. */
  readonly said: Set<string>;
}

type Handler = ReturnType<ExecutionContext['getHandler']>;

// Metadata keys of Nest that it does not export under a public path in all its versions.
const INTERCEPTORS = '__interceptors__';
const SERVER_SENT_EVENTS = '__sse__';
const WHERE_IT_STANDS = ['path', 'host', '__version__'];

/** Reads what routes declare, once for each. */
export class RouteCacheAccessor {
  readonly #interceptor: Type<unknown>;
  readonly #reflector = new Reflector();
  // By class and handler, because classes may inherit one.
  readonly #routes = new WeakMap<object, WeakMap<object, RouteCache>>();

  /** @param interceptor The class whose presence on a route declares it as cached. Its subclasses count too. */
  constructor(interceptor: Type<unknown>) {
    this.#interceptor = interceptor;
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
    const key = this.#reflector.get<RouteCache['key']>(CACHE_KEY_METADATA, handler);
    const timeout = this.#reflector.getAllAndOverride<RouteCache['timeout']>(
      CACHE_TTL_METADATA,
      both,
    );
    const places = both.flatMap((target) =>
      WHERE_IT_STANDS.map((name) => textOf(this.#reflector.get(name, target))),
    );
    return {
      name: `${owner.name}.${handler.name}`,
      identity: [owner.name, handler.name, ...places],
      isDeclared:
        key !== undefined || timeout !== undefined || both.some((target) => this.#bears(target)),
      isNever: both.some((target) => this.#reflector.get(NEVER_CACHE_METADATA, target) === true),
      isEventStream: this.#reflector.get(SERVER_SENT_EVENTS, handler) !== undefined,
      key,
      timeout,
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

function textOf(metadata: unknown): string {
  // Undefined and symbols have no JSON.
  const json: unknown = JSON.stringify(metadata);
  return typeof json === 'string' ? json : String(metadata);
}
