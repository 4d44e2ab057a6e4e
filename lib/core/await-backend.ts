import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CacheBackendError, CacheUnavailableError, reasonOf } from './cache.errors.js';
import type { CacheLog } from './cache-log.js';
import type { CacheService } from './cache.service.js';
import { badOption } from './option-checks.js';
import {
  type Duration,
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
} from './timeout.js';

/** How long a start waits for backends: `true` for 30 seconds, or **seconds**, or a string with its unit such as `'10s'`. */
export type BackendWait = boolean | number | Duration;

const LONGEST_UNLESS_TOLD = 30;
const BETWEEN_TRIES_MS = 250;

/** The wait in seconds; 0 = none. @throws {CacheConfigError} if it is none. */
export function backendWaitSeconds(wait: BackendWait | undefined, log: CacheLog): number {
  if (wait === undefined || wait === false) return 0;
  if (wait === true) return LONGEST_UNLESS_TOLD;
  if (looksLikeMilliseconds(wait)) log.warnOnce(millisecondsWarning(wait, 'of "waitForBackends"'));
  const expected = 'true, a number of seconds above 0, or a string with its unit such as "10s"';
  try {
    const seconds = settleTimeout(wait, Date.now);
    if (seconds !== null && seconds > 0) return seconds;
  } catch {
    // Said below, with the option's name.
  }
  throw badOption('CacheModule', 'waitForBackends', wait, expected);
}

/**
 * Resolves when every server of the cache has answered.
 *
 * @param seconds How long that may take; it is tried once in any case.
 * @throws {CacheUnavailableError} if one did not answer by then. @throws {CacheConfigError} at once, for a server that is too old.
 */
export async function awaitBackend(cache: CacheService, seconds: number): Promise<void> {
  const giveUpAt = performance.now() + seconds * 1000;
  for (;;) {
    try {
      await cache.ping();
      return;
    } catch (cause) {
      // A wrong configuration is not mended by waiting.
      if (!(cause instanceof CacheBackendError)) throw cause;
      if (performance.now() + BETWEEN_TRIES_MS > giveUpAt) throw notThere(cache, seconds, cause);
    }
    await sleep(BETWEEN_TRIES_MS);
  }
}

function notThere(
  { alias, backend }: CacheService,
  seconds: number,
  cause: CacheBackendError,
): CacheUnavailableError {
  return new CacheUnavailableError(
    'CACHE_UNAVAILABLE',
    `Cache "${alias}" did not answer within ${seconds} s of the start: ${reasonOf(cause)}. Start its server first, give "waitForBackends" more time, or leave it out: then the application starts without its cache and uses it as soon as it is there.`,
    { alias, backend: backend.name, operation: 'ping', cause },
  );
}
