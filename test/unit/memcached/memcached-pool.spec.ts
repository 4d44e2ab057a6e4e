import { afterEach, describe, expect, it } from '@jest/globals';
import type { MemcachedPoolOptions } from '../../../lib/backends/memcached/memcached.pool.js';
import { MemcachedPool } from '../../../lib/backends/memcached/memcached.pool.js';
import { MemcachedServer } from '../../../lib/backends/memcached/memcached.server.js';
import { PLACEMENT_NAMES } from '../../../lib/backends/memcached/placement.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import { fakeClient, unreachable, type FakeClient } from '../../support/memcached-fake-client.js';

const THREE = parseLocation(['a:1', 'b:1', 'c:1'], 'a test');
const FOUR = [...THREE, ...parseLocation('d:1', 'a test')];
const KEYS = Array.from({ length: 2_000 }, (_, index) => `:1:key-${index}`);

const pools: MemcachedPool[] = [];
let clients: Map<string, FakeClient>;

afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

function poolOf(options: Partial<MemcachedPoolOptions> = {}, addresses = THREE): MemcachedPool {
  clients = new Map();
  const pool = new MemcachedPool({
    placement: 'rendezvous',
    failover: 'miss',
    serverOf: ({ name }) => {
      const client = fakeClient(name);
      clients.set(name, client);
      return new MemcachedServer({
        client,
        report: () => undefined,
        onReturn: async () => undefined,
        onOverflow: async () => undefined,
      });
    },
    ...options,
  });
  pool.use(addresses);
  pools.push(pool);
  return pool;
}

const namesOf = (pool: MemcachedPool): string[] => KEYS.map((key) => pool.serverOf(key).name);

async function takeDown(pool: MemcachedPool, name: string): Promise<MemcachedServer> {
  const server = pool.servers.find((each) => each.name === name)!;
  clients.get(name)!.failure = unreachable(name);
  await server.read((client) => client.ping()).catch(() => undefined);
  return server;
}

describe('MemcachedPool', () => {
  it('leaves the keys of a server that is down with it', async () => {
    const pool = poolOf();
    const before = namesOf(pool);

    const down = await takeDown(pool, 'b:1');

    expect(down.isUp).toBe(false);
    expect(namesOf(pool)).toEqual(before);
    const lost = KEYS[before.indexOf('b:1')]!;
    expect(pool.placeOf(lost)).toEqual({ server: down, isStandIn: false });
  });

  describe.each(PLACEMENT_NAMES)('with failover: "next" and %s', (placement) => {
    it('gives the keys of a server that is down to the others, and theirs to nobody else', async () => {
      const pool = poolOf({ placement, failover: 'next' });
      const before = namesOf(pool);

      await takeDown(pool, 'b:1');

      const after = namesOf(pool);
      expect(after.filter((name) => name === 'b:1')).toEqual([]);
      const moved = after.filter((name, index) => name !== before[index]);
      expect(moved.length).toBe(before.filter((name) => name === 'b:1').length);
      expect(new Set(moved)).toEqual(new Set(['a:1', 'c:1']));
    });

    it('gives them to the last one that is up, and to the server itself if none is', async () => {
      const pool = poolOf({ placement, failover: 'next' });
      const before = namesOf(pool);
      await takeDown(pool, 'b:1');
      await takeDown(pool, 'c:1');

      expect(new Set(namesOf(pool))).toEqual(new Set(['a:1']));
      await takeDown(pool, 'a:1');

      expect(namesOf(pool)).toEqual(before);
    });
  });

  it('has a server forget what was changed in its place before it is used again', async () => {
    const pool = poolOf({ failover: 'next' });
    const key = KEYS[namesOf(pool).indexOf('b:1')]!;
    const home = await takeDown(pool, 'b:1');

    const { server, isStandIn } = pool.placeOf(key);

    expect([server === home, isStandIn]).toEqual([false, true]);
    expect(home.isReady).toBe(false);
  });

  it('keeps the servers that stay, and closes those that go', async () => {
    const pool = poolOf();
    const [first, second, third] = pool.servers;

    pool.use([FOUR[0]!, FOUR[2]!, FOUR[3]!]);

    expect(pool.servers.slice(0, 2)).toEqual([first, third]);
    expect(pool.servers.map(({ name }) => name)).toEqual(['a:1', 'c:1', 'd:1']);
    await expect(second!.read((client) => client.ping())).rejects.toMatchObject({
      code: 'CACHE_CLOSED',
    });
    await expect(third!.read((client) => client.ping())).resolves.toBeUndefined();
  });

  it('chooses among new servers as one that had them from the beginning', () => {
    const pool = poolOf();

    pool.use(FOUR);

    expect(namesOf(pool)).toEqual(namesOf(poolOf({}, FOUR)));
  });
});
