import type { ConnectionOptions } from 'node:tls';
import { badOption, checkBoolean, checkOneOf, checkOptionNames } from '../../core/option-checks.js';
import { CONNECTION_DEFAULTS, checkConnectionOptions } from './connection.options.js';
import type { ConnectionSettings } from './connection.options.js';
import { PLACEMENT_NAMES } from './placement.js';
import type { PlacementName } from './placement.js';
import { parseLocation } from './server-address.js';
import type { ServerAddress } from './server-address.js';

/** The clients that Django's memcached backends have used. */
export type DjangoClient = keyof typeof DJANGO_PLACEMENTS;

/** The settings of the memcached backend. */
export interface MemcachedOptions extends ConnectionSettings {
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
  /**
   * What becomes of the keys of a server that is down.
   *
   * - `'miss'`: they are missed until it is back. Nothing else changes.
   * - `'next'`: another server takes its place, chosen by the placement. What is kept there lives for 60 seconds at most, and
   *   the server that was away is told to forget what was changed meanwhile; counters begin anew, and what `add()` guarded can be
   *   added once more.
   *
   * Default: `'miss'`.
   */
  readonly failover?: 'miss' | 'next';
  /**
   * Whether other clients than this package, such as Django, read or write the same keys. Where they do, the right to load an
   * entry is kept under a key of its own beside the entry, which costs more round trips on a miss; otherwise in its place.
   * Default: false.
   */
  readonly foreignClients?: boolean;
  /**
   * For servers shared with Django: the client that its `CACHES` setting uses. Sets what both must do alike, unless it is given
   * too: `placement` (`rendezvous`, `modula` or `python-memcached`), `clear: 'none'` so that keys stay as Django makes them, and
   * `foreignClients: true`. Keys are made as Django makes them, and text, integers and bytes are stored as it stores them, in any
   * case. Default: none.
   */
  readonly django?: { readonly client: DjangoClient };
  /**
   * `'elasticache'`: the location is one configuration endpoint, which is asked once a minute which servers there are (Amazon
   * ElastiCache, Google Memorystore). Default: the location lists the servers.
   */
  readonly discovery?: 'elasticache';
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
  readonly failover: 'miss' | 'next';
  readonly foreignClients: boolean;
  readonly discovery: 'elasticache' | undefined;
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly maxItemBytes: number | undefined;
}

const DEFAULTS = {
  location: ['127.0.0.1:11211'],
  client: 'meta',
  placement: 'rendezvous',
  clear: 'generation',
  failover: 'miss',
  foreignClients: false,
  ...CONNECTION_DEFAULTS,
} as const satisfies MemcachedOptions;

const DJANGO_PLACEMENTS = {
  pymemcache: 'rendezvous',
  pylibmc: 'modula',
  'python-memcached': 'python-memcached',
} as const satisfies Record<string, PlacementName>;

const NAMES = [...Object.keys(DEFAULTS), 'discovery', 'django', 'maxItemBytes', 'tls'];
const CLIENTS = Object.keys(DJANGO_PLACEMENTS) as DjangoClient[];
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
  checkOneOf(WHERE, 'failover', options.failover, ['miss', 'next']);
  checkOneOf(WHERE, 'discovery', options.discovery, ['elasticache']);
  checkBoolean(WHERE, 'foreignClients', options.foreignClients);
  checkConnectionOptions(WHERE, options);
  if (options.tls !== undefined && options.client === 'memjs') {
    throw badOption(
      WHERE,
      'client',
      options.client,
      '"meta" where "tls" is given: memjs has no TLS',
    );
  }
  const shared = sharedWithDjango(options.django);
  const { location = DEFAULTS.location } = options;
  const servers = parseLocation(location, WHERE);
  if (options.discovery !== undefined && servers.length > 1) {
    throw badOption(WHERE, 'location', location, 'one endpoint where "discovery" is given');
  }
  return {
    servers,
    client: options.client ?? DEFAULTS.client,
    tls: options.tls,
    placement: options.placement ?? shared.placement ?? DEFAULTS.placement,
    clear: options.clear ?? shared.clear ?? DEFAULTS.clear,
    failover: options.failover ?? DEFAULTS.failover,
    foreignClients: options.foreignClients ?? shared.foreignClients ?? DEFAULTS.foreignClients,
    discovery: options.discovery,
    deadlineMs: options.deadlineMs ?? DEFAULTS.deadlineMs,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    maxItemBytes: options.maxItemBytes,
  };
}

function sharedWithDjango(django: MemcachedOptions['django']): Partial<MemcachedOptions> {
  if (django === undefined) return {};
  const where = `"django" in ${WHERE}`;
  if (typeof django !== 'object' || django === null) {
    throw badOption(WHERE, 'django', django, 'an object such as { client: "pymemcache" }');
  }
  checkOptionNames(where, django, ['client']);
  if (django.client === undefined) throw badOption(where, 'client', undefined, CLIENTS.join(', '));
  checkOneOf(where, 'client', django.client, CLIENTS);
  return { placement: DJANGO_PLACEMENTS[django.client], clear: 'none', foreignClients: true };
}
