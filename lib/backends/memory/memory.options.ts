import { badOption, checkInteger, checkOptionNames } from '../../core/option-checks.js';

/** Where the memory backend keeps its entries, and how many. */
export interface MemoryOptions {
  /**
   * The store's name. Caches with the same location and the same `keyPrefix` share one store, and so its entries and its
   * limits. Default: `''`.
   */
  readonly location?: string;
  /** Most entries, at least 1 and at most 8,388,608. Default: 10,000. */
  readonly maxEntries?: number;
  /**
   * Most bytes of all entries together, at least 1,024: keys, values and what the process needs around them (about 200
   * bytes an entry). Default: 64 MiB.
   */
  readonly maxBytes?: number;
  /**
   * Most bytes of one entry, counted likewise, at least 1,024. A larger one is refused: `set` answers false, the value
   * that was there is gone, and no other entry is. Default: `maxBytes`.
   */
  readonly maxEntryBytes?: number;
  /**
   * How large a share of the entries goes at once when `maxEntries` is reached: one in `cullFrequency`, least recently
   * used first; 0 removes all. At least one goes. Default: not set, one entry at a time.
   *
   * @see Django, `CULL_FREQUENCY`
   */
  readonly cullFrequency?: number;
}

/** The limits of one store, settled. */
export interface MemoryLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly maxEntryBytes: number;
  /** Undefined: one entry at a time. */
  readonly cullFrequency: number | undefined;
}

/** Checked options: the store's name and its limits. */
export interface ResolvedMemoryOptions {
  readonly location: string;
  readonly limits: MemoryLimits;
}

const DEFAULTS = {
  location: '',
  maxEntries: 10_000,
  maxBytes: 64 * 1024 * 1024,
} as const satisfies MemoryOptions;

const NAMES = ['location', 'maxEntries', 'maxBytes', 'maxEntryBytes', 'cullFrequency'];
const WHERE = 'the options of the memory backend';
// V8's Map holds 2^24 keys, and needs up to twice its keys when they come and go.
const MOST_ENTRIES = 2 ** 23;
const LEAST_BYTES = 1024;

/** Merges the options with their defaults and checks them. @throws {CacheConfigError} */
export function resolveMemoryOptions(options: MemoryOptions): ResolvedMemoryOptions {
  checkOptionNames(WHERE, options, NAMES);
  const { location = DEFAULTS.location, cullFrequency } = options;
  const { maxEntries = DEFAULTS.maxEntries, maxBytes = DEFAULTS.maxBytes } = options;
  const { maxEntryBytes = maxBytes } = options;
  if (typeof location !== 'string') throw badOption(WHERE, 'location', location, 'a text');
  checkInteger(WHERE, 'maxEntries', maxEntries, 1, MOST_ENTRIES);
  checkInteger(WHERE, 'maxBytes', maxBytes, LEAST_BYTES);
  checkInteger(WHERE, 'maxEntryBytes', maxEntryBytes, LEAST_BYTES, maxBytes);
  checkInteger(WHERE, 'cullFrequency', cullFrequency, 0);
  return { location, limits: { maxEntries, maxBytes, maxEntryBytes, cullFrequency } };
}
