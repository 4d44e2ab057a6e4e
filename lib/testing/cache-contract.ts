import { randomUUID } from 'node:crypto';
import type { CacheService } from '../core/cache.service.js';
import { type Clock, systemClock } from '../core/clock.js';
import { accessCases } from './cache-access.cases.js';
import type {
  CacheCase,
  CacheCaseContext,
  CacheContractSettings,
  CacheFeature,
} from './cache-case.js';
import { counterCases } from './cache-counter.cases.js';
import { deadlineCases } from './cache-deadline.cases.js';
import { fenceCases } from './cache-fence.cases.js';
import { fragmentCases } from './cache-fragment.cases.js';
import { isolationCases } from './cache-isolation.cases.js';
import { keyCases } from './cache-key.cases.js';
import { lifeCases } from './cache-life.cases.js';
import { leaseCases } from './cache-lease.cases.js';
import { loadManyCases } from './cache-load-many.cases.js';
import { loadCases } from './cache-load.cases.js';
import { lockCases } from './cache-lock.cases.js';
import { manyCases } from './cache-many.cases.js';
import { namespaceCases } from './cache-namespace.cases.js';
import { staleCases } from './cache-stale.cases.js';
import { tagCases } from './cache-tag.cases.js';
import { timeoutCases } from './cache-timeout.cases.js';
import { valueCases } from './cache-value.cases.js';
import { versionCases } from './cache-version.cases.js';
import { buildCases } from './contract-case.js';
import type { ContractCase, ContractOptions } from './contract-case.js';

/** How a cache is put under its contract. */
export interface CacheContractOptions extends ContractOptions<CacheFeature> {
  /**
   * Makes a cache. Caches of one place keep their entries together; those of different places must not see each other's.
   * A place is a directory, a store's name, or the beginning of the `keyPrefix` where there is only one server.
   *
   * @param settings The options that the case needs; the rest is yours.
   * @param place Different in each case; letters, digits and hyphens.
   */
  readonly create: (settings: CacheContractSettings, place: string) => Promise<CacheService>;
  /** Takes a cache away. Default: `cache.close()`. */
  readonly dispose?: (cache: CacheService) => void | Promise<void>;
  /** The clock that the caches have. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * The contract of a whole cache, as cases for any test runner: what Django demands of every backend, in the words of
 * `CacheService`.
 *
 * @example
 * const clock = fakeClock();
 * const cases = cacheContract({
 *   clock,
 *   create: (settings, place) => createCache({ ...settings, clock, backend: shelf({ place }) }),
 *   advance: (seconds) => clock.advance(seconds),
 * });
 * for (const { title, run, skipped } of cases) (skipped ? it.skip : it)(title, run);
 * @see Django, tests/cache/tests.py, BaseCacheTests
 */
export function cacheContract(options: CacheContractOptions): ContractCase[] {
  const definitions: CacheCase[] = [
    ...accessCases,
    ...valueCases,
    ...isolationCases,
    ...timeoutCases,
    ...manyCases,
    ...counterCases,
    ...loadCases,
    ...loadManyCases,
    ...deadlineCases,
    ...leaseCases,
    ...staleCases,
    ...tagCases,
    ...fenceCases,
    ...namespaceCases,
    ...fragmentCases,
    ...lockCases,
    ...versionCases,
    ...keyCases,
    ...lifeCases,
  ];
  return buildCases(definitions, options, (run) => inContext(options, run));
}

async function inContext(
  options: CacheContractOptions,
  run: (context: CacheCaseContext) => Promise<void>,
): Promise<void> {
  const { advance, clock = systemClock, realTime = false } = options;
  const place = `p-${randomUUID().slice(0, 13)}`;
  const caches: CacheService[] = [];
  const open = async (settings: CacheContractSettings): Promise<CacheService> => {
    const cache = await options.create(settings, place);
    caches.push(cache);
    return cache;
  };
  const life = realTime ? 2 : 10;

  try {
    await run({
      cache: await open({}),
      open,
      life,
      // A server that counts whole seconds may be a moment late.
      expire: async () => advance(realTime ? life + 0.3 : life),
      advance: async (seconds) => advance(seconds),
      now: () => clock.now(),
    });
  } finally {
    for (const cache of caches) await (options.dispose?.(cache) ?? cache.close());
  }
}
