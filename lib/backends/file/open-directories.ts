import type { BackendContext } from '../../core/cache-backend.interface.js';
import { CacheConfigError, reasonOf } from '../../core/cache.errors.js';
import type { CacheDirectories } from './cache-directories.js';
import { codeOf } from './io-errors.js';

// A disk that is full or in trouble now may be well later, and the application starts without it.
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'ESTALE', 'ETIMEDOUT']);

/**
 * Makes the directories of a cache and checks them.
 *
 * @throws {CacheConfigError} `CACHE_DIRECTORY` if they cannot be made or are not safe. If they are there but cannot be
 * written to, reads still work, and a warning is all.
 */
export async function openDirectories(
  directories: CacheDirectories,
  location: string,
  context: Pick<BackendContext, 'alias' | 'report'>,
): Promise<void> {
  const { alias } = context;
  try {
    await directories.open();
  } catch (cause) {
    if (!PASSING.has(codeOf(cause))) {
      throw new CacheConfigError(
        'CACHE_DIRECTORY',
        `Cache "${alias}" cannot keep its files in "${location}": ${reasonOf(cause)}. The location must be a directory that belongs to the user of this process and that nobody else can write to, or a path where it can make one.`,
        { alias, backend: 'file', cause },
      );
    }
  }
  try {
    await directories.probe();
  } catch (error) {
    context.report({
      kind: 'warning',
      message: `"${location}" cannot be written to. Until it can, entries are read but not stored`,
      error,
    });
  }
}
