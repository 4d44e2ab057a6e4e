import { Catch, HttpException, HttpStatus } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CacheBackendError, CacheUnsupportedError } from 'nestjs-cache-framework';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { CacheError } from 'nestjs-cache-framework';

/**
 * What the visitor is told when the cache is away.
 *
 * Most calls never come here: while the backend is away, reads are misses and writes answer false. But `add`, `incr`,
 * `pull` and `clear` decide something (who has the lock, how many tries are left), and an invented answer would be worse
 * than none. They throw, and this one filter makes an honest 503 of it. It logs nothing: CacheModule wrote a line when
 * the server went away, and writes one when it is back.
 */
@Catch(CacheBackendError, CacheUnsupportedError)
export class CacheAwayFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: CacheError, host: ArgumentsHost): void {
    const answer = error instanceof CacheBackendError ? cacheAway() : notSupported(error);
    const response: unknown = host.switchToHttp().getResponse();
    this.adapterHost.httpAdapter.reply(response, answer.getResponse(), answer.getStatus());
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

// Some backends cannot do everything; one that keeps nothing, for example, has no figures to tell.
function notSupported(error: CacheError): HttpException {
  return new HttpException(
    { error: 'Not supported', message: error.message },
    HttpStatus.NOT_IMPLEMENTED,
  );
}
