import type { CacheOptions } from './cache-options.interface.js';
import { CacheConfigError } from './cache.errors.js';
import { describe } from './option-checks.js';

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/([^?#]*)(?:\?([^#]*))?$/i;
const SETTINGS = ['keyPrefix', 'invalidKeys', 'onError', 'isolation'] as const;

/**
 * The options that a URL says: `backend://location?setting=value`.
 *
 * Servers are separated by commas. What has a meaning in a URL is written with a percent sign, in a password too (`%2C`). Of
 * the query, `timeout`, `keyPrefix`, `version`, `invalidKeys`, `onError` and `isolation` are the cache's, the rest the
 * backend's own options. A timeout is seconds, a string with its unit, or `null`.
 *
 * @throws {CacheConfigError} `CACHE_BAD_URL`, with secrets masked.
 */
export function parseCacheUrl(url: unknown, where: string): CacheOptions {
  const parts = typeof url === 'string' ? URL_FORM.exec(url) : null;
  if (!parts) throw badUrl(url, where);
  const backend = parts[1]!.toLowerCase();
  const locations = (backend === 'file' ? [parts[2]!] : parts[2]!.split(',')).map((location) =>
    decode(location, url as string, where),
  );
  const settings: Record<string, unknown> = { backend };
  const options: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(parts[3] ?? '')) {
    // The rest of a password that has a question mark, and no name that a message may show.
    if (name.includes('@')) throw badUrl(url, where);
    if (name === 'timeout') settings['timeout'] = timeoutOf(value);
    else if (name === 'version') settings['version'] = scalarOf(value);
    else if ((SETTINGS as readonly string[]).includes(name)) settings[name] = value;
    else options[name] = scalarOf(value);
  }
  // As one string, what was encoded in a password would part servers after all.
  const isList = locations.length > 1 || (backend === 'memcached' && /%2c|%3b/i.test(parts[2]!));
  if (parts[2] !== '') settings['location'] = isList ? locations : locations[0];
  if (Object.keys(options).length > 0) settings['options'] = options;
  return settings;
}

/** A URL as messages may show it: the password, and a user name without one, replaced by `***`. */
export function maskSecrets(text: string): string {
  return text.replace(
    /(^|[/,;\s])([^/,;\s@:]*)(:[^/,;\s@]*)?@/g,
    (_, before: string, user: string, password?: string) =>
      password === undefined ? `${before}***@` : `${before}${user}:***@`,
  );
}

function timeoutOf(value: string): unknown {
  return value === 'null' || value === 'never' ? null : scalarOf(value);
}

function scalarOf(value: string): unknown {
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (value === 'true' || value === 'false') return value === 'true';
  return value;
}

function decode(text: string, url: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(url, where);
  }
}

function badUrl(url: unknown, where: string): CacheConfigError {
  if (url === undefined || url === '') {
    return new CacheConfigError(
      'CACHE_BAD_URL',
      `"url" of ${where} is ${url === '' ? 'empty' : 'undefined'}. Set the environment variable it is read from, or leave "url" out for the memory backend.`,
    );
  }
  return new CacheConfigError(
    'CACHE_BAD_URL',
    `"url" of ${where} is ${describe(typeof url === 'string' ? maskSecrets(url) : url)}, which is no cache URL. Write "memory://", "file:///var/cache/app" or "memcached://10.0.0.1:11211,10.0.0.2:11211?timeout=60".`,
  );
}
