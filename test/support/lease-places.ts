import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemcachedOptions } from '../../lib/backends/memcached/index.js';
import { filesBelow } from './file-place.js';
import type { CacheSettings } from './lease-worker.js';
import { memcachedMissing, startMemcached } from './memcached.js';

/** A place where processes have a cache together. */
export interface SharedPlace {
  readonly cache: CacheSettings;
  /** What lies there and is no entry. */
  leftovers(): string[];
  remove(): Promise<void>;
}

/** A way to share a cache, such as `file with sync io`. */
export interface SharedKind {
  readonly title: string;
  /** Why it cannot be had here; undefined if it can. */
  readonly missing: string | undefined;
  readonly make: () => Promise<SharedPlace>;
}

// A slow machine must not look like a slow server or disk.
const PATIENT = { deadlineMs: 20_000 };

const [inPlace, beside, memjs, asyncFiles, syncFiles] = [
  onMemcached('memcached, leases in the place of the entry', { client: 'meta' }),
  onMemcached('memcached, leases beside the entry', { client: 'meta', foreignClients: true }),
  onMemcached('memcached over memjs', { client: 'memjs' }),
  inFiles('async'),
  inFiles('sync'),
] as const;

/** Every way in which processes can share a cache that gives out leases and locks. */
export const SHARED_KINDS: readonly SharedKind[] = [inPlace, beside, memjs, asyncFiles, syncFiles];

/** Those of them whose locks are not the same. */
export const LOCK_KINDS: readonly SharedKind[] = [inPlace, memjs, asyncFiles];

function onMemcached(
  title: string,
  options: Pick<MemcachedOptions, 'client' | 'foreignClients'>,
): SharedKind {
  return {
    title,
    missing: memcachedMissing,
    make: async () => {
      const server = await startMemcached(['-m', '256']);
      const location = [server.address];
      return {
        cache: { backend: 'memcached', location, options: { ...options, ...PATIENT } },
        leftovers: () => [],
        remove: () => server.stop(),
      };
    },
  };
}

function inFiles(io: 'async' | 'sync'): SharedKind {
  return {
    title: `files with ${io} io`,
    missing: undefined,
    make: async () => {
      const location = mkdtempSync(join(tmpdir(), 'shared-place-'));
      return {
        cache: { backend: 'file', location, options: { io, ...PATIENT } },
        leftovers: () => filesBelow(location).filter((path) => !path.endsWith('.njcache')),
        remove: () => rm(location, { recursive: true, force: true }),
      };
    },
  };
}
