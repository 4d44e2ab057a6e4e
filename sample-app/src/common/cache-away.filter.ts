import { Catch, HttpException, HttpStatus, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { CacheBackendError, CacheUnsupportedError } from 'nestjs-cache-framework';
import type { ArgumentsHost } from '@nestjs/common';

/**
 * What the visitor is told when the cache is away.
 *
 * Most calls never come here: while the backend is away, reads are misses and writes answer false. But `add`, `incr`,
 * `pull` and `clear` decide something (who has the lock, how many tries are left), and an invented answer would be worse
 * than none. They throw, and this one filter makes an honest 503 of it.
 */
@Catch(CacheBackendError, CacheUnsupportedError)
export class CacheAwayFilter extends BaseExceptionFilter {
  readonly #logger = new Logger(CacheAwayFilter.name);

  override catch(error: CacheBackendError | CacheUnsupportedError, host: ArgumentsHost): void {
    this.#logger.warn(error.message);
    super.catch(error instanceof CacheBackendError ? cacheAway() : notSupported(error), host);
  }
}

/** A 503 that says what is wrong and what to do. For writes that answered false, and for what the filter catches. */
export function cacheAway(): HttpException {
  return new HttpException(
    {
      error: 'The cache is away',
      message: 'The cache is away. This needs it to decide, so please try again in a moment.',
    },
    HttpStatus.SERVICE_UNAVAILABLE,
  );
}

function notSupported(error: CacheUnsupportedError): HttpException {
  return new HttpException(
    { error: 'Not supported', message: error.message },
    HttpStatus.NOT_IMPLEMENTED,
  );
}
