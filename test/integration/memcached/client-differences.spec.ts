import { mkdtemp, rm, chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { memcached } from '../../../lib/backends/memcached/index.js';
import type { CacheService } from '../../../lib/core/cache.service.js';
import { createCache } from '../../../lib/create-cache.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import { PATIENT, codeOf, openedBackends } from '../../support/memcached-backends.js';

const servers = memcachedServers();
const backends = openedBackends(PATIENT);
const caches: CacheService[] = [];

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  await backends.close();
  await servers.stop();
});

/** A cache over each client, on one server. */
async function both(server: MemcachedServer) {
  const [meta, memjs] = await Promise.all(
    (['meta', 'memjs'] as const).map((client) =>
      createCache({
        backend: 'memcached',
        location: server.address,
        options: { ...PATIENT, client },
      }),
    ),
  );
  caches.push(meta!, memjs!);
  return { meta: meta!, memjs: memjs! };
}

// Everything else is the same over both clients, and is tested over both.
describeWithMemcached('what memjs cannot do and the meta client can', () => {
  it('is to tell how long an entry has left', async () => {
    const { meta, memjs } = await both(await servers.start());
    await memjs.set('key', 'value', 100);

    expect(await meta.ttl('key')).toBe(100);
    await expect(memjs.ttl('key')).rejects.toMatchObject({
      name: 'CacheUnsupportedError',
      code: 'CACHE_UNSUPPORTED',
    });
  });

  it('is to look for an entry without fetching its value, so that has() fetches it', async () => {
    const server = await servers.start();
    const { meta, memjs } = await both(server);
    await memjs.set('key', 'x'.repeat(100_000));
    const written = async (): Promise<number> =>
      Number(/STAT bytes_written (\d+)/.exec(await rawCommand(server.port, 'stats'))![1]);

    const before = await written();
    expect([await meta.has('key'), await meta.has('other')]).toEqual([true, false]);
    const between = await written();
    expect([await memjs.has('key'), await memjs.has('other')]).toEqual([true, false]);
    const after = await written();

    expect(between - before).toBeLessThan(100_000);
    expect(after - between).toBeGreaterThan(100_000);
  });

  it('is to count below zero, and it leaves the counter as it is and says what to do', async () => {
    const { meta, memjs } = await both(await servers.start());
    await memjs.set('counter', 5, 900);
    await memjs.set('debt', -5, 900);
    const refusal = {
      name: 'CacheUnsupportedError',
      code: 'CACHE_UNSUPPORTED',
      message: expect.stringContaining('Start the counter higher so that it stays at 0 or above'),
    };

    await expect(memjs.decr('counter', 6)).rejects.toMatchObject(refusal);
    await expect(memjs.incr('debt', 1)).rejects.toMatchObject(refusal);
    expect(await memjs.incr('debt', 0)).toBe(-5);
    expect(await memjs.get('counter')).toBe(5);

    expect(await meta.decr('counter', 6)).toBe(-1);
    expect(await meta.incr('debt', 6)).toBe(1);
    expect([899, 900]).toContain(await meta.ttl('counter'));
  });

  it('is to speak TLS, which is refused when the options are read', () => {
    expect(() => memcached({ client: 'memjs', tls: {} })).toThrow(
      expect.objectContaining({
        name: 'CacheConfigError',
        message: expect.stringContaining('memjs has no TLS'),
      }),
    );
    expect(() => memcached({ client: 'meta', tls: {} })).not.toThrow();
  });

  it('is to log in over text (-Y), so that the server cannot be reached', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'memcached-'));
    await chmod(directory, 0o755);
    const users = join(directory, 'users');
    await writeFile(users, 'alice:s3cret\n', { mode: 0o644 });
    const server = await servers.start(['-Y', users]);
    const location = `alice:s3cret@${server.address}`;
    const [meta, memjs] = await Promise.all([
      backends.open({ location, client: 'meta' }),
      backends.open({ location, client: 'memjs', connectTimeoutMs: 200 }),
    ]);

    expect(await meta.get('key')).toBeUndefined();
    expect(await codeOf(memjs.get('key'))).toBe('CACHE_UNAVAILABLE');
    await rm(directory, { recursive: true });
  });
});
