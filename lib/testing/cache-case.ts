import type { CacheOptions } from '../core/cache-options.interface.js';
import type { CacheService } from '../core/cache.service.js';
import type { CaseDefinition } from './contract-case.js';

/** What a cache may lack, because its backend does; see `BackendFeature`. */
export type CacheFeature =
  'storage' | 'incr' | 'negativeCounters' | 'lease' | 'lock' | 'ttl' | 'stats';

/** The options that cases of the cache contract set. */
export type CacheContractSettings = Readonly<
  Pick<CacheOptions, 'timeout' | 'keyPrefix' | 'version' | 'keyFunction' | 'invalidKeys'>
>;

/** What a case of the cache contract works on. */
export interface CacheCaseContext {
  /** A cache with the settings as they are if nothing is set. */
  readonly cache: CacheService;
  /** Another cache over the same place. */
  readonly open: (settings: CacheContractSettings) => Promise<CacheService>;
  /** A short life: an entry written with it is alive now, and over after `expire()`. Whole seconds. */
  readonly life: number;
  /** Lets entries written with `life` expire, and none with 100 seconds or more. */
  readonly expire: () => Promise<void>;
  readonly advance: (seconds: number) => Promise<void>;
  /** Milliseconds since the epoch, as the cache sees them. */
  readonly now: () => number;
}

/** One case of the cache contract. */
export type CacheCase = CaseDefinition<CacheFeature, CacheCaseContext>;
