import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import { metaClients } from '../../support/meta-clients.js';
import {
  describeWithMemcached,
  rawCommand,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const LEASE = { seconds: 10 };
const clients = metaClients();

afterEach(() => clients.close());

function text(data: string) {
  return payload(16, data);
}

function payload(flags: number, data: string) {
  return { flags, data };
}

describeWithMemcached('a lease of MetaClient', () => {
  let server: MemcachedServer;
  let ours: MetaClient;
  let theirs: MetaClient;

  beforeAll(async () => {
    server = await startMemcached();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await rawCommand(server.port, 'flush_all');
    ours = clients.to(server.address);
    theirs = clients.to(server.address);
  });

  const raw = (command: string) => rawCommand(server.port, command);

  it('goes to the first who asks for what is missing, and to nobody else', async () => {
    const first = await ours.lease('key', LEASE);
    const second = await theirs.lease('key', LEASE);

    expect(first).toEqual({ isStale: false, lease: expect.anything() });
    expect(second).toEqual({ isStale: false });
    expect(await raw('mg key t')).toBe('HD t10 Z\r\n');
  });

  it('goes to one of many who ask at once', async () => {
    for (let round = 0; round < (HEAVY ? 200 : 10); round += 1) {
      const asked = await Promise.all(
        [ours, theirs].flatMap((client) =>
          Array.from({ length: 50 }, () => client.lease(`round${round}`, LEASE)),
        ),
      );
      expect(asked.filter(({ lease }) => lease !== undefined)).toHaveLength(1);
    }
  });

  it('stores what was loaded, which is then found by all', async () => {
    const { lease } = await ours.lease('key', LEASE);

    expect(await lease!.fill(text('loaded'), 60)).toBe(true);

    expect(await theirs.lease('key', LEASE)).toEqual({ payload: text('loaded'), isStale: false });
    expect(await theirs.getPayload('key')).toEqual(text('loaded'));
    expect(await theirs.ttl('key')).toBe(60);
    expect(await lease!.fill(text('again'), 60)).toBe(false);
  });

  it('is void once the key was deleted', async () => {
    const { lease } = await ours.lease('key', LEASE);

    await theirs.delete('key');

    expect(await lease!.fill(text('late'), 60)).toBe(false);
    expect(await ours.has('key')).toBe(false);
  });

  it('is void once the key was deleted and leased to another', async () => {
    const { lease } = await ours.lease('key', LEASE);
    await theirs.delete('key');
    const next = await theirs.lease('key', LEASE);

    expect(await lease!.fill(text('late'), 60)).toBe(false);
    expect(await lease!.renew(10)).toBe(false);
    await lease!.release();

    expect(await next.lease!.fill(text('loaded'), 60)).toBe(true);
    expect(await ours.getPayload('key')).toEqual(text('loaded'));
  });

  it.each([
    ['set', (client: MetaClient) => client.store('set', 'key', text('set'), 60)],
    ['add', (client: MetaClient) => client.store('add', 'key', text('add'), 60)],
    ['incr', (client: MetaClient) => client.incr('key', 1, 'key', { value: 0, expiry: 60 })],
  ])('is void once another has stored with %s', async (_, change) => {
    const { lease } = await ours.lease('key', LEASE);

    expect(await change(theirs)).toBeTruthy();

    expect(await lease!.fill(text('late'), 60)).toBe(false);
    expect(await lease!.renew(10)).toBe(false);
    await lease!.release();
    expect(await ours.has('key')).toBe(true);
    expect((await ours.getPayload('key'))!.data).not.toBe('late');
  });

  it('never stores what was loaded before a delete, whichever comes first', async () => {
    const left: string[] = [];

    for (let round = 0; round < (HEAVY ? 100_000 : 200); round += 1) {
      const key = `race${round}`;
      const { lease } = await ours.lease(key, LEASE);
      await Promise.all([theirs.delete(key), lease!.fill(text('loaded'), 60)]);
      if (await ours.has(key)) left.push(key);
    }

    expect(left).toEqual([]);
  });

  it('goes to the next at once when it is released', async () => {
    const { lease } = await ours.lease('key', LEASE);

    await lease!.release();
    await lease!.release();

    expect((await theirs.lease('key', LEASE)).lease).toBeDefined();
    expect(await lease!.fill(text('late'), 60)).toBe(false);
  });

  it('goes to the next when its owner dies, and not before its time', async () => {
    await ours.lease('key', { seconds: 2 });

    expect((await theirs.lease('key', LEASE)).lease).toBeUndefined();
    await sleep(3_000);

    expect((await theirs.lease('key', LEASE)).lease).toBeDefined();
  });

  it('lasts as long as it is renewed', async () => {
    const { lease } = await ours.lease('key', { seconds: 2 });

    for (let n = 0; n < 4; n += 1) {
      await sleep(900);
      expect(await lease!.renew(2)).toBe(true);
      expect(await theirs.lease('key', LEASE)).toEqual({ isStale: false });
      expect(await theirs.getPayload('key')).toBeUndefined();
    }

    expect(await lease!.fill(text('loaded'), 60)).toBe(true);
    expect(await theirs.getPayload('key')).toEqual(text('loaded'));
  });

  it('that was renewed is not given to one who would refresh early', async () => {
    const { lease } = await ours.lease('key', LEASE);
    await lease!.renew(10);

    const asked = [
      await theirs.lease('key', { seconds: 10, refreshBelow: 30 }),
      await theirs.lease('key', { seconds: 10, refreshBelow: 30 }),
    ];

    expect(asked).toEqual([{ isStale: false }, { isStale: false }]);
    expect(await lease!.fill(text('loaded'), 60)).toBe(true);
  });

  it('that was renewed is replaced when its owner dies', async () => {
    const { lease } = await ours.lease('key', LEASE);
    await lease!.renew(2);
    await sleep(3_000);

    expect((await theirs.lease('key', LEASE)).lease).toBeDefined();
  });

  it('is no item for any other method', async () => {
    const fresh = await ours.lease('fresh', LEASE);
    const renewed = await ours.lease('renewed', LEASE);
    await renewed.lease!.renew(10);

    for (const key of ['fresh', 'renewed']) {
      expect(await theirs.getPayload(key)).toBeUndefined();
      expect(await theirs.getPayloads([key])).toEqual([undefined]);
      expect(await theirs.get(key)).toBeUndefined();
      expect(await theirs.has(key)).toBe(false);
      expect(await theirs.ttl(key)).toBeUndefined();
      expect(await theirs.incr(key, 1, key)).toBeUndefined();
      expect(await theirs.incr(key, -1, key)).toBeUndefined();
    }
    // None of them has taken it away.
    expect(await fresh.lease!.fill(text('loaded'), 60)).toBe(true);
    expect(await renewed.lease!.fill(text('loaded'), 60)).toBe(true);
  });

  it('is not prolonged by a touch, but given back', async () => {
    const { lease } = await ours.lease('key', LEASE);

    expect(await theirs.touch('key', 10_000)).toBe(false);

    expect(await lease!.fill(text('late'), 60)).toBe(false);
    expect((await theirs.lease('key', LEASE)).lease).toBeDefined();
  });

  it('is a hit for clients that know nothing of leases', async () => {
    await ours.lease('key', LEASE);

    expect(await raw('get key')).toBe('VALUE key 0 0\r\n\r\nEND\r\n');
    expect(await raw('add key 0 0 1\r\nx')).toBe('NOT_STORED\r\n');
  });

  it('costs no item where nobody asks for one', async () => {
    const before = await ours.stats();

    await ours.getPayloads(Array.from({ length: 100 }, (_, index) => `missing${index}`));
    await ours.get('missing');
    await ours.has('missing');

    expect((await ours.stats())['total_items']).toBe(before['total_items']);
  });

  it('ends when what was loaded is too large, so that another may try', async () => {
    const { lease } = await ours.lease('key', LEASE);

    expect(await lease!.fill(text('x'.repeat(2 << 20)), 60)).toBe(false);

    expect((await theirs.lease('key', LEASE)).lease).toBeDefined();
  });

  it('takes empty bytes and empty text for the values that they are', async () => {
    for (const flags of [16, 1024]) {
      const { lease } = await ours.lease(`key${flags}`, LEASE);
      await lease!.fill(payload(flags, ''), 60);

      const found = await theirs.lease(`key${flags}`, LEASE);

      expect(found).toMatchObject({ payload: { flags }, isStale: false });
      expect(found.lease).toBeUndefined();
    }
  });

  describe('on a value that was marked stale', () => {
    beforeEach(async () => {
      await ours.store('set', 'key', text('old'), 600);
      await raw('md key I T30');
    });

    it('goes to one, and the old value to all', async () => {
      expect(await ours.lease('key', LEASE)).toEqual({
        payload: text('old'),
        isStale: true,
        lease: expect.anything(),
      });
      expect(await theirs.lease('key', LEASE)).toEqual({ payload: text('old'), isStale: true });
    });

    it('replaces it', async () => {
      const { lease } = await ours.lease('key', LEASE);

      expect(await lease!.renew(10)).toBe(true);
      expect(await lease!.fill(text('new'), 60)).toBe(true);

      expect(await theirs.lease('key', LEASE)).toEqual({ payload: text('new'), isStale: false });
    });

    it('leaves it as it is when it is released, for the next to replace', async () => {
      const { lease } = await ours.lease('key', LEASE);

      await lease!.release();

      expect(await theirs.lease('key', LEASE)).toEqual({
        payload: text('old'),
        isStale: true,
        lease: expect.anything(),
      });
      expect(await theirs.ttl('key')).toBe(30);
    });

    it('is void once the key was deleted', async () => {
      const { lease } = await ours.lease('key', LEASE);

      await theirs.delete('key');

      expect(await lease!.fill(text('late'), 60)).toBe(false);
      expect(await ours.has('key')).toBe(false);
    });
  });

  describe('on a value that is to be loaded again early', () => {
    const EARLY = { seconds: 10, refreshBelow: 30 };

    it('goes to one when less than that is left, and the value to all', async () => {
      await ours.store('set', 'key', text('old'), 20);

      expect(await ours.lease('key', { seconds: 10, refreshBelow: 10 })).toEqual({
        payload: text('old'),
        isStale: false,
      });
      expect(await ours.lease('key', EARLY)).toEqual({
        payload: text('old'),
        isStale: true,
        lease: expect.anything(),
      });
      expect(await theirs.lease('key', EARLY)).toEqual({ payload: text('old'), isStale: true });
    });

    it('leaves the value and its time when it is released', async () => {
      await ours.store('set', 'key', text('old'), 20);
      const { lease } = await ours.lease('key', EARLY);

      await lease!.release();

      expect(await theirs.ttl('key')).toBe(20);
      expect(await theirs.lease('key', { seconds: 10 })).toEqual({
        payload: text('old'),
        isStale: false,
      });
      expect((await theirs.lease('key', EARLY)).lease).toBeDefined();
    });
  });
});

describe('a lease of MetaClient on an older server', () => {
  it.each(['1.6.10', '1.6.12'])('is not given by version %s', async (version) => {
    const { client, server } = await clients.scripted(
      ({ line }, socket) => socket.write(line === 'mn' ? 'MN\r\n' : 'SERVER_ERROR no\r\n'),
      {},
      { version: `VERSION ${version}` },
    );

    await expect(client.lease('key', LEASE)).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
      message: `memcached ${server.address} is version ${version}, and leases in the place of entries need 1.6.13 or newer. Update the server, or use foreignClients: true.`,
    });
    expect(server.received()).toBe('version\r\nmn\r\n');
  });
});
