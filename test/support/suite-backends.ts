import type {
  BackendContext,
  BackendReport,
  CacheBackend,
  CacheBackendFactory,
} from '../../lib/core/cache-backend.interface.js';
import type { Clock } from '../../lib/core/clock.js';

/** What backends of one test share, and what they had to tell. */
export interface BackendPlace {
  readonly reports: BackendReport[];
  /** Makes and opens a backend over this place. */
  open(factory: CacheBackendFactory, scope: string): Promise<CacheBackend>;
  /** What a backend of this place is given. */
  context(scope: string): BackendContext;
}

/** A place for backends with one clock. */
export function backendPlace(clock: Clock): BackendPlace {
  const reports: BackendReport[] = [];
  const shared = new Map<string, unknown>();
  const context = (scope: string): BackendContext => ({
    alias: 'contract',
    scope,
    clock,
    shared,
    report: (report) => {
      reports.push(report);
    },
  });
  return {
    reports,
    context,
    open: async (factory, scope) => {
      const backend = await factory(context(scope));
      await backend.open?.();
      return backend;
    },
  };
}
