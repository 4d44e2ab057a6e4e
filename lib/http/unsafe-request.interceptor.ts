import {
  Inject,
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ModuleRef, Reflector } from '@nestjs/core';
import { concatMap, type Observable } from 'rxjs';
import { CACHE_PAGES } from '../cache.constants.js';
import { reasonOf } from '../core/cache.errors.js';
import { attend } from './attended-exchanges.js';
import { exchangeOf, type HttpExchange } from './http-exchange.js';
import type { Pages } from './pages.js';
import { changedPaths, isSafeMethod } from './unsafe-request.js';

// Metadata key of Nest that it does not export under a public path in all its versions.
const REDIRECT = '__redirect__';

const reflector = new Reflector();
const logger = new Logger('CacheInterceptor');

/**
 * Removes the pages of a path when a request that changes something has succeeded, before its answer goes out. `@CachePage()`
 * on a handler puts it on the handler's class, so that the handlers beside it that write do so; `CacheInterceptor` does the
 * same for those that bear it.
 */
@Injectable()
export class UnsafeRequestInterceptor implements NestInterceptor {
  readonly #moduleRef: ModuleRef;

  constructor(@Inject(ModuleRef) moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const exchange = exchangeOf(context);
    if (!exchange || isSafeMethod(exchange.request.method) || !attend(exchange)) {
      return next.handle();
    }
    const pages = this.#moduleRef.get<Pages>(CACHE_PAGES, { strict: false });
    return invalidateAfter(pages, context, exchange, next);
  }
}

/** What has changed a resource removes its pages before its client is told. A failure is logged: what was done is done. */
export function invalidateAfter(
  pages: Pages,
  context: ExecutionContext,
  exchange: HttpExchange,
  next: CallHandler,
): Observable<unknown> {
  return next.handle().pipe(
    concatMap(async (value: unknown, index) => {
      if (index > 0) return value;
      const tags = changedPaths(exchange, redirectOf(context, value));
      try {
        await Promise.all(pages.all().map((store) => store.invalidateTags(tags)));
      } catch (error) {
        logger.warn(
          `${context.getClass().name}.${context.getHandler().name} was carried out, but the pages of its path could not be removed: ${reasonOf(error)}.`,
        );
      }
      return value;
    }),
  );
}

/** Where `@Redirect()` will send the client to, which it writes into the answer only later. */
function redirectOf(context: ExecutionContext, value: unknown): string | undefined {
  const declared = reflector.get<{ readonly url?: string } | undefined>(
    REDIRECT,
    context.getHandler(),
  );
  if (!declared) return undefined;
  const { url } = (value ?? {}) as { readonly url?: unknown };
  return typeof url === 'string' && url !== '' ? url : declared.url;
}
