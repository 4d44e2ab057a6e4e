import { resolve } from 'node:path';
import { badOption, checkInteger, checkOneOf, checkOptionNames } from '../../core/option-checks.js';

/** How the file backend does its reading and writing; see `FileOptions.io`. */
export type FileIoMode = 'async' | 'sync';

/** Where the file backend keeps its entries, how many, and how. */
export interface FileOptions {
  /**
   * The directory, made with mode 0700 if it is missing. A relative path starts from the working directory. It must
   * belong to the user of this process and be writable by nobody else (except a directory of one's own with the sticky
   * bit, such as root's `/tmp`). Required.
   */
  readonly location: string;
  /**
   * Most entries of one `keyPrefix`, at least 1. Every leaf of the directory has its share of them, so a cache that is
   * nearly full may already evict in one leaf while another has room. Each further process that writes to the same
   * directory can exceed it by up to a third between two looks at a leaf. Default: 100,000.
   */
  readonly maxEntries?: number;
  /**
   * How large a part of a leaf goes at once when it is full: one in `cullFrequency`, expired entries first, then the
   * oldest written. 0 removes all but the one just written. Default: 3.
   *
   * @see Django, `CULL_FREQUENCY`
   */
  readonly cullFrequency?: number;
  /**
   * `'async'`: in Node's thread pool, 16 operations at a time, so that a slow disk holds nothing else up. `'sync'`: in the
   * calling turn, several times faster for one call after the other on a fast local disk, but a disk that hangs stops the
   * process. `add`, `incr` and `touch` make the few calls under the key's lock synchronously in either mode. Default:
   * `'async'`.
   */
  readonly io?: FileIoMode;
  /**
   * Most bytes of one value, at most 1 GiB. A larger one is refused: `set` and `add` answer false, and after `set` the
   * value that was there is gone. Default: 64 MiB.
   */
  readonly maxEntryBytes?: number;
  /**
   * How long one operation may take, in milliseconds; after that it rejects with `CacheTimeoutError`. What still waits for
   * its turn then is not carried out. Default: 1,000.
   */
  readonly deadlineMs?: number;
}

/** Checked options; `location` is absolute. */
export type ResolvedFileOptions = Required<FileOptions>;

const DEFAULTS = {
  maxEntries: 100_000,
  cullFrequency: 3,
  io: 'async',
  maxEntryBytes: 64 * 1024 * 1024,
  deadlineMs: 1_000,
} as const satisfies Omit<FileOptions, 'location'>;

const WHERE = 'the options of the file backend';
const GIBIBYTE = 1024 ** 3;

/** Merges the options with their defaults and checks them. Touches no file. @throws {CacheConfigError} */
export function resolveFileOptions(options: FileOptions): ResolvedFileOptions {
  checkOptionNames(WHERE, options, ['location', ...Object.keys(DEFAULTS)]);
  const { location } = options;
  if (typeof location !== 'string' || location === '' || location.includes('\0')) {
    throw badOption(WHERE, 'location', location, 'the path of a directory');
  }
  const { maxEntries, cullFrequency, io, maxEntryBytes, deadlineMs } = options;
  checkInteger(WHERE, 'maxEntries', maxEntries, 1);
  checkInteger(WHERE, 'cullFrequency', cullFrequency, 0);
  checkOneOf(WHERE, 'io', io, ['async', 'sync']);
  checkInteger(WHERE, 'maxEntryBytes', maxEntryBytes, 1, GIBIBYTE);
  checkInteger(WHERE, 'deadlineMs', deadlineMs, 1, 600_000);
  return {
    location: resolve(location),
    maxEntries: maxEntries ?? DEFAULTS.maxEntries,
    cullFrequency: cullFrequency ?? DEFAULTS.cullFrequency,
    io: io ?? DEFAULTS.io,
    maxEntryBytes: maxEntryBytes ?? DEFAULTS.maxEntryBytes,
    deadlineMs: deadlineMs ?? DEFAULTS.deadlineMs,
  };
}
