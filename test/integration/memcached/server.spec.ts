import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '../../../lib/core/clock.js';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';
import {
  PATIENT,
  openedBackends,
  text,
  textOf,
  type OpenedBackend,
} from '../../support/memcached-backends.js';

const backends = openedBackends(PATIENT);
const DAY = 86_400;

afterEach(async () => {
  await backends.close();
  backends.reports.length = 0;
});

describeWithMemcached('the memcached backend on a server', () => {
  let server: MemcachedServer;
  let backend: OpenedBackend;

  beforeAll(async () => {
    server = await startMemcached();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await rawCommand(server.port, 'flush_all');
    backend = await backends.open({ location: server.address });
  });

  /** The seconds that the server gives the item; -1 for ever. */
  async function secondsLeft(key: string): Promise<number> {
    return Number(/t(-?\d+)/.exec(await rawCommand(server.port, `mg ${key} t`))![1]);
  }

  it('stores under the final key itself, with the flags of the payload', async () => {
    await backend.set(':1:text', text('zhiliao'), 100);
    await backend.set(':1:number', { flags: 2, data: '42' }, 100);
    await backend.set(':1:bytes', { flags: 0, data: Buffer.from([65, 0, 66]) }, null);

    expect(await rawCommand(server.port, 'mg :1:text v f t')).toBe('VA 7 f16 t100\r\nzhiliao\r\n');
    expect(await rawCommand(server.port, 'mg :1:number v f')).toBe('VA 2 f2\r\n42\r\n');
    expect(await rawCommand(server.port, 'mg :1:bytes v f t')).toBe('VA 3 f0 t-1\r\nA\0B\r\n');
  });

  it('gives back all flags of 32 bits and every byte', async () => {
    const data = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

    await backend.set('key', { flags: 0xffff_ffff, data }, null);

    expect(await backend.get('key')).toEqual({ flags: 0xffff_ffff, data });
  });

  it('takes a key of 250 bytes and of any printable characters', async () => {
    const keys = [
      'k'.repeat(250),
      'é'.repeat(125),
      '日本語😀',
      '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    ];

    const stored = await Promise.all(keys.map((key) => backend.set(key, text(key), null)));
    const found = await backend.getMany(keys);

    expect(stored).toEqual([true, true, true, true]);
    expect([...found].map(([key, payload]) => [key, textOf(payload)])).toEqual(
      keys.map((key) => [key, key]),
    );
  });

  it.each([
    ['0.5 s', 0.5, 1],
    ['1.2 s', 1.2, 2],
    ['30 days', 30 * DAY, 30 * DAY],
    ['for ever', null, -1],
    ['50 years', 50 * 365 * DAY, -1],
  ])('sets a ttl of %s', async (_, ttl, seconds) => {
    await backend.set('key', text('value'), ttl);

    expect(await secondsLeft('key')).toBe(seconds);
  });

  it.each([30 * DAY + 1, 365 * DAY])('sets a ttl of %i s, which is sent as a date', async (ttl) => {
    await backend.set('key', text('value'), ttl);

    const left = await secondsLeft('key');
    // The server's own clock of whole seconds may be one or two behind.
    expect(Math.abs(left - ttl)).toBeLessThanOrEqual(2);
  });

  it('touches with the same ttls, and only what is there', async () => {
    await backend.set('key', text('value'), 10);

    expect(await backend.touch('key', 5000)).toBe(true);
    expect(await secondsLeft('key')).toBe(5000);
    expect(await backend.touch('key', null)).toBe(true);
    expect(await secondsLeft('key')).toBe(-1);
    expect(await backend.touch('missing', 10)).toBe(false);
  });

  it('counts from 0 to 2^53 - 1 with ttl and flags as they were', async () => {
    await backend.set('counter', text('9007199254740981'), 1000);

    expect(await backend.incr('counter', 10)).toBe(Number.MAX_SAFE_INTEGER);
    expect(await backend.incr('counter', -Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(await rawCommand(server.port, 'mg counter f t v')).toMatch(
      /^VA 16 f16 t1000\r\n0 +\r\n$/,
    );
  });

  it.each([
    '9007199254740991',
    '9007199254740992',
    '18446744073709551615',
    '99999999999999999999999',
  ])('takes back a sum beyond the safe integers: %s and 1', async (digits) => {
    await backend.set('counter', { flags: 2, data: digits }, 1000);

    await expect(backend.incr('counter', 1)).rejects.toThrow(RangeError);

    expect(textOf(await backend.get('counter'))?.trimEnd()).toBe(digits);
  });

  it('says what to do where a counter would go below zero over memjs, and leaves it', async () => {
    const binary = await backends.open({ location: server.address, client: 'memjs' });
    await backend.set('counter', { flags: 2, data: '5' }, 1000);
    await backend.set('debt', { flags: 2, data: '-5' }, 1000);

    await expect(binary.incr('counter', -6)).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
      message: expect.stringContaining('Start the counter higher so that it stays at 0 or above'),
    });
    await expect(binary.incr('debt', 1)).rejects.toMatchObject({ code: 'CACHE_UNSUPPORTED' });
    expect(await binary.incr('debt', 0)).toBe(-5);
    expect(textOf(await backend.get('counter'))).toBe('5');
  });

  it('counts below zero and back, and keeps the time', async () => {
    await backend.set('counter', { flags: 2, data: '5' }, 1000);

    expect(await backend.incr('counter', -6)).toBe(-1);
    expect(await backend.incr('counter', 1)).toBe(0);
    expect(await rawCommand(server.port, 'mg counter t')).toMatch(/^HD t(1000|999)/);
  });

  it('loses no decrement of a thousand at once', async () => {
    await backend.set('counter', { flags: 2, data: '3000' }, null);
    const other = await backends.open({ location: server.address });

    await Promise.all([
      ...Array.from({ length: 500 }, () => backend.incr('counter', -2)),
      ...Array.from({ length: 500 }, () => other.incr('counter', -3)),
    ]);

    expect(await backend.incr('counter', 0)).toBe(500);
  });

  it('takes an item up to the byte that the server takes, and deletes the old value for a larger one', async () => {
    const largest = 1024 * 1024 - 63 - 'key'.length;

    expect(await backend.set('key', text('x'.repeat(largest)), null)).toBe(true);
    expect(await backend.set('key', text('x'.repeat(largest + 1)), null)).toBe(false);
    expect(await backend.get('key')).toBeUndefined();
    expect(await backend.add('key', text('x'.repeat(largest + 1)), null)).toBe(false);
  });

  it('tells how it is doing', async () => {
    await backend.set('key', text('value'), null);
    await backend.get('key');
    await backend.get('other');

    const [stats] = await backend.stats();

    expect(stats).toMatchObject({ server: server.address, state: 'up', items: 1, evictions: 0 });
    expect(Number(stats!.details!['pid'])).toBe(server.pid);
    expect(await backend.ping()).toBeUndefined();
  });

  it('empties the server for those who mean it', async () => {
    await rawCommand(server.port, 'set foreign 0 0 1\r\n1');

    await backend.flushServer();

    expect(await rawCommand(server.port, 'mg foreign v')).toBe('EN\r\n');
  });

  it('answers a burst of 20,000 calls without taking the server for slow', async () => {
    const impatient = await backends.open({ location: server.address, deadlineMs: 500 });
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}`);

    const failed = await impatient.setMany(new Map(keys.map((key) => [key, text(key)])), 60);
    const found = await impatient.getMany(keys);

    expect(failed).toEqual([]);
    expect(found.size).toBe(20_000);
    expect(backends.reports).toEqual([]);
  });
});

describeWithMemcached('the memcached backend on servers of other kinds', () => {
  const servers = memcachedServers();

  afterEach(() => servers.stop());

  it('follows the item size of a server started with -I', async () => {
    const server = await servers.start(['-I', '2m']);
    const backend = await backends.open({ location: server.address });

    expect(await backend.set('key', text('x'.repeat(1_500_000)), null)).toBe(true);
    expect(await backend.set('key', text('x'.repeat(2_500_000)), null)).toBe(false);
    expect(await backend.get('key')).toBeUndefined();
  });

  it('leaves no old value where the server itself refuses a size below the usual', async () => {
    const server = await servers.start(['-I', '512k']);
    const backend = await backends.open({ location: server.address });
    await backend.set('key', text('old'), null);

    expect(await backend.set('key', text('x'.repeat(700_000)), null)).toBe(false);
    expect(await backend.get('key')).toBeUndefined();
  });

  it('sends nothing larger than maxItemBytes', async () => {
    const server = await servers.start();
    const backend = await backends.open({ location: server.address, maxItemBytes: 2048 });
    await backend.set('key', text('old'), null);

    expect(await backend.set('key', text('x'.repeat(2048)), null)).toBe(false);
    expect(await backend.get('key')).toBeUndefined();
  });

  it('refuses to lower a counter on a server without CAS', async () => {
    const server = await servers.start(['-C']);
    const backend = await backends.open({ location: server.address });
    await backend.set('counter', { flags: 2, data: '5' }, null);

    expect(await backend.incr('counter', 1)).toBe(6);
    await expect(backend.incr('counter', -1)).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
      message: expect.stringContaining('Start the server without "-C"'),
    });
  });

  it('is not disturbed by a server that closes idle connections', async () => {
    const server = await servers.start(['-o', 'idle_timeout=1']);
    const backend = await backends.open({ location: server.address });
    await backend.set('key', text('value'), null);

    await new Promise((resolve) => setTimeout(resolve, 3_000));

    expect(textOf(await backend.get('key'))).toBe('value');
    expect(backends.reports).toEqual([]);
  });

  it('speaks over a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'memcached-'));
    await chmod(directory, 0o777);
    const path = join(directory, 'memcached.sock');
    await servers.start(['-s', path, '-a', '777']);
    const backend = await backends.open({ location: `unix:${path}` });

    await backend.set('key', text('value'), null);

    expect(textOf(await backend.get('key'))).toBe('value');
    expect(backend.description).toBe(`memcached unix:${path}`);
    await rm(directory, { recursive: true });
  });

  const hasIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((face) => face?.address === '::1');

  (hasIpv6 ? it : it.skip)(
    `speaks over IPv6${hasIpv6 ? '' : ' (skipped: no ::1 here)'}`,
    async () => {
      const server = await servers.start(['-l', '::1']);
      const backend = await backends.open({ location: `[::1]:${server.port}` });

      await backend.set('key', text('value'), null);

      expect(textOf(await backend.get('key'))).toBe('value');
    },
  );

  it('settles what is in flight when it is closed, and refuses what comes after', async () => {
    const server = await servers.start();
    const backend = await backends.open({ location: server.address });

    const sets = Promise.all(
      Array.from({ length: 100 }, (_, index) => backend.set(`k${index}`, text('value'), null)),
    );
    await backend.close();

    expect(await sets).toEqual(Array(100).fill(true));
    await expect(backend.get('key')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
    await backend.close();
  });

  it('reads dates of expiry from the clock it is given', async () => {
    const server = await servers.start();
    const aDayAhead = { now: () => systemClock.now() + DAY * 1000 };
    const backend = await backends.open({ location: server.address }, { clock: aDayAhead });

    await backend.set('key', text('value'), 40 * DAY);

    const left = Number(/t(\d+)/.exec(await rawCommand(server.port, 'mg key t'))![1]);
    expect(Math.abs(left - 41 * DAY)).toBeLessThanOrEqual(2);
  });
});
