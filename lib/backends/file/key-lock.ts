import { closeSync, linkSync, openSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { CacheTimeoutError } from '../../core/cache.errors.js';
import { FILE_MODE, hasNoLinks, isAbsent, isTaken } from './io-errors.js';
import { SyncFileIo } from './sync-file-io.js';

/** A lock as the work under it sees it. */
export interface HeldLock {
  /** False once it is so old that another process may take it. Asked right before what must not be done twice. */
  isHeld(): boolean;
}

/** After this long a lock counts as left behind by a process that was killed. It is held for microseconds. */
export const LEASE_MS = 2_000;

const IMMEDIATE_TRIES = 4;
const TRIES_BETWEEN_CHECKS = 8;
const MOST_PAUSE_MS = 8;

const files = new SyncFileIo();

/**
 * Runs `work` while this process alone holds the lock of an entry.
 *
 * The work is synchronous, so callers in one process never meet at the lock, and it is held for microseconds. One that is
 * `LEASE_MS` old was left by a process that was killed, and is replaced.
 *
 * @param entry The entry's file, which need not be there.
 * @param until When to give up waiting, by `performance.now()`.
 * @throws {CacheTimeoutError} if others held the lock until then; `work` did not run. @throws what `work` throws, and
 * `ENOENT` if the directory is not there.
 */
export async function withLock<T>(
  entry: string,
  lock: string,
  until: number,
  work: (lock: HeldLock) => T,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    if (tryLock(entry, lock)) return runLocked(lock, work);
    if (performance.now() >= until) {
      throw new CacheTimeoutError('CACHE_TIMEOUT', `the lock "${lock}" was not free in time`);
    }
    if (tries % TRIES_BETWEEN_CHECKS === 0) removeIfDead(lock);
    if (tries <= IMMEDIATE_TRIES) await setImmediate();
    else await setTimeout(1 + Math.random() * Math.min(tries, MOST_PAUSE_MS));
  }
}

function runLocked<T>(lock: string, work: (lock: HeldLock) => T): T {
  const since = performance.now();
  const isHeld = (): boolean => performance.now() - since < LEASE_MS / 2;
  try {
    return work({ isHeld });
  } finally {
    // After that long it may be another process's lock that lies there.
    if (isHeld()) files.unlink(lock);
  }
}

// The lock is a second name of the entry's file: like a file of its own it can be made by one process only, but there is
// no inode to make and to delete. Measured on ext4 under load, a lock then costs a tenth. Linking also sets the file's
// ctime, which tells how old the lock is.
function tryLock(entry: string, lock: string): boolean {
  try {
    linkSync(entry, lock);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    if (!isAbsent(error) && !hasNoLinks(error)) throw error;
  }
  return tryMake(lock);
}

function tryMake(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

// Two who find the same dead lock must not both remove it: the second would remove the lock that a third has made in
// between. So only the maker of the `.steal` file may, and looks again when it has it.
function removeIfDead(lock: string): void {
  if (!isOld(lock, Date.now())) return;
  const steal = `${lock}.steal`;
  if (!tryMake(steal)) {
    if (isOld(steal, Date.now())) files.unlink(steal);
    return;
  }
  try {
    // On a network disk times are the server's; so the age is measured against a file that is new there.
    const now = files.stat(steal)?.ctimeMs;
    if (now !== undefined && isOld(lock, now)) files.unlink(lock);
  } finally {
    files.unlink(steal);
  }
}

// One from the future is as old: the clock was set back since.
function isOld(path: string, now: number): boolean {
  const stats = files.stat(path);
  return stats !== undefined && Math.abs(now - stats.ctimeMs) > LEASE_MS;
}
