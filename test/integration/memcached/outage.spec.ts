import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { watchedCaches } from '../../support/load-caches.js';
import {
  describeWithMemcached,
  freePort,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import {
  codeOf,
  openedBackends,
  text,
  textOf,
  type OpenedBackend,
} from '../../support/memcached-backends.js';
import { startScripted } from '../../support/memcached-scripted.js';

// What a busy machine takes for an answer is less.
const DEADLINE_MS = 1_000;

describeWithMemcached('a memcached server that is away', () => {
  const servers = memcachedServers();
  const backends = openedBackends({ deadlineMs: DEADLINE_MS });
  const caches = watchedCaches({ deadlineMs: DEADLINE_MS });

  afterEach(async () => {
    await backends.close();
    await caches.close();
    await servers.stop();
    backends.reports.length = 0;
  });

  /** A backend on one server whose wire keys are the final keys. */
  async function start(): Promise<{ server: MemcachedServer; backend: OpenedBackend }> {
    const server = await servers.start();
    return { server, backend: await backends.open({ location: server.address }) };
  }

  it('is found by itself when it starts after the application', async () => {
    const port = await freePort();
    const backend = await backends.open({ location: `127.0.0.1:${port}` });

    expect(await codeOf(backend.get('key'))).toBe('CACHE_UNAVAILABLE');
    await servers.start(['-l', `127.0.0.1:${port}`]);

    expect(await isBack(backend)).toBe(true);
    expect(await backend.set('key', text('value'), null)).toBe(true);
  });

  it('is asked only once, then every call is rejected at once with what is going on', async () => {
    const { server, backend } = await start();
    await backend.get('key');
    await server.kill('SIGSTOP');

    expect(await codeOf(backend.get('key'))).toBe('CACHE_TIMEOUT');

    await expect(backend.get('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached ${server.address} is down and is tried again in the background: memcached ${server.address} did not answer within 1000 ms.`,
    });
  });

  it('ends all calls in flight when it hangs', async () => {
    const { server, backend } = await start();
    await backend.get('key');
    await server.kill('SIGSTOP');

    const codes = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => codeOf(backend.get(`k${index}`))),
    );

    expect(new Set(codes)).toEqual(new Set(['CACHE_TIMEOUT']));
  });

  it('is reconnected to without an error seen when it was restarted between two calls', async () => {
    const { server, backend } = await start();
    await backend.set('key', text('value'), null);

    await server.restart();
    await sleep(50);

    expect(await backend.get('key')).toBeUndefined();
    expect(backends.reports).toEqual([]);
  });

  it('leaves the keys of the others as they are', async () => {
    const first = await servers.start();
    const second = await servers.start();
    const cache = await caches.open([first, second]);
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    await cache.setMany(keys.map((key) => [key, key] as const));
    const onSecond = (await cache.stats())[1]!.items!;
    await first.kill('SIGKILL');

    const found = await cache.getMany(keys);
    const failed = await cache.setMany(keys.map((key) => [key, key] as const));
    const stats = await cache.stats();

    expect(found.size).toBe(onSecond);
    expect(failed).toEqual(keys.filter((key) => !found.has(key)));
    expect(await cache.deleteMany(keys)).toBe(onSecond);
    expect(stats.map(({ server, state }) => [server, state])).toEqual([
      [first.address, 'down'],
      [second.address, 'up'],
    ]);
    await expect(cache.ping()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  });

  it('makes calls on many keys throw in the strict view, though others answer', async () => {
    const first = await servers.start();
    const second = await servers.start();
    const cache = (await caches.open([first, second])).with({ onError: 'throw' });
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    await first.kill('SIGKILL');

    expect(await codeOf(cache.getMany(keys))).toBe('CACHE_UNAVAILABLE');
    expect(await codeOf(cache.setMany(keys.map((key) => [key, key] as const)))).toBe(
      'CACHE_UNAVAILABLE',
    );
    expect(await codeOf(cache.deleteMany(keys))).toBe('CACHE_UNAVAILABLE');
  });

  it('makes values a miss whose tag lies there, wherever they lie themselves', async () => {
    const three = [await servers.start(), await servers.start(), await servers.start()];
    const cache = await caches.open(three, 'shop');
    const keys = Array.from({ length: 60 }, (_, index) => `k${index}`);
    await cache.setMany(new Map(keys.map((key) => [key, key])), { tags: ['tag'] });
    const stamps = three.map(({ port }) => rawCommand(port, 'mg ~tag:4:shop:tag'));
    const home = (await Promise.all(stamps)).findIndex((answer) => answer.startsWith('HD'));
    const before = await cache.getMany(keys);

    await three[home]!.kill('SIGKILL');

    expect(before.size).toBe(60);
    expect(await cache.getMany(keys)).toEqual(new Map());
    expect(await cache.set('other', 1, { tags: ['tag'] })).toBe(false);
  });

  it('makes getMany and the others reject when none answers', async () => {
    const { server, backend } = await start();
    await server.kill('SIGKILL');

    expect(await codeOf(backend.getMany(['a', 'b']))).toBe('CACHE_UNAVAILABLE');
    expect(await codeOf(backend.setMany(new Map([['a', text('1')]]), null))).toBe(
      'CACHE_UNAVAILABLE',
    );
    expect(await codeOf(backend.deleteMany(['a', 'b']))).toBe('CACHE_UNAVAILABLE');
  });

  it('is given up after the connect timeout where it takes connections and says nothing', async () => {
    const silent = await startScripted(() => undefined);
    const backend = await backends.open({
      client: 'memjs',
      location: `user:password@${silent.address}`,
      connectTimeoutMs: 200,
    });

    await expect(backend.get('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached ${silent.address} cannot be reached: no connection within 200 ms.`,
    });
    await silent.stop();
  });

  it('is not taken for hung when it is this process that was held up', async () => {
    const { backend } = await start();
    await backend.set('key', text('value'), null);
    const reading = backend.get('key');
    await new Promise((resolve) => process.nextTick(resolve));

    const until = performance.now() + 2 * DEADLINE_MS;
    while (performance.now() < until);

    expect(textOf(await reading)).toBe('value');
    expect(backends.reports).toEqual([]);
  });
});

/** Waits until the server answers again. */
async function isBack(backend: OpenedBackend): Promise<boolean> {
  for (let waited = 0; waited < 8_000; waited += 20) {
    if ((await backend.stats()).every(({ state }) => state === 'up')) return true;
    await sleep(20);
  }
  return false;
}
