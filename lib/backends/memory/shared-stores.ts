import type { BackendContext } from '../../core/cache-backend.interface.js';
import { CacheConfigError } from '../../core/cache.errors.js';
import type { MemoryLimits } from './memory.options.js';
import { MemoryStore } from './memory.store.js';

interface SharedStore {
  readonly store: MemoryStore;
  /** The cache that made it, for messages. */
  readonly alias: string;
}

/**
 * The store of a location and a scope, made if nobody uses it yet. Each call counts as a user.
 *
 * @throws {CacheConfigError} `CACHE_STORE_LIMITS` if it is in use with other limits.
 */
export function acquireStore(
  context: BackendContext,
  location: string,
  limits: MemoryLimits,
): MemoryStore {
  const { shared, scope, alias, clock } = context;
  const name = nameOf(location, scope);
  const found = shared.get(name) as SharedStore | undefined;
  const store = found?.store ?? new MemoryStore(limits, clock);
  if (found) {
    const different = differenceOf(found.store.limits, limits);
    if (different) throw limitsDiffer(found.alias, alias, location, different);
  } else {
    shared.set(name, { store, alias } satisfies SharedStore);
  }
  store.users += 1;
  return store;
}

/** Ends one use. The last user takes the store along. */
export function releaseStore(context: BackendContext, location: string, store: MemoryStore): void {
  store.users -= 1;
  if (store.users > 0) return;
  store.clear();
  context.shared.delete(nameOf(location, context.scope));
}

function nameOf(location: string, scope: string): string {
  return `memory:${JSON.stringify([location, scope])}`;
}

function differenceOf(a: MemoryLimits, b: MemoryLimits): string | undefined {
  for (const name of ['maxEntries', 'maxBytes', 'maxEntryBytes', 'cullFrequency'] as const) {
    if (a[name] !== b[name]) return `"${name}" ${a[name] ?? 'not set'} and ${b[name] ?? 'not set'}`;
  }
  return undefined;
}

function limitsDiffer(
  first: string,
  second: string,
  location: string,
  difference: string,
): CacheConfigError {
  return new CacheConfigError(
    'CACHE_STORE_LIMITS',
    `The caches "${first}" and "${second}" share the memory store "${location}", but differ in its limits: ${difference}. Give both the same limits, or one of them a location of its own.`,
    { alias: second, backend: 'memory' },
  );
}
