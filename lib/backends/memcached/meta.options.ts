import { badOption, checkOptionNames } from '../../core/option-checks.js';
import { CONNECTION_DEFAULTS, checkConnectionOptions } from './connection.options.js';
import type { ConnectionSettings } from './connection.options.js';
import type { MetaConnectionOptions } from './meta.connection.js';

/** The settings of a client for one server. */
export interface MetaClientOptions extends ConnectionSettings {
  /** The largest item that the server may send, in bytes. Default: 1 GiB, memcached's own limit. */
  readonly maxItemBytes?: number;
}

const NAMES = [...Object.keys(CONNECTION_DEFAULTS), 'maxItemBytes', 'tls'];

/** Where the options stand, for messages. */
export const META_CLIENT = 'metaClient()';

/** Merges the options with the defaults and checks them. @throws {CacheConfigError} naming the option and what is allowed. */
export function resolveMetaClientOptions(options: MetaClientOptions = {}): MetaConnectionOptions {
  if (typeof options !== 'object' || options === null) {
    throw badOption(META_CLIENT, 'options', options, 'an object');
  }
  checkOptionNames(META_CLIENT, options, NAMES);
  checkConnectionOptions(META_CLIENT, options);
  return {
    deadlineMs: options.deadlineMs ?? CONNECTION_DEFAULTS.deadlineMs,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECTION_DEFAULTS.connectTimeoutMs,
    maxItemBytes: options.maxItemBytes,
    tls: options.tls,
  };
}
