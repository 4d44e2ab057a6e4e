import { closeSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { CacheTimeoutError } from '../../core/cache.errors.js';
import { FILE_MODE, isTaken } from './io-errors.js';
import { isGone, ownIdentity } from './process-identity.js';
import { SyncFileIo } from './sync-file-io.js';

/** A lock as the work under it sees it. */
export interface HeldLock {
  /** False once it is so old that another process may have taken it. Asked right before what must not be done twice. */
  isHeld(): boolean;
}

/** After this long a lock counts as left behind, whoever made it. It is held for microseconds. */
export const LEASE_MS = 10_000;

const IMMEDIATE_TRIES = 4;
const TRIES_BETWEEN_CHECKS = 16;
const MOST_PAUSE_MS = 8;
const MOST_LINE_BYTES = 256;

const files = new SyncFileIo();

/**
 * Runs `work` while this process alone holds the lock, a file that only its maker removes.
 *
 * The work is synchronous, so callers in one process never meet at the lock, and the lock is held for microseconds. A lock
 * that a killed process left is replaced: at once if its process is gone, else when it is `LEASE_MS` old.
 *
 * @param until When to give up waiting, by `performance.now()`.
 * @throws {CacheTimeoutError} if others held the lock until then; `work` did not run. @throws what `work` throws, and
 * `ENOENT` if the directory is not there.
 */
export async function withLock<T>(
  path: string,
  until: number,
  work: (lock: HeldLock) => T,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    if (tryLock(path)) return runLocked(path, work);
    if (performance.now() >= until) {
      throw new CacheTimeoutError(
        'CACHE_TIMEOUT',
        `other processes held the lock "${path}" too long`,
      );
    }
    if (tries % TRIES_BETWEEN_CHECKS === 2) removeIfDead(path);
    if (tries <= IMMEDIATE_TRIES) await setImmediate();
    else await setTimeout(1 + Math.random() * Math.min(tries, MOST_PAUSE_MS));
  }
}

function runLocked<T>(path: string, work: (lock: HeldLock) => T): T {
  const since = performance.now();
  const isHeld = (): boolean => performance.now() - since < LEASE_MS / 2;
  try {
    return work({ isHeld });
  } finally {
    // After that long it may be another process's lock that lies there.
    if (isHeld()) files.unlink(path);
  }
}

function tryLock(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'wx', FILE_MODE);
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
  try {
    writeSync(fd, ownIdentity() ?? '');
    return true;
  } catch (error) {
    files.unlink(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

// Two who find the same dead lock must not both remove it: the second would remove the lock that a third has made in
// between. So only the maker of the `.steal` file may, and looks again when it has it.
function removeIfDead(path: string): void {
  if (!isDead(path, Date.now())) return;
  const steal = `${path}.steal`;
  try {
    closeSync(openSync(steal, 'wx', FILE_MODE));
  } catch (error) {
    if (!isTaken(error)) throw error;
    if (isOld(steal, Date.now())) files.unlink(steal);
    return;
  }
  try {
    // On a network disk times are the server's; so the age is measured against a file that is new there.
    const now = files.stat(steal)?.mtimeMs;
    if (now !== undefined && isDead(path, now)) files.unlink(path);
  } finally {
    files.unlink(steal);
  }
}

function isDead(path: string, now: number): boolean {
  if (isOld(path, now)) return true;
  const line = files.read(path, MOST_LINE_BYTES, MOST_LINE_BYTES);
  return line !== undefined && isGone(line.bytes.toString('latin1'));
}

// One from the future is as old: the clock was set back since.
function isOld(path: string, now: number): boolean {
  const stats = files.stat(path);
  return stats !== undefined && stats.isFile() && Math.abs(now - stats.mtimeMs) > LEASE_MS;
}
