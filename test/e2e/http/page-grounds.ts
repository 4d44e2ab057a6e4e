import { file } from '../../../lib/backends/file/index.js';
import { memcached } from '../../../lib/backends/memcached/index.js';
import { memory } from '../../../lib/backends/memory/index.js';
import type { CacheBackendFactory } from '../../../lib/core/cache-backend.interface.js';
import type { CacheService } from '../../../lib/core/cache.service.js';
import type { OwnBackendCacheOptions } from '../../../lib/named-cache-options.interface.js';
import { filePlace } from '../../support/file-place.js';
import {
  describeUnless,
  itemsOn,
  memcachedMissing,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';
import { BackendWatch } from '../../support/watched.backend.js';
import { PLATFORMS, type Platform } from './http-app.js';

/** Where pages are kept in the tests that try it everywhere. */
export const PAGE_BACKENDS = ['memory', 'file', 'memcached'] as const;

export type PageBackend = (typeof PAGE_BACKENDS)[number];

/** What pages are kept in during the tests of one application: new, empty, and nobody else's. */
export interface PageGround {
  readonly backend: PageBackend;
  /** Options of the cache. */
  readonly options: OwnBackendCacheOptions;
  /** Tells when nothing is under way. */
  readonly watch: BackendWatch;
  /** Where the files are, on `file`. What lies beside the directory is no business of the cache. */
  readonly files?: { readonly directory: string; readonly outside: string };
  /** The server, on `memcached`. */
  readonly server?: MemcachedServer;
  /** How many entries there are besides those that are no pages, by the word of memory, disk or server. */
  entries(cache: CacheService): Promise<number>;
  remove(): Promise<void>;
}

// A busy machine is no hung disk and no hung server.
const PATIENT = { deadlineMs: 5_000 };

/** How much a ground keeps. */
export interface Limits {
  /** Default: the backend's. What memcached keeps is the server's affair. */
  readonly maxEntries?: number;
  /** Default: room enough for a page of 1 MiB and its head. */
  readonly maxEntryBytes?: number;
}

/** Makes a ground. */
export async function pageGround(backend: PageBackend, limits: Limits = {}): Promise<PageGround> {
  const watch = new BackendWatch();
  const ground = (
    factory: CacheBackendFactory,
  ): Pick<PageGround, 'backend' | 'options' | 'watch'> => ({
    backend,
    options: { backend: watch.watched(factory) },
    watch,
  });
  if (backend === 'memory') {
    return {
      ...ground(memory(limits)),
      entries: async (cache) => (await cache.stats())[0]!.items! - watch.notes,
      remove: async () => {},
    };
  }
  if (backend === 'file') {
    const place = filePlace();
    const { directory, outside } = place;
    return {
      ...ground(file({ location: directory, ...PATIENT, ...limits })),
      files: { directory, outside },
      entries: async () => place.files().length - watch.notes,
      remove: async () => {
        place.remove();
      },
    };
  }
  const server = await startMemcached(['-I', String(limits.maxEntryBytes ?? 4 << 20), '-m', '256']);
  return {
    ...ground(memcached({ location: server.address, ...PATIENT })),
    server,
    entries: async () => (await itemsOn(server.port)) - watch.notes,
    remove: () => server.stop(),
  };
}

/** Defines the same tests for each framework and each of these backends. Those of memcached are skipped where there is none. */
export function describeOnGrounds(
  title: string,
  define: (platform: Platform, backend: PageBackend) => void,
  backends: readonly PageBackend[] = PAGE_BACKENDS,
): void {
  for (const platform of PLATFORMS) {
    for (const backend of backends) {
      describeUnless(
        backend === 'memcached' ? memcachedMissing : undefined,
        `${title}, on ${platform} with pages in ${backend}`,
        () => {
          define(platform, backend);
        },
      );
    }
  }
}
