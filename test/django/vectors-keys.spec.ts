import { describe, expect, it } from '@jest/globals';
import { expiryOf } from '../../lib/backends/memcached/expiry.js';
import { KeyBuilder, MEMCACHED_KEY_LIMITS } from '../../lib/core/key-builder.js';
import type { KeyBuilderOptions, KeyFunction } from '../../lib/core/key-builder.js';
import { settleTimeout, type Timeout } from '../../lib/core/timeout.js';
import { createCache } from '../../lib/create-cache.js';
import { decoded, raisedBy, type Vector, vectorsOf } from '../support/suite-vectors.js';

// The key functions of the vectors are written in Python.
const KEY_FUNCTIONS: Record<string, KeyFunction> = {
  "'CUSTOM-' + '-'.join([key_prefix, str(version), key])": (key, keyPrefix, version) =>
    `CUSTOM-${[keyPrefix, version, key].join('-')}`,
  'key (ignores prefix and version)': (key) => key,
};
const REPLACED = /^[\x21-\x7d]*~[0-9a-f]{64}$/;

describe('vectors of make_key and key validation', () => {
  it.each(vectorsOf('a').map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
    const {
      key,
      key_prefix: keyPrefix,
      version_arg: versionArg,
    } = decoded(vector.input) as Record<string, never>;
    const { version_setting: version, key_function: python } = vector.input;
    const expected = decoded(vector.expected) as { key: string; memcache_key_warnings: string[] };
    const keyFunction = python === undefined ? undefined : KEY_FUNCTIONS[python as string];
    expect(keyFunction === undefined).toBe(python === undefined);
    const options = { alias: 'default', keyPrefix, version: version as number, keyFunction };
    const build = (more: Partial<KeyBuilderOptions>): string =>
      new KeyBuilder({ invalidKeys: 'hash', ...options, ...more }).build(
        key,
        versionArg ?? undefined,
      );

    // Rule: a version is a whole number, a prefix cannot be taken for another and a version, a key is text that is not empty.
    if (!isVersion(version)) return throws(() => build({}), 'CACHE_BAD_OPTION');
    if (
      !keyFunction &&
      String(keyPrefix)
        .split(':')
        .slice(1)
        .some((part) => /^\d+$/.test(part))
    ) {
      return throws(() => build({}), 'CACHE_BAD_PREFIX');
    }
    if (typeof key !== 'string' || key === '') return throws(() => build({}), 'TypeError');
    if (versionArg !== null && !isVersion(versionArg)) return throws(() => build({}), 'TypeError');

    expect(build({})).toBe(expected.key);
    // Rule: memcached counts bytes, Django characters.
    const fits =
      expected.memcache_key_warnings.length === 0 && Buffer.byteLength(expected.key) <= 250;
    const onMemcached = build({ limits: MEMCACHED_KEY_LIMITS });
    if (fits) {
      expect(onMemcached).toBe(expected.key);
      expect(build({ invalidKeys: 'throw' })).toBe(expected.key);
    } else {
      expect(onMemcached).toMatch(REPLACED);
      expect(onMemcached.length).toBeLessThanOrEqual(250);
      throws(() => build({ invalidKeys: 'throw' }), 'CACHE_INVALID_KEY');
    }
  });
});

describe('vectors of get_backend_timeout', () => {
  const vectors = vectorsOf('k').filter(({ input }) => input['backend'] !== 'redis');

  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_, vector) => {
    const { backend, TIMEOUT_setting: setting, timeout_arg: argument, now } = vector.input;
    const timeout = setting === '__unset__' ? undefined : (setting as Timeout);
    const nowMs = (now as number) * 1000;

    // Rule: a timeout that is none is an error, in the settings at start and in a call.
    if (typeof timeout === 'string' || typeof timeout === 'boolean') {
      await expect(createCache({ timeout })).rejects.toMatchObject({ code: 'CACHE_BAD_OPTION' });
      return;
    }
    const given = argument === '__default__' ? (timeout === undefined ? 300 : timeout) : argument;
    if (typeof given === 'string' || typeof given === 'boolean') {
      throws(() => settleTimeout(given as Timeout, () => nowMs), 'TypeError');
      return;
    }
    const ttl = settleTimeout(given as Timeout, () => nowMs);
    checkTtl(vector, backend === 'memcached' ? expiryOf : undefined, ttl, nowMs);
  });
});

function isVersion(version: unknown): boolean {
  return Number.isInteger(version) && (version as number) >= 0;
}

function checkTtl(
  vector: Vector,
  toExpiry: typeof expiryOf | undefined,
  ttl: number | null,
  nowMs: number,
): void {
  expect(raisedBy(vector.expected)).toBeUndefined();
  const { backend_timeout: theirs } = vector.expected as { backend_timeout: number | null };
  // Rule: nothing is ever sent with a life that is over.
  if (ttl === 0) expect(theirs! <= nowMs / 1000 && (!toExpiry || theirs! <= 0)).toBe(true);
  else if (!toExpiry) expect(ttl).toBe(theirs === null ? null : roundedMs(theirs - nowMs / 1000));
  // Rule: fractions round up, where Django cuts them off.
  else expect([theirs, theirs! + 1]).toContain(toExpiry(ttl, nowMs));
}

function roundedMs(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function throws(call: () => unknown, codeOrName: string): void {
  let error: { code?: string; name?: string } | undefined;
  try {
    call();
  } catch (thrown) {
    error = thrown as { code?: string; name?: string };
  }
  expect(error?.code ?? error?.name).toBe(codeOrName);
}
