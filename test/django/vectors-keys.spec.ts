import { describe, expect, it } from '@jest/globals';
import { expiryOf } from '../../lib/backends/memcached/expiry.js';
import { KeyBuilder, MEMCACHED_KEY_LIMITS } from '../../lib/core/key-builder.js';
import type { KeyBuilderOptions, KeyFunction } from '../../lib/core/key-builder.js';
import { settleTimeout, type Timeout } from '../../lib/core/timeout.js';
import { createCache } from '../../lib/create-cache.js';
import { decoded, raisedBy, vectorsOf } from '../support/suite-vectors.js';
import { expectListed, type RuleName } from './vector-differences.js';

// The key functions of the vectors are written in Python.
const KEY_FUNCTIONS: Record<string, KeyFunction> = {
  "'CUSTOM-' + '-'.join([key_prefix, str(version), key])": (key, keyPrefix, version) =>
    `CUSTOM-${[keyPrefix, version, key].join('-')}`,
  'key (ignores prefix and version)': (key) => key,
};
const REPLACED = /^[\x21-\x7d]*~[0-9a-f]{64}$/;

describe('vectors of make_key and key validation', () => {
  it.each(vectorsOf('a').map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
    const input = decoded(vector.input) as Record<string, unknown>;
    const key = input['key'] as string;
    const keyPrefix = input['key_prefix'] as string;
    const versionArg = input['version_arg'] as number | null;
    const { version_setting: version, key_function: python } = input;
    const expected = decoded(vector.expected) as { key: string; memcache_key_warnings: string[] };
    const keyFunction = python === undefined ? undefined : KEY_FUNCTIONS[python as string];
    expect(keyFunction === undefined).toBe(python === undefined);
    const options = { alias: 'default', keyPrefix, version: version as number, keyFunction };
    const build = (more: Partial<KeyBuilderOptions>): string =>
      new KeyBuilder({ invalidKeys: 'hash', ...options, ...more }).build(
        key,
        versionArg ?? undefined,
      );

    const refused = refusalOf(input, keyFunction !== undefined);
    if (refused) {
      throws(() => build({}), refused.code);
      expectListed(id, [refused.rule]);
      return;
    }
    const { memcache_key_warnings: warnings } = expected;
    const isLong = warnings.length === 0 && Buffer.byteLength(expected.key) > 250;
    expect(build({})).toBe(expected.key);
    const onMemcached = build({ limits: MEMCACHED_KEY_LIMITS });
    if (warnings.length === 0 && !isLong) {
      expect(onMemcached).toBe(expected.key);
      expect(build({ invalidKeys: 'throw' })).toBe(expected.key);
      expectListed(id, []);
    } else {
      expect(onMemcached).toMatch(REPLACED);
      expect(onMemcached.length).toBeLessThanOrEqual(250);
      throws(() => build({ invalidKeys: 'throw' }), 'CACHE_INVALID_KEY');
      expectListed(id, [isLong ? 'keysAreCountedInBytes' : 'badKeysAreReplaced']);
    }
  });
});

describe('vectors of get_backend_timeout', () => {
  const vectors = vectorsOf('k').filter(({ input }) => input['backend'] !== 'redis');

  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (id, vector) => {
    const { backend, TIMEOUT_setting: setting, timeout_arg: argument, now } = vector.input;
    const timeout = setting === '__unset__' ? undefined : (setting as Timeout);
    const nowMs = (now as number) * 1000;

    if (typeof timeout === 'string' || typeof timeout === 'boolean') {
      await expect(createCache({ timeout })).rejects.toMatchObject({ code: 'CACHE_BAD_OPTION' });
      expectListed(id, ['mistakesAreTold']);
      return;
    }
    const unset = timeout === undefined ? 300 : timeout;
    const given = (argument === '__default__' ? unset : argument) as Timeout;
    if (typeof given === 'string' || typeof given === 'boolean') {
      throws(() => settleTimeout(given, () => nowMs), 'TypeError');
      expectListed(id, raisedBy(vector.expected) ? [] : ['timeoutsAreChecked']);
      return;
    }
    expect(raisedBy(vector.expected)).toBeUndefined();
    const { backend_timeout: theirs } = vector.expected as { backend_timeout: number | null };
    const ttl = settleTimeout(given, () => nowMs);
    const left = theirs === null || backend === 'memcached' ? theirs : theirs - nowMs / 1000;
    // A life that is over is no timeout here, so a backend never sees one.
    if (ttl === 0) expect(left).toBeLessThanOrEqual(0);
    else if (backend !== 'memcached') expect(ttl).toBe(left === null ? null : roundedMs(left));
    const isCut = backend === 'memcached' && ttl !== 0 && expiryOf(ttl, nowMs) !== (left ?? 0);
    if (isCut) expect(expiryOf(ttl, nowMs)).toBe(left! + 1);
    expectListed(id, isCut ? ['fractionsRoundUp'] : []);
  });
});

/** Why a key is refused here, and not in Django. */
function refusalOf(
  {
    key,
    key_prefix: prefix,
    version_setting: setting,
    version_arg: version,
  }: Record<string, unknown>,
  isCustom: boolean,
): { code: string; rule: RuleName } | undefined {
  if (!isVersion(setting)) return { code: 'CACHE_BAD_OPTION', rule: 'versionsAreWhole' };
  if (!isCustom && /:\d+(:|$)/.test(prefix as string)) {
    return { code: 'CACHE_BAD_PREFIX', rule: 'prefixesStayApart' };
  }
  if (typeof key !== 'string' || key === '') return { code: 'TypeError', rule: 'keysAreText' };
  return version === null || isVersion(version)
    ? undefined
    : { code: 'TypeError', rule: 'versionsAreWhole' };
}

function isVersion(version: unknown): boolean {
  return Number.isInteger(version) && (version as number) >= 0;
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
