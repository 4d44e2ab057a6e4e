import { appendFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseLocation } from '../../lib/backends/memcached/server-address.js';
import { FLAG_JSON } from '../../lib/core/payload-flags.js';
import { PayloadCodec } from '../../lib/core/payload-codec.js';
import { CacheRegistry } from '../../lib/core/cache.registry.js';
import { json } from '../../lib/serializers/json/index.js';
import { BACKENDS } from '../../lib/cache.backends.js';
import { filePlaces } from '../support/suite-file.js';
import { decoded, raisedBy, type Vector, vectorsOf } from '../support/suite-vectors.js';
import { expectListed, type RuleName, SETTINGS_DIFFERENCES } from './vector-differences.js';

const SETTINGS: Record<string, string> = {
  BACKEND: 'backend',
  LOCATION: 'location',
  TIMEOUT: 'timeout',
  KEY_PREFIX: 'keyPrefix',
  VERSION: 'version',
  KEY_FUNCTION: 'keyFunction',
  OPTIONS: 'options',
  MAX_ENTRIES: 'maxEntries',
  CULL_FREQUENCY: 'cullFrequency',
};
const BACKEND_NAMES: Record<string, string> = {
  'django.core.cache.backends.locmem.LocMemCache': 'memory',
  'django.core.cache.backends.dummy.DummyCache': 'dummy',
};
// Each answers the rules that made a difference.
const RUNNERS: Record<string, (vector: Vector) => Promise<RuleName[]>> = {
  memcached_servers: checkServers,
  cache_handler: checkHandler,
  filebased_format: checkModes,
  filebased_corrupt_file: checkCorruptFile,
  pymemcache_wire_format: checkWireFormat,
};
describe('vectors of settings and formats', () => {
  const vectors = vectorsOf('l');

  it.each(vectors.filter(({ op }) => op in RUNNERS).map((vector) => [vector.id, vector] as const))(
    '%s',
    async (id, vector) => {
      expectListed(id, await RUNNERS[vector.op]!(vector));
    },
  );

  it('leave out the names of files, which are our own as their format is', () => {
    const leftOut = vectors.filter(({ op }) => !(op in RUNNERS)).map(({ op }) => op);

    if (!process.env['DJANGO_VECTORS'])
      expect(new Set(leftOut)).toEqual(new Set(['filebased_filename']));
    else expect(leftOut).not.toContain('memcached_servers');
  });
});

async function checkServers({ input, expected }: Vector): Promise<RuleName[]> {
  const { client_servers: theirs } = expected as { client_servers: string[] };
  const look = async () => parseLocation(input['LOCATION'], 'the test');
  if (theirs.some((server) => server === '' || server.includes(';'))) {
    await expect(look()).rejects.toMatchObject({ code: 'CACHE_BAD_LOCATION' });
    return ['mistakesAreTold'];
  }
  const ours = (await look()).map(({ path, name }) => path ?? name);
  const trimmed = theirs.map((server) => server.trim().replace(/^unix:/, ''));
  const complete = trimmed.map((server) => (/^\/|:\d+$/.test(server) ? server : `${server}:11211`));
  expect(ours).toEqual(complete);
  return [
    ...(trimmed.some((server, index) => server !== theirs[index])
      ? (['blanksAreIgnored'] as const)
      : []),
    ...(complete.some((server, index) => server !== trimmed[index])
      ? (['portIsKnown'] as const)
      : []),
  ];
}

/** What Django tells when a cache is first used is told at start, as a configuration error. */
async function checkHandler({ id, input, expected }: Vector): Promise<RuleName[]> {
  const caches = Object.fromEntries(
    Object.entries(input['CACHES'] as object).map(([alias, each]) => [alias, translated(each)]),
  );
  const look = async () => {
    const registry = await CacheRegistry.open({ caches, backends: BACKENDS, serializer: json() });
    return registry.get(input['alias'] as string);
  };
  const difference = SETTINGS_DIFFERENCES[id];
  if (difference) {
    const outcome = await look().then(
      ({ backend }) => ({ value: backend.name }),
      ({ code }: { code: string }) => ({ error: code }),
    );
    expect(outcome).toEqual(difference.outcome);
    return [difference.rule];
  }
  if (raisedBy(expected) !== undefined) {
    await expect(look()).rejects.toMatchObject({ name: 'CacheConfigError' });
    return [];
  }
  const cache = await look();
  const theirs = expected as {
    default_timeout: number | null;
    key_prefix: string;
    version: number;
  };
  await cache.set('k', 1);
  expect(cache.makeKey('k')).toBe(`${theirs.key_prefix}:${theirs.version}:k`);
  const ttl = await cache.ttl('k');
  expect(ttl === null ? null : Math.ceil(ttl!)).toBe(theirs.default_timeout);
  await cache.close();
  return [];
}

function translated(settings: unknown): never {
  if (typeof settings !== 'object' || settings === null) return settings as never;
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      SETTINGS[name] ?? name,
      name === 'BACKEND' ? (BACKEND_NAMES[value as string] ?? value) : translated(value),
    ]),
  ) as never;
}

/** Files and directories are for their owner only, as in Django; what is in them is our own. */
async function checkModes({ input, expected }: Vector): Promise<RuleName[]> {
  const theirs = expected as { file_mode: string; dir_mode: string; parent_mode: string };
  const [key, value, timeout] = input['set'] as [string, unknown, number];
  const place = filePlaces.make();
  const location = join(place.directory!, 'parent', 'cache');
  const mask = process.umask(Number.parseInt(input['umask'] as string, 8));
  try {
    const cache = await place.open({ options: { location } });
    await cache.set(key, value, timeout);
    const entry = (await filesIn(location))[0]!;

    expect(await modeOf(entry)).toBe(theirs.file_mode);
    expect(await modeOf(dirname(entry))).toBe(theirs.dir_mode);
    expect(await modeOf(location)).toBe(theirs.dir_mode);
    expect(await modeOf(dirname(location))).toBe(theirs.parent_mode);
  } finally {
    process.umask(mask);
    await place.end();
  }
  return [];
}

/** A file that cannot be what was written is a miss, and is replaced by the next set. */
async function checkCorruptFile({ input, expected }: Vector): Promise<RuleName[]> {
  const theirs = expected as { get_again: unknown };
  const place = filePlaces.make();
  const cache = await place.open();
  await cache.set('k', 'v');
  const path = (await filesIn(place.directory!))[0]!;
  const { size } = await stat(path);
  const damages: Record<string, () => Promise<void>> = {
    garbage: () => writeFile(path, 'garbage'),
    expiry_only: () => truncate(path, size - 1),
    truncated: () => truncate(path, Math.floor(size / 2)),
    empty: () => truncate(path, 0),
    trailing_bytes: () => appendFile(path, 'more'),
  };
  const damage = damages[input['how'] as string];
  if (!damage) throw new Error(`There is no rule for a file that is "${String(input['how'])}".`);

  await damage();

  expect(await cache.get('k', 'default')).toBe('default');
  expect(await cache.has('k')).toBe(false);
  expect(await cache.touch('k')).toBe(false);
  expect(await cache.set('k', 'w')).toBe(true);
  expect(await cache.get('k')).toBe(theirs.get_again);
  await place.end();
  return ['damagedIsMissed'];
}

/** Text, integers and bytes are kept as pymemcache does; what it pickles is JSON. */
async function checkWireFormat({ expected }: Vector): Promise<RuleName[]> {
  const codec = new PayloadCodec(json(), 'copy');
  for (const each of expected as { value: unknown; flags: number; raw: string }[]) {
    const value = decoded(each.value);
    const { flags, data } = codec.encode(value);
    const raw = Buffer.from(data as string).toString('latin1');
    expect({ value, flags, raw }).toEqual(
      each.raw === 'pickle'
        ? { value, flags: FLAG_JSON, raw: JSON.stringify(value) }
        : { value, flags: each.flags, raw: each.raw },
    );
  }
  return ['noPickles'];
}

async function filesIn(directory: string): Promise<string[]> {
  const all = await readdir(directory, { withFileTypes: true, recursive: true });
  return all.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

async function modeOf(path: string): Promise<string> {
  return `0o${((await stat(path)).mode & 0o777).toString(8)}`;
}
