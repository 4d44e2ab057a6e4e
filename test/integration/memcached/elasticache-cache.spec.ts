import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { createCache, type CacheService } from '../../../lib/index.js';
import { memcached } from '../../../lib/backends/memcached/index.js';
import {
  describeWithMemcached,
  freePort,
  itemsOn,
  memcachedServers,
  type MemcachedServer,
} from '../../support/memcached.js';
import { startMetaScripted, type MetaScripted } from '../../support/meta-scripted.js';

const KEYS = Array.from({ length: 60 }, (_, index) => `key${index}`);

/** Stores all keys, and answers those that failed. */
const stored = (cache: CacheService): Promise<string[]> =>
  cache.setMany(new Map(KEYS.map((key) => [key, key])));

describeWithMemcached("a cache with discovery: 'elasticache'", () => {
  const servers = memcachedServers();
  const endpoints: MetaScripted[] = [];
  const caches: CacheService[] = [];
  let logged: string[];
  /** The servers that the endpoint tells, and how often that changed. */
  let cluster: { version: number; nodes: MemcachedServer[] };

  beforeEach(async () => {
    logged = [];
    cluster = { version: 1, nodes: [await servers.start(), await servers.start()] };
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    jest.useRealTimers();
    await Promise.all(caches.splice(0).map((cache) => cache.close()));
    await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.stop()));
    await servers.stop();
  });

  async function startEndpoint(): Promise<MetaScripted> {
    const endpoint = await startMetaScripted((_, socket) => {
      const nodes = cluster.nodes.map(({ port }) => `127.0.0.1|127.0.0.1|${port}`).join(' ');
      const list = `${cluster.version}\n${nodes}\n`;
      socket.write(`CONFIG cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`);
    });
    endpoints.push(endpoint);
    return endpoint;
  }

  async function cacheOn(location: string): Promise<CacheService> {
    const cache = await createCache({
      backend: 'memcached',
      location,
      // Without numbers for clear(), nothing but the entries is on the servers.
      options: { discovery: 'elasticache', clear: 'none', deadlineMs: 2_000 },
      logger: {
        log: (message) => void logged.push(message),
        warn: (message) => void logged.push(message),
        error: (message) => void logged.push(message),
      },
    });
    caches.push(cache);
    return cache;
  }

  const held = (): Promise<number[]> => Promise.all(cluster.nodes.map(({ port }) => itemsOn(port)));

  it('keeps its entries on the servers that the endpoint tells', async () => {
    const endpoint = await startEndpoint();
    const cache = await cacheOn(endpoint.address);

    expect(await stored(cache)).toEqual([]);
    expect((await cache.getMany(KEYS)).size).toBe(60);
    const [one, other] = await held();
    expect(one! + other!).toBe(60);
    expect(Math.min(one!, other!)).toBeGreaterThan(0);
    expect(endpoint.received()).toBe('config get cluster\r\n');
    expect((await cache.stats()).map(({ server }) => server)).toEqual(
      cluster.nodes.map(({ address }) => address),
    );
  });

  it('uses a server that is added, and moves no more keys than it gets', async () => {
    // The minute until the next question is not waited for.
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    });
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const endpoint = await startEndpoint();
    const cache = await cacheOn(endpoint.address);
    await stored(cache);

    cluster = { version: 2, nodes: [...cluster.nodes, await servers.start()] };
    jest.advanceTimersByTime(60_000);
    await until(async () => (await cache.stats()).length === 3);
    const found = await cache.getMany(KEYS);
    await stored(cache);

    const [, , added] = await held();
    expect(added).toBe(60 - found.size);
    expect(added).toBeGreaterThan(5);
    expect(added).toBeLessThan(40);
  });

  it('goes on with the servers it knows while the endpoint is away', async () => {
    const endpoint = await startEndpoint();
    const cache = await cacheOn(endpoint.address);
    await cache.set('key', 'value');

    await endpoint.stop();

    expect(await cache.get('key')).toBe('value');
    expect(await stored(cache)).toEqual([]);
  });

  it('starts without its endpoint, misses, and says so once', async () => {
    const cache = await cacheOn(`127.0.0.1:${await freePort()}`);

    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.set('key', 'value')).toBe(false);
    expect((await cache.getMany(KEYS)).size).toBe(0);
    await expect(cache.add('key', 'value')).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    expect(logged.filter((line) => line.includes('is away'))).toHaveLength(1);
  });

  it('is used soon after an endpoint that was away answers', async () => {
    const port = await freePort();
    const cache = await cacheOn(`127.0.0.1:${port}`);
    await cache.get('key');

    const relay = await relayTo((await startEndpoint()).port, port);
    await until(() => cache.set('key', 'value'));
    relay.close();

    expect(await cache.get('key')).toBe('value');
    expect(logged.filter((line) => line.includes('is back'))).toHaveLength(1);
  });

  it('tells of an endpoint that is none', async () => {
    const cache = await cacheOn(cluster.nodes[0]!.address);

    await expect(cache.with({ onError: 'throw' }).get('key')).rejects.toMatchObject({
      message: expect.stringContaining('is no configuration endpoint'),
    });
  });

  it('lets those who ask end when it is closed while it is asking', async () => {
    const endpoint = await startMetaScripted(() => undefined);
    endpoints.push(endpoint);
    const cache = await cacheOn(endpoint.address);
    const reading = cache.get('key');

    await cache.close();

    const ended = await reading.catch((error: { code: unknown }) => error.code);
    // A miss, if its deadline was over before the close.
    expect([undefined, 'CACHE_CLOSED']).toContain(ended);
    await expect(cache.get('key')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('has one endpoint', () => {
    expect(() => memcached({ location: 'a,b', discovery: 'elasticache' })).toThrow(
      expect.objectContaining({ code: 'CACHE_BAD_OPTION' }),
    );
  });
});

/** Resolves when it is so; after five seconds in any case. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 5_000 && !(await isSo()); waited += 10) await sleep(10);
}

/** Passes what comes to one port on to another. */
async function relayTo(target: number, port: number): Promise<Server> {
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    for (const end of [socket, onward]) end.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
