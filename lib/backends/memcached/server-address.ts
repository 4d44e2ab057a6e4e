import { isIPv6 } from 'node:net';
import { CacheConfigError } from '../../core/cache.errors.js';

const DEFAULT_PORT = 11_211;
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/;

/** Where one server is. */
export interface ServerAddress {
  /** For messages: `10.0.0.1:11211`, `[::1]:11211` or `unix:/run/memcached.sock`. No secrets. */
  readonly name: string;
  /** As Python's clients write it where the choice of a server depends on it: no brackets, and a socket's bare path. */
  readonly node: string;
  /** The host without brackets; undefined for a unix socket. */
  readonly host?: string;
  readonly port: number;
  /** The path of a unix socket. */
  readonly path?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/**
 * The servers of a location, in order.
 *
 * A list has one server an entry; a string is split at commas and semicolons, as Django does; blanks around are ignored.
 * A server is `host`, `host:port`, `[IPv6]:port` or `unix:/path`, with `user:password@` in front where it wants them.
 *
 * @throws {CacheConfigError} `CACHE_BAD_LOCATION`, with the password left out.
 */
export function parseLocation(location: unknown, where: string): readonly ServerAddress[] {
  const entries = typeof location === 'string' ? location.split(/[;,]/) : location;
  if (!Array.isArray(entries) || entries.length === 0) {
    throw badLocation(where, 'it is neither a string nor a list of servers');
  }
  const hasLogin = entries.some((entry) => typeof entry === 'string' && entry.includes('@'));
  const addresses = entries.map((entry: unknown) => parseServer(entry, where, hasLogin));
  const names = new Set<string>();
  for (const { name } of addresses) {
    if (names.has(name)) throw badLocation(where, `the server "${name}" is in it twice`);
    names.add(name);
  }
  return addresses;
}

function parseServer(entry: unknown, where: string, hasLogin: boolean): ServerAddress {
  if (typeof entry !== 'string') throw badLocation(where, 'an entry is not a string');
  const text = entry.trim();
  if (text === '') throw badLocation(where, 'an entry is empty');
  // A password may hold an "@"; a host may not.
  const at = text.lastIndexOf('@');
  // Beside a login, what is no server may be the first part of a password.
  const mayShow = at !== -1 || !hasLogin;
  const address = parseAddress(text.slice(at + 1), where, mayShow);
  if (at === -1) return address;
  const colon = text.indexOf(':');
  if (colon < 1 || colon >= at - 1) {
    throw badLocation(where, `the part before "@${address.name}" is not "user:password"`);
  }
  const credentials = { username: text.slice(0, colon), password: text.slice(colon + 1, at) };
  return { ...address, credentials };
}

function parseAddress(text: string, where: string, mayShow: boolean): ServerAddress {
  const shown = mayShow ? `"${text}"` : 'an entry beside a login';
  const path = /^(?:unix:)?(\/.+)$/s.exec(text)?.[1];
  if (path !== undefined) return { name: `unix:${path}`, node: path, path, port: 0 };
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text);
  if (!parts) {
    const hint = isIPv6(text) ? ` Write an IPv6 address in brackets: "[${text}]:11211".` : '';
    const comma =
      ' Where a password has a comma or a semicolon, give a list; in a URL, write %2C or %3B.';
    throw badLocation(where, `${shown} is no server`, mayShow ? hint : comma);
  }
  const bracketed = parts[1]!.startsWith('[');
  const host = bracketed ? parts[1]!.slice(1, -1) : parts[1]!;
  const port = parts[2] === undefined ? DEFAULT_PORT : Number(parts[2]);
  if (!(bracketed ? isIPv6(host) : HOST.test(host))) {
    throw badLocation(where, `${shown} has no usable host`);
  }
  if (port < 1 || port > 65_535) {
    throw badLocation(where, `the port of ${shown} is not between 1 and 65535`);
  }
  return { name: `${parts[1]}:${port}`, node: `${host}:${port}`, host, port };
}

function badLocation(where: string, why: string, hint = ''): CacheConfigError {
  return new CacheConfigError(
    'CACHE_BAD_LOCATION',
    `"location" in ${where} cannot be read: ${why}.${hint} Use servers such as "10.0.0.1:11211", "[::1]:11211" or "unix:/run/memcached.sock"; several as a list, or separated by commas.`,
  );
}
