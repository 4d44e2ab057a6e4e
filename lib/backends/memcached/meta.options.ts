import type { ConnectionOptions } from 'node:tls';
import { badOption, checkInteger, checkOptionNames } from '../../core/option-checks.js';
import type { MetaConnectionOptions } from './meta.connection.js';

/** The settings of a client for one server. */
export interface MetaClientOptions {
  /** How long one answer of the server is waited for, in milliseconds. Default: 250. */
  readonly deadlineMs?: number;
  /** How long a connection may take to be made, in milliseconds. Default: 500. */
  readonly connectTimeoutMs?: number;
  /** The largest item that the server may send, in bytes. Default: 1 GiB, memcached's own limit. */
  readonly maxItemBytes?: number;
  /** Options of Node's `tls.connect()`, for a server that speaks TLS; `{}` is enough for most. Default: in the clear. */
  readonly tls?: ConnectionOptions;
}

const DEFAULTS = { deadlineMs: 250, connectTimeoutMs: 500 } as const satisfies MetaClientOptions;

const NAMES = [...Object.keys(DEFAULTS), 'maxItemBytes', 'tls'];
const LONGEST_MS = 60_000;

/** Where the options stand, for messages. */
export const META_CLIENT = 'metaClient()';

/** Merges the options with the defaults and checks them. @throws {CacheConfigError} naming the option and what is allowed. */
export function resolveMetaClientOptions(options: MetaClientOptions = {}): MetaConnectionOptions {
  if (typeof options !== 'object' || options === null) {
    throw badOption(META_CLIENT, 'options', options, 'an object');
  }
  checkOptionNames(META_CLIENT, options, NAMES);
  checkInteger(META_CLIENT, 'deadlineMs', options.deadlineMs, 1, LONGEST_MS);
  checkInteger(META_CLIENT, 'connectTimeoutMs', options.connectTimeoutMs, 1, LONGEST_MS);
  checkInteger(META_CLIENT, 'maxItemBytes', options.maxItemBytes, 1024, 1 << 30);
  if (options.tls !== undefined && (typeof options.tls !== 'object' || options.tls === null)) {
    throw badOption(META_CLIENT, 'tls', options.tls, 'an object of options for tls.connect()');
  }
  return {
    deadlineMs: options.deadlineMs ?? DEFAULTS.deadlineMs,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    maxItemBytes: options.maxItemBytes,
    tls: options.tls,
  };
}
