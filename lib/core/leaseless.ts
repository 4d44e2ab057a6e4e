import type { CacheView } from './cache-view.js';
import type { CacheBackend } from './cache-backend.interface.js';
import { type CacheUnsupportedError, reasonOf } from './cache.errors.js';

// Backends whose servers turned out to give out no leases, although their clients could ask for them.
const leaseless = new WeakSet<CacheBackend>();

/** True if the backend gives out leases, as far as is known. */
export function givesLeases({ strict, parts }: CacheView): boolean {
  return strict.lease !== undefined && !leaseless.has(parts.backend);
}

/** The servers give out no leases. That is told once. */
export function noteLeaseless({ strict, parts }: CacheView, error: CacheUnsupportedError): void {
  leaseless.add(parts.backend);
  parts.log.warnOnce(
    `cache "${parts.alias}": ${strict.name} gives out no leases, so each process loads for itself: ${reasonOf(error)}.`,
  );
}
