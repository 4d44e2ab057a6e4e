import { CacheConfigError } from '../../core/cache.errors.js';
import { cannotConnect } from './memcached.errors.js';
import { CODE } from './meta.reply.js';
import type { MetaReply } from './meta.reply.js';
import type { MetaForm, MetaRequest } from './meta.request.js';
import { MetaCommand, MetaStoreCommand } from './meta.request.js';
import { unexpected } from './meta.answers.js';
import type { ServerAddress } from './server-address.js';

/** The three numbers of a memcached version. */
export type MemcachedVersion = readonly [major: number, minor: number, patch: number];

/** The first version that knows the meta commands as they are now; older ones run the value of an `ms` as commands. */
export const META_SINCE: MemcachedVersion = [1, 6, 10];

/** The first version whose leases can be relied on. */
export const LEASES_SINCE: MemcachedVersion = [1, 6, 13];

const BLANK = /[\s\0]/;
const BLANKS = / +/g;

/** True if a version is at least another. */
export function isAtLeast(version: MemcachedVersion, other: MemcachedVersion): boolean {
  for (const [index, number] of version.entries()) {
    if (number !== other[index]!) return number > other[index]!;
  }
  return true;
}

/** @throws {CacheConfigError} if the text protocol cannot transport the login. */
export function checkCredentials({ name, credentials }: ServerAddress): void {
  if (!credentials) return;
  const { username, password } = credentials;
  if (!BLANK.test(username) && !BLANK.test(password)) return;
  throw new CacheConfigError(
    'CACHE_BAD_LOCATION',
    `The user or the password for memcached ${name} holds a blank, which a login over the text protocol cannot transport. Use others, or client: 'memjs' for a server with SASL.`,
    { backend: 'memcached' },
  );
}

/**
 * What is sent before anything else: the login if there is one, and the question for the version. Nothing more may be sent
 * until both are answered.
 *
 * Their failure is that of the connection: their replies throw what it ends with.
 */
export function handshake(
  address: ServerAddress,
  onVersion: (version: MemcachedVersion) => void,
): MetaRequest[] {
  const { name, credentials } = address;
  const version = new MetaCommand(name, versionForm(name), 'version', undefined, onVersion, ignore);
  if (!credentials) return [version];
  const login = `${credentials.username} ${credentials.password}`;
  const bytes = Buffer.byteLength(login);
  // On a server that asks for no login this is an item like any other, so it is one that has expired already.
  const line = `set login 0 -1 ${bytes}`;
  return [
    new MetaStoreCommand(name, loginForm(name), line, undefined, login, bytes, ignore, ignore),
    version,
  ];
}

function loginForm(server: string): MetaForm<true> {
  return {
    operation: 'login',
    read: (reply) => {
      if (reply.code !== CODE.line || reply.text !== 'STORED') throw unexpected(reply);
      return true;
    },
    readError: (line) => {
      throw cannotConnect(
        server,
        `it refused the login with "${line}". A server with SASL needs client: 'memjs'`,
      );
    },
  };
}

function versionForm(server: string): MetaForm<MemcachedVersion> {
  return {
    operation: 'version',
    read: (reply) => checked(server, versionIn(reply)),
    readError: (line) => {
      if (/unauthenticated/i.test(line)) {
        throw cannotConnect(server, 'it asks for a login. Put "user:password@" in front of it');
      }
      if (/^SERVER_ERROR|connections/.test(line)) throw cannotConnect(server, line);
      throw tooOld(server, `answers "${line}" when asked for its version`);
    },
  };
}

function versionIn(reply: MetaReply): string {
  if (reply.code !== CODE.line || !reply.text.startsWith('VERSION ')) throw unexpected(reply);
  return reply.text.slice('VERSION '.length).replaceAll(BLANKS, ' ').slice(0, 40);
}

function checked(server: string, text: string): MemcachedVersion {
  const parts = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})/.exec(text);
  if (!parts) throw tooOld(server, `says it is version "${text}", which cannot be read`);
  const version = [Number(parts[1]), Number(parts[2]), Number(parts[3])] as const;
  if (!isAtLeast(version, META_SINCE)) throw tooOld(server, `is version ${text}`);
  return version;
}

function tooOld(server: string, what: string): CacheConfigError {
  return new CacheConfigError(
    'CACHE_OLD_SERVER',
    `memcached ${server} ${what}, but the meta protocol needs ${META_SINCE.join('.')} or newer. Update the server, or use client: 'memjs'.`,
    { backend: 'memcached' },
  );
}

function ignore(): void {
  // The connection ends with the error, and tells everybody who waits for it.
}
