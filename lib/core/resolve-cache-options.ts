import type { CacheBackend, CacheBackendFactory } from './cache-backend.interface.js';
import type { CacheLog } from './cache-log.js';
import type { CacheOptions, Isolation, OnError } from './cache-options.interface.js';
import { parseCacheUrl } from './cache-url.js';
import { CacheConfigError, reasonOf } from './cache.errors.js';
import type { KeyFunction } from './key-builder.js';
import { badOption, checkOneOf, checkOptionNames, givenOf } from './option-checks.js';
import type { Serializer } from './serializer.interface.js';
import {
  looksLikeMilliseconds,
  millisecondsWarning,
  settleTimeout,
  type Timeout,
} from './timeout.js';

const DEFAULTS = {
  backend: 'memory',
  timeout: 300,
  keyPrefix: '',
  version: 1,
  invalidKeys: 'hash',
  onError: 'miss',
  isolation: 'copy',
  options: {},
} as const satisfies CacheOptions;

const NAMES = [
  'url',
  'backend',
  'location',
  'timeout',
  'keyPrefix',
  'version',
  'keyFunction',
  'invalidKeys',
  'onError',
  'isolation',
  'serializer',
  'options',
];

/** The settings of one cache, complete and checked. */
export interface ResolvedCacheOptions {
  readonly alias: string;
  readonly backend: string | CacheBackendFactory | CacheBackend;
  readonly location: string | readonly string[] | undefined;
  readonly timeout: Timeout;
  readonly keyPrefix: string;
  readonly version: number;
  readonly keyFunction: KeyFunction | undefined;
  readonly invalidKeys: 'hash' | 'throw';
  readonly onError: OnError;
  readonly isolation: Isolation;
  readonly serializer: Serializer | undefined;
  readonly options: object;
}

/**
 * Merges what is given with what the URL says and with the defaults, and checks it, once.
 *
 * @throws {CacheConfigError} naming the cache, the option and what is allowed.
 */
export function resolveCacheOptions(
  alias: string,
  given: CacheOptions,
  log: CacheLog,
): ResolvedCacheOptions {
  const where = `cache "${alias}"`;
  if (typeof given !== 'object' || given === null) {
    throw badOption('CacheModule', alias, given, 'an object of cache options');
  }
  checkOptionNames(where, given, NAMES);
  const { url, ...rest } = given;
  const fromUrl = 'url' in given ? parseCacheUrl(url, where) : {};
  const merged = { ...DEFAULTS, ...fromUrl, ...givenOf(rest) } as Omit<
    ResolvedCacheOptions,
    'alias'
  >;
  const options = { ...fromUrl.options, ...given.options };
  checkOneOf(where, 'invalidKeys', merged.invalidKeys, ['hash', 'throw']);
  checkOneOf(where, 'onError', merged.onError, ['miss', 'throw']);
  checkOneOf(where, 'isolation', merged.isolation, ['copy', 'freeze']);
  checkTimeout(where, merged.timeout, log);
  if (merged.serializer !== undefined && typeof merged.serializer?.serialize !== 'function') {
    throw badOption(where, 'serializer', merged.serializer, 'a serializer such as json()');
  }
  checkOwnBackend(where, merged, options);
  return { ...merged, alias, options };
}

function checkTimeout(where: string, timeout: Timeout, log: CacheLog): void {
  try {
    settleTimeout(timeout, () => 0);
  } catch (cause) {
    throw new CacheConfigError(
      'CACHE_BAD_OPTION',
      `"timeout" in ${where} cannot be used: ${reasonOf(cause)}.`,
      { cause },
    );
  }
  if (looksLikeMilliseconds(timeout)) log.warnOnce(millisecondsWarning(timeout, `of ${where}`));
}

function checkOwnBackend(
  where: string,
  merged: Omit<ResolvedCacheOptions, 'alias'>,
  options: object,
): void {
  const { backend, location } = merged;
  if (typeof backend === 'string') return;
  if (typeof backend !== 'function' && (typeof backend !== 'object' || backend === null)) {
    throw badOption(where, 'backend', backend, 'a name, a backend, or a factory of one');
  }
  if (location === undefined && Object.keys(options).length === 0) return;
  throw new CacheConfigError(
    'CACHE_BAD_OPTION',
    `${where} has a backend of your own, and "location" or "options" beside it, which nobody would read. Give them to the backend where it is made.`,
  );
}
