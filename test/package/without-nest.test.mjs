// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests by itself
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { loadedBy, packagesIn } from './loaded-files.mjs';
import { NEEDS_MEMCACHED, startMemcached } from './memcached-process.mjs';
import { installAlone, MANIFEST, packPackage, problemsOf } from './packed-package.mjs';
import { NEST_VALUES, ROOT_VALUES } from './public-exports.mjs';

const MEMCACHED = `${MANIFEST.name}/backends/memcached`;
const STANDALONE = `${MANIFEST.name}/standalone`;

let packed;
let consumer;

before(async () => {
  packed = await packPackage();
  consumer = await installAlone(packed.tarball);
});

after(async () => {
  await consumer?.remove();
  await packed?.remove();
});

describe('the package in a project without Nest', () => {
  it('is installed with its dependencies and nothing else', () => {
    assert.deepEqual(
      consumer.packages,
      [MANIFEST.name, ...Object.keys(MANIFEST.dependencies)].toSorted(),
    );
  });

  for (const build of ['import', 'require']) {
    it(`loads the memcached client by ${build} and no other package`, async () => {
      const loaded = await loadedBy(consumer, [MEMCACHED], build);

      assert.deepEqual([...packagesIn(loaded)], [MANIFEST.name]);
    });

    it(`loads createCache() by ${build} and no package that it does not need`, async () => {
      const loaded = await loadedBy(consumer, [STANDALONE], build);

      assert.deepEqual(packagesIn(loaded), new Set([MANIFEST.name, 'lru-cache']));
    });
  }

  for (const entry of [MEMCACHED, STANDALONE]) {
    it(`gives ${entry} the same names by import and by require`, async () => {
      const script = `
        const { createRequire } = await import('node:module');
        const names = (module) => Object.keys(module)
          .filter((name) => !['default', '__esModule', 'module.exports'].includes(name)).toSorted();
        console.log(JSON.stringify([
          names(await import('${entry}')),
          names(createRequire(import.meta.url)('${entry}')),
        ]));`;

      const [imported, required] = JSON.parse(
        await consumer.node(['--input-type=module', '-e', script]),
      );

      assert.notEqual(imported.length, 0);
      assert.deepEqual(required, imported);
    });
  }

  it('has in standalone what the root exports, but for what belongs to Nest', async () => {
    const script = `console.log(JSON.stringify(Object.keys(await import('${STANDALONE}'))));`;

    const names = JSON.parse(await consumer.node(['--input-type=module', '-e', script]));

    assert.deepEqual(
      names.toSorted(),
      ROOT_VALUES.filter((name) => !NEST_VALUES.includes(name)).toSorted(),
    );
  });
});

describe('a script without Nest', NEEDS_MEMCACHED, () => {
  const CLIENT = `
    const client = metaClient(process.argv[2], { deadlineMs: 5_000 });
    const text = (data) => ({ flags: 16, data });
    const stored = [
      await client.store('set', 'text', text('value'), expiryOf(60, Date.now())),
      await client.store('set', 'bytes', { flags: 0, data: Buffer.from([0, 255]) }, 0),
      await client.store('add', 'count', { flags: 2, data: '41' }, 0),
    ];
    const payloads = await client.getPayloads(['text', 'missing', 'bytes']);
    const won = await client.lease('page', { seconds: 10 });
    const lost = await client.lease('page', { seconds: 10 });
    const filled = await won.lease.fill(text('loaded'), 60);
    const led = await client.lease('page', { seconds: 10 });
    const stats = await client.stats();
    console.log(JSON.stringify({
      stored,
      text: await client.getPayload('text'),
      payloads: payloads.map((payload) => payload && [payload.flags, payload.data.toString('latin1')]),
      count: await client.incr('count', 1),
      lives: [await client.ttl('text') > 50, await client.ttl('count')],
      lease: [won.payload, lost.lease, filled, led.payload.data],
      items: stats.curr_items,
    }, (_, value) => (value === undefined ? 'undefined' : value)));
    client.close();`;

  const CACHE = `
    const cache = await createCache({ backend: 'memcached', location: process.argv.slice(2) });
    const keys = Array.from({ length: 20 }, (_, index) => 'key' + index);
    const failed = await cache.setMany(keys.map((key, index) => [key, { index, at: new Date(0) }]), 60);
    const found = await cache.getMany(keys);
    const shares = (await cache.stats()).map(({ state, items }) => state === 'up' && items > 0);
    await cache.add('count', 41);
    console.log(JSON.stringify({
      failed,
      found: found.size,
      value: await cache.get('key7'),
      count: await cache.incr('count'),
      loaded: await cache.getOrSet('price', async () => 42),
      shares,
      missing: await cache.incr('missing').catch((error) => [error.code, error instanceof CacheError]),
    }));
    await cache.close();`;

  const servers = [];

  beforeEach(async () => {
    servers.push(await startMemcached(), await startMemcached());
  });
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

  for (const build of ['import', 'require']) {
    it(`speaks to a server by ${build}`, async () => {
      const [{ address }] = servers;
      const path = await writeScript(
        build,
        'client',
        '{ expiryOf, metaClient }',
        MEMCACHED,
        CLIENT,
      );

      assert.deepEqual(JSON.parse(await consumer.node([path, address])), {
        stored: [true, true, true],
        text: { flags: 16, data: 'value' },
        payloads: [[16, 'value'], 'undefined', [0, '\0\u00ff']],
        count: 42,
        lives: [true, null],
        lease: ['undefined', 'undefined', true, 'loaded'],
        items: '4',
      });
    });

    it(`has a cache on several servers by ${build}`, async () => {
      const addresses = servers.map(({ address }) => address);
      const path = await writeScript(
        build,
        'cache',
        '{ createCache, CacheError }',
        STANDALONE,
        CACHE,
      );

      assert.deepEqual(JSON.parse(await consumer.node([path, ...addresses])), {
        failed: [],
        found: 20,
        value: { index: 7, at: '1970-01-01T00:00:00.000Z' },
        count: 42,
        loaded: 42,
        shares: [true, true],
        missing: ['CACHE_KEY_NOT_FOUND', true],
      });
    });
  }
});

describe('a strict script without Nest compiles, with the types of the package checked', () => {
  const SOURCE = `
    import { createCache, type CacheService, type NamedCacheOptions } from '${STANDALONE}';
    import { metaClient, memcached, type ItemLease, type MemcachedOptions } from '${MEMCACHED}';
    const options: MemcachedOptions = { location: ['10.0.0.1', '10.0.0.2'], placement: 'ketama' };
    export const named: NamedCacheOptions = { backend: memcached(options), timeout: '5m' };
    export const cache: Promise<CacheService> = createCache(named);
    export async function load(): Promise<boolean> {
      const client = metaClient('127.0.0.1:11211', { deadlineMs: 100 });
      const { lease }: { lease?: ItemLease } = await client.lease('key', { seconds: 10 });
      const count: number | undefined = await client.incr('count', 1);
      return (await lease?.fill({ flags: 16, data: String(count) }, 60)) ?? false;
    }
    // @ts-expect-error A count is no text, so the types are really read.
    export const wrong: Promise<string> = metaClient().incr('count', 1);
    `;
  const SETTINGS = {
    'as CommonJS with node10 resolution': {
      module: 'CommonJS',
      moduleResolution: 'node10',
      ignoreDeprecations: '6.0',
    },
    'as CommonJS with nodenext resolution': { module: 'NodeNext' },
    'as an ES module with nodenext resolution': { module: 'NodeNext', esm: true },
    'with a bundler': { module: 'ESNext', moduleResolution: 'Bundler' },
  };
  for (const [title, { esm, ...options }] of Object.entries(SETTINGS)) {
    it(title, async () => {
      const source = join(consumer.home, esm ? 'user.mts' : 'user.ts');
      await writeFile(source, SOURCE);

      assert.equal(problemsOf(consumer, source, { ...options, skipLibCheck: false }), '');
    });
  }
});

/** A file that takes the names from the entry and does the work; answers its path. */
async function writeScript(build, name, names, entry, work) {
  const isImport = build === 'import';
  const path = join(consumer.home, `${name}.${isImport ? 'mjs' : 'cjs'}`);
  const head = isImport
    ? `import ${names} from '${entry}';`
    : `const ${names} = require('${entry}');`;
  const body = isImport ? work : `(async () => {${work}})();`;
  await writeFile(path, `${head}\n${body}\n`);
  return path;
}
