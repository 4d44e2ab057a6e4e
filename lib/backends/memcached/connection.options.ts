import type { ConnectionOptions } from 'node:tls';
import { badOption, checkInteger } from '../../core/option-checks.js';

/** How a server is connected to. */
export interface ConnectionSettings {
  /** How long one answer of a server is waited for, in milliseconds. Default: 250. */
  readonly deadlineMs?: number;
  /** How long a connection may take to be made, in milliseconds. Default: 500. */
  readonly connectTimeoutMs?: number;
  /** Options of Node's `tls.connect()`, for servers that speak TLS; `{}` is enough for most. `client: 'meta'` only. Default: in the clear. */
  readonly tls?: ConnectionOptions;
}

/** What holds where nothing is said. */
export const CONNECTION_DEFAULTS = { deadlineMs: 250, connectTimeoutMs: 500 } as const;

const LONGEST_MS = 60_000;

/** @throws {CacheConfigError} naming the option and what is allowed. */
export function checkConnectionOptions(
  where: string,
  options: ConnectionSettings & { readonly maxItemBytes?: number },
): void {
  const { deadlineMs, connectTimeoutMs, maxItemBytes, tls } = options;
  checkInteger(where, 'deadlineMs', deadlineMs, 1, LONGEST_MS);
  checkInteger(where, 'connectTimeoutMs', connectTimeoutMs, 1, LONGEST_MS);
  checkInteger(where, 'maxItemBytes', maxItemBytes, 1024, 1 << 30);
  if (tls !== undefined && (typeof tls !== 'object' || tls === null)) {
    throw badOption(where, 'tls', tls, 'an object of options for tls.connect()');
  }
}
