import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { systemClock } from '../core/clock.js';
import { exchangeOf } from './http-exchange.js';
import { forbidCaching } from './never-cache.js';

/** Makes the answers of a route say that no cache may keep them, also where no `CacheInterceptor` stands on it. */
export class NeverCacheInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const exchange = exchangeOf(context);
    if (exchange) forbidCaching(exchange.response, systemClock);
    return next.handle();
  }
}
