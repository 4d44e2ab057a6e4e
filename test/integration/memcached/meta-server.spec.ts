import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import { SAMPLES } from '../../../lib/testing/payload-samples.js';
import { metaClients } from '../../support/meta-clients.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const DAY = 86_400;
const clients = metaClients();

afterEach(() => clients.close());

function valueOf(key: string): string {
  return `${key}:${'v'.repeat(Number(key.slice(1)) % 700)}`;
}

function text(data: string) {
  return { flags: 16, data };
}

describeWithMemcached('MetaClient on a memcached server', () => {
  let server: MemcachedServer;
  let client: MetaClient;

  beforeAll(async () => {
    server = await startMemcached();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await rawCommand(server.port, 'flush_all');
    client = clients.to(server.address);
  });

  it.each(Object.entries(SAMPLES))('gives back %s', async (_, payload) => {
    expect(await client.store('set', 'key', payload, 0)).toBe(true);

    const found = [await client.getPayload('key'), (await client.get('key'))!.payload];

    for (const { flags, data } of found as (typeof payload)[]) {
      expect(flags).toBe(payload.flags);
      expect(Buffer.from(data as string)).toEqual(Buffer.from(payload.data as string));
    }
    expect(await client.has('key')).toBe(true);
  });

  it('hands out text, JSON and integers as text, and the rest as bytes of their own', async () => {
    const kinds: [number, string][] = [
      [16, 'string'],
      [16 | 256, 'string'],
      [16 | 512, 'string'],
      [2, 'string'],
      [4, 'string'],
      [0, 'object'],
      [1, 'object'],
      [16 | 8, 'object'],
      [4096, 'object'],
      [0xffff_ffff, 'object'],
    ];
    const seen: [number, string][] = [];

    for (const [flags] of kinds) {
      await client.store('set', 'key', { flags, data: '42' }, 0);
      const { data } = (await client.getPayload('key'))!;
      seen.push([flags, typeof data]);
    }

    expect(seen).toEqual(kinds);
  });

  it('gives bytes that stay as they are when more is read', async () => {
    const data = Buffer.alloc(500, 1);
    await client.store('set', 'kept', { flags: 0, data }, 0);
    await client.store('set', 'other', { flags: 0, data: Buffer.alloc(60_000, 2) }, 0);

    const kept = (await client.getPayload('kept'))!.data as Buffer;
    for (let round = 0; round < 20; round += 1) await client.getPayload('other');

    expect(kept).toEqual(data);
  });

  it('gives back values of any length', async () => {
    const around = [0, 4_096, 16_384, 65_536, 131_072, 262_144];
    const lengths = around.flatMap((length) =>
      [-40, -20, -3, -2, -1, 0, 1, 2, 30].map((by) => length + by),
    );
    const values = new Map(
      lengths
        .filter((length) => length > 0)
        .map((length) => [`k${length}`, Buffer.alloc(length, `${length};`)]),
    );

    await Promise.all(
      [...values].map(([key, data]) => client.store('set', key, { flags: 0, data }, 0)),
    );
    const found = await Promise.all([...values.keys()].map((key) => client.getPayload(key)));

    const wrong = [...values].filter(
      ([, data], index) => !data.equals(found[index]!.data as Buffer),
    );
    expect(wrong.map(([key]) => key)).toEqual([]);
  });

  it('pairs every answer with its question, whatever is asked at once', async () => {
    const keys = Array.from({ length: HEAVY ? 100_000 : 5_000 }, (_, index) => `k${index}`);
    const asked = keys.filter((_, index) => index % 5 !== 0);

    await Promise.all(asked.map((key) => client.store('set', key, text(valueOf(key)), 0)));
    const [single, batch, items, looks] = await Promise.all([
      Promise.all(keys.map((key) => client.getPayload(key))),
      client.getPayloads(keys),
      Promise.all(keys.map((key) => client.get(key))),
      Promise.all(keys.map((key) => client.has(key))),
    ]);

    const expected = keys.map((key, index) => (index % 5 === 0 ? undefined : valueOf(key)));
    expect(single.map((payload) => payload?.data)).toEqual(expected);
    expect(batch.map((payload) => payload?.data)).toEqual(expected);
    expect(items.map((item) => item?.payload.data)).toEqual(expected);
    expect(looks).toEqual(expected.map((value) => value !== undefined));
  });

  it('takes a key of 250 bytes and of any printable characters', async () => {
    const keys = [
      'k'.repeat(250),
      'é'.repeat(125),
      '日本語😀',
      '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    ];

    await Promise.all(keys.map((key) => client.store('set', key, text(key), 0)));

    expect((await client.getPayloads(keys)).map((payload) => payload?.data)).toEqual(keys);
  });

  it('stores by compare and swap', async () => {
    await client.store('set', 'key', text('old'), 0);
    const { cas } = (await client.get('key'))!;

    expect(await client.store('set', 'key', text('new'), 0, cas)).toBe(true);
    expect(await client.store('set', 'key', text('late'), 0, cas)).toBe(false);
    expect(await client.store('set', 'missing', text('new'), 0, cas)).toBe(false);
    expect(await client.getPayload('key')).toEqual(text('new'));
  });

  it('adds only what is not there', async () => {
    expect(await client.store('add', 'key', text('first'), 0)).toBe(true);
    expect(await client.store('add', 'key', text('second'), 0)).toBe(false);
    expect(await client.getPayload('key')).toEqual(text('first'));
  });

  it('gives one of many who add at once the key', async () => {
    const others = [clients.to(server.address), clients.to(server.address)];

    for (let round = 0; round < (HEAVY ? 500 : 20); round += 1) {
      const added = await Promise.all(
        [client, ...others].flatMap((each) =>
          [1, 2, 3].map((n) => each.store('add', `round${round}`, text(String(n)), 0)),
        ),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
    }
  });

  it('deletes what is there', async () => {
    await client.store('set', 'key', text('value'), 0);

    expect(await client.delete('key')).toBe(true);
    expect(await client.delete('key')).toBe(false);
    expect(await client.has('key')).toBe(false);
  });

  it('touches what is there and tells the time it has left', async () => {
    await client.store('set', 'key', text('value'), 100);

    expect(await client.ttl('key')).toBe(100);
    expect(await client.touch('key', 5_000)).toBe(true);
    expect(await client.ttl('key')).toBe(5_000);
    expect(await client.touch('key', 0)).toBe(true);
    expect(await client.ttl('key')).toBeNull();
    expect(await client.touch('missing', 10)).toBe(false);
    expect(await client.ttl('missing')).toBeUndefined();
    expect(await client.getPayload('key')).toEqual(text('value'));
  });

  it('takes an expiry above 30 days for a date', async () => {
    const inAYear = Math.ceil(Date.now() / 1000) + 365 * DAY;
    await client.store('set', 'key', text('value'), inAYear);

    const left = (await client.ttl('key'))!;

    // The server's own clock of whole seconds may be one or two behind.
    expect(Math.abs(left - 365 * DAY)).toBeLessThanOrEqual(2);
  });

  it('does not store what is too large, and leaves no older value', async () => {
    await client.store('set', 'key', text('old'), 0);
    const [stored, other] = await Promise.all([
      client.store('set', 'key', { flags: 0, data: Buffer.alloc(4 << 20) }, 0),
      client.store('set', 'other', text('value'), 0),
    ]);

    expect([stored, other]).toEqual([false, true]);
    expect(await client.getPayloads(['key', 'other'])).toEqual([undefined, text('value')]);
  });

  it('tells statistics, settings and the version', async () => {
    await client.store('set', 'key', text('value'), 0);

    expect(await client.stats()).toMatchObject({
      curr_items: expect.stringMatching(/^[1-9]/),
      version: expect.stringMatching(/^1\.6\./),
    });
    expect(await client.stats('settings')).toMatchObject({ item_size_max: '1048576' });
    expect(await client.version()).toEqual([1, 6, expect.any(Number)]);
  });

  it('empties the server', async () => {
    await client.store('set', 'key', text('value'), 0);

    await client.flush();
    await client.ping();

    expect(await client.getPayload('key')).toBeUndefined();
  });

  it('keeps the process alive only while something is asked', async () => {
    await client.ping();
    expect(sockets()).toBe(0);

    const asked = client.getPayload('key');
    expect(sockets()).toBe(1);

    await asked;
    expect(sockets()).toBe(0);
  });
});

describeWithMemcached('MetaClient on a memcached server with other settings', () => {
  const servers = memcachedServers();

  afterEach(() => servers.stop());

  it('stores larger items where the server takes them', async () => {
    const server = await servers.start(['-I', '2m']);
    const client = clients.to(server.address, { maxItemBytes: 2 << 20 });
    const data = Buffer.alloc(3 << 19, 'abc');

    expect(await client.store('set', 'key', { flags: 0, data }, 0)).toBe(true);
    expect(((await client.getPayload('key'))!.data as Buffer).equals(data)).toBe(true);
  });

  it('works without CAS, as far as nothing depends on it', async () => {
    const server = await servers.start(['-C']);
    const client = clients.to(server.address);
    await client.store('set', 'key', text('5'), 0);

    expect(await client.get('key')).toEqual({ payload: text('5'), cas: 0n });
    expect(await client.incr('key', 1, 'key')).toBe(6);
    await expect(client.incr('key', -1, 'key')).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
    });
    await expect(client.lease('other', { seconds: 10 })).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
    });
    expect(await client.store('add', 'other', text('value'), 0)).toBe(true);
  });

  it('stores nothing where there is no room and nothing may go', async () => {
    const server = await servers.start(['-M', '-m', '2']);
    const client = clients.to(server.address);
    const data = Buffer.alloc(200_000, 1);

    const stored = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        client.store('set', `k${index}`, { flags: 0, data }, 0),
      ),
    );

    expect(new Set(stored)).toEqual(new Set([true, false]));
    expect(await client.has(`k${stored.indexOf(false)}`)).toBe(false);
    expect(await client.has(`k${stored.indexOf(true)}`)).toBe(true);
  });
});

/** How many sockets keep this process alive. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
