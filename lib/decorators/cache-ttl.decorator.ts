import { Logger, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { CACHE_TTL_METADATA } from '../cache.constants.js';
import {
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
  type Timeout,
} from '../core/timeout.js';

type LooseDecorator = (
  target: object,
  property?: string | symbol,
  descriptor?: PropertyDescriptor,
) => void;

/** Says how long the page of one request lives. It is asked before the handler runs. */
export type CacheTTLFunction = (context: ExecutionContext) => Timeout | Promise<Timeout>;

/**
 * Says how long the pages of a handler, or of all handlers of a class, live, for use with `CacheInterceptor`. The method's
 * wins over the class's, and both over what the response says of itself.
 *
 * **Seconds**, not milliseconds, or a string with its unit. 0 or less: not stored. `null`: until evicted. A function that
 * throws or gives no timeout leaves the one request uncached, with a log line.
 *
 * @throws {TypeError} at once, if the value is no timeout.
 * @example @CacheTTL('15m')
 */
export function CacheTTL(timeout: Timeout | CacheTTLFunction): MethodDecorator & ClassDecorator {
  if (typeof timeout !== 'function') settleTimeout(timeout, Date.now);
  const set = SetMetadata(CACHE_TTL_METADATA, timeout);
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (looksLikeMilliseconds(timeout)) warn(timeout, target, property);
    (set as LooseDecorator)(target, property, descriptor);
  };
}

function warn(timeout: number, target: object, property: string | symbol | undefined): void {
  const owner = typeof target === 'function' ? target : target.constructor;
  const where = property === undefined ? owner.name : `${owner.name}.${String(property)}`;
  Logger.warn(millisecondsWarning(timeout, `of @CacheTTL() on ${where}`), 'CacheInterceptor');
}
