import { setTimeout as sleep } from 'node:timers/promises';
import { CacheBackendError, CacheUnsupportedError, shortKey } from '../../core/cache.errors.js';

const MOST_PAUSE_MS = 8;

/**
 * Waits a little before an item is read and changed again because somebody else changed it in between: not at the first
 * time, then for a random while, so that two who change it in step do not go on doing so.
 *
 * @param losses How often that has happened, from 1.
 */
export async function pauseAfterLoss(losses: number): Promise<void> {
  if (losses > 1) await sleep(Math.random() * Math.min(losses, MOST_PAUSE_MS));
}

/** The error when that happened again and again. */
export function changedByOthers(
  server: string,
  operation: string,
  key: string,
  tries: number,
): CacheBackendError {
  return new CacheBackendError(
    'CACHE_BACKEND',
    `The entry "${shortKey(key)}" on memcached ${server} was changed by others at each of ${tries} tries. Nothing was changed; try again later.`,
    { backend: 'memcached', operation, key },
  );
}

/** A counter is to be changed by compare and swap on a server that has none. */
export function countsWithoutCas(server: string, key: string): CacheUnsupportedError {
  return new CacheUnsupportedError(
    'CACHE_UNSUPPORTED',
    `memcached ${server} runs without CAS, so the counter "${shortKey(key)}" cannot be lowered safely. Start the server without "-C".`,
    { backend: 'memcached', operation: 'incr', key },
  );
}
