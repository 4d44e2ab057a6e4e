import type { ConnectionOptions } from 'node:tls';
import { badOption, checkInteger, checkOneOf, checkOptionNames } from '../../core/option-checks.js';
import { PLACEMENT_NAMES } from './placement.js';
import type { PlacementName } from './placement.js';
import { parseLocation } from './server-address.js';
import type { ServerAddress } from './server-address.js';

/** The settings of the memcached backend. */
export interface MemcachedOptions {
  /**
   * The servers: a list, or a string with commas or semicolons between them. Each is `host`, `host:port`, `[IPv6]:port` or
   * `unix:/path`, with `user:password@` in front where it wants a login. Default: `['127.0.0.1:11211']`.
   */
  readonly location?: string | readonly string[];
  /**
   * What speaks to the servers.
   *
   * - `'meta'`: this package's own client, over the meta protocol. memcached 1.6.10 or newer; `user:password@` is a login over
   *   text (`-Y`).
   * - `'memjs'`: the package memjs, over the binary protocol, for older servers and for a login by SASL. It cannot tell how
   *   long an entry has left, and a counter cannot go below zero.
   *
   * Default: `'meta'`.
   */
  readonly client?: 'meta' | 'memjs';
  /** Options of Node's `tls.connect()`, for servers that speak TLS; `{}` is enough for most. `client: 'meta'` only. Default: in the clear. */
  readonly tls?: ConnectionOptions;
  /**
   * How a key's server is chosen. Applications that share several servers must choose alike, and list them in the same order.
   *
   * - `'rendezvous'`: as pymemcache and Django's `PyMemcacheCache`. Even shares; few keys move when a server is added.
   * - `'modula'`: as pylibmc, Django's `PyLibMCCache` and libmemcached by default.
   * - `'ketama'`: as libmemcached's ketama, such as pylibmc with `behaviors={'ketama': True}`.
   * - `'python-memcached'`: as the Python client of that name.
   *
   * Default: `'rendezvous'`.
   */
  readonly placement?: PlacementName;
  /**
   * What `clear()` does.
   *
   * - `'generation'`: removes this cache's entries only. A number stands in front of all keys from the first `clear()` on, so
   *   clients that know nothing of it no longer find them. Other processes follow within a second.
   * - `'flush'`: empties the servers, as Django does. For servers that belong to this cache alone; keys stay as they are.
   * - `'none'`: throws. For servers shared with applications that read the same keys.
   *
   * Default: `'generation'`.
   */
  readonly clear?: 'generation' | 'flush' | 'none';
  /** How long one answer of a server is waited for, in milliseconds. Default: 250. */
  readonly deadlineMs?: number;
  /** How long a connection may take to be made, in milliseconds. Default: 500. */
  readonly connectTimeoutMs?: number;
  /**
   * The largest item in bytes, its key and memcached's own fields included: what the servers' `-I` says. Default: the server is
   * asked; 1 MiB if it does not say.
   */
  readonly maxItemBytes?: number;
}

/** The settings, complete and checked. */
export interface ResolvedMemcachedOptions {
  readonly servers: readonly ServerAddress[];
  readonly client: 'meta' | 'memjs';
  readonly tls: ConnectionOptions | undefined;
  readonly placement: PlacementName;
  readonly clear: 'generation' | 'flush' | 'none';
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly maxItemBytes: number | undefined;
}

const DEFAULTS = {
  location: ['127.0.0.1:11211'],
  client: 'meta',
  placement: 'rendezvous',
  clear: 'generation',
  deadlineMs: 250,
  connectTimeoutMs: 500,
} as const satisfies MemcachedOptions;

const NAMES = [...Object.keys(DEFAULTS), 'maxItemBytes', 'tls'];
const LONGEST_MS = 60_000;
const WHERE = 'the options of the memcached backend';

/** Merges the options with the defaults and checks them. @throws {CacheConfigError} naming the option and what is allowed. */
export function resolveMemcachedOptions(options: MemcachedOptions = {}): ResolvedMemcachedOptions {
  if (typeof options !== 'object' || options === null) {
    throw badOption('memcached()', 'options', options, 'an object');
  }
  checkOptionNames(WHERE, options, NAMES);
  checkOneOf(WHERE, 'client', options.client, ['meta', 'memjs']);
  checkOneOf(WHERE, 'placement', options.placement, PLACEMENT_NAMES);
  checkOneOf(WHERE, 'clear', options.clear, ['generation', 'flush', 'none']);
  checkInteger(WHERE, 'deadlineMs', options.deadlineMs, 1, LONGEST_MS);
  checkInteger(WHERE, 'connectTimeoutMs', options.connectTimeoutMs, 1, LONGEST_MS);
  checkInteger(WHERE, 'maxItemBytes', options.maxItemBytes, 1024, 1 << 30);
  if (options.tls !== undefined && (typeof options.tls !== 'object' || options.tls === null)) {
    throw badOption(WHERE, 'tls', options.tls, 'an object of options for tls.connect()');
  }
  if (options.tls !== undefined && options.client === 'memjs') {
    throw badOption(
      WHERE,
      'client',
      options.client,
      '"meta" where "tls" is given: memjs has no TLS',
    );
  }
  return {
    servers: parseLocation(
      options.location === undefined ? DEFAULTS.location : options.location,
      WHERE,
    ),
    client: options.client ?? DEFAULTS.client,
    tls: options.tls,
    placement: options.placement ?? DEFAULTS.placement,
    clear: options.clear ?? DEFAULTS.clear,
    deadlineMs: options.deadlineMs ?? DEFAULTS.deadlineMs,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    maxItemBytes: options.maxItemBytes,
  };
}
