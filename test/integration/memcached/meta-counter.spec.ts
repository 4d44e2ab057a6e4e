import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import { metaClients } from '../../support/meta-clients.js';
import {
  describeWithMemcached,
  rawCommand,
  startMemcached,
  type MemcachedServer,
} from '../../support/memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const LARGEST = Number.MAX_SAFE_INTEGER;
const clients = metaClients();

describeWithMemcached('MetaClient, counting', () => {
  let server: MemcachedServer;
  let client: MetaClient;

  beforeAll(async () => {
    server = await startMemcached();
  });
  afterAll(() => server.stop());
  afterEach(() => clients.close());
  beforeEach(async () => {
    await rawCommand(server.port, 'flush_all');
    client = clients.to(server.address);
  });

  it('adds like arithmetic, over all safe integers', async () => {
    const numbers = [0, 1, -1, 7, -7, 10, -10, 100, -99, 1_000_000, LARGEST, -LARGEST, LARGEST - 1];
    const wrong: unknown[] = [];

    for (const start of numbers) {
      for (const delta of numbers) {
        await client.store('set', 'key', { flags: 2, data: String(start) }, 1_000);
        const sum = BigInt(start) + BigInt(delta);
        const isSafe = Number.isSafeInteger(Number(sum));
        const answer = await client
          .incr('key', delta, 'key')
          .catch((error: unknown) => (error as Error).name);
        const left = (await client.getPayload('key'))!;
        const isRight =
          answer === (isSafe ? Number(sum) : 'RangeError') &&
          BigInt(String(left.data).trim()) === (isSafe ? sum : BigInt(start)) &&
          left.flags === 2 &&
          (await client.ttl('key')) === 1_000;
        if (!isRight) wrong.push([start, delta, answer, left]);
      }
    }

    expect(wrong).toEqual([]);
  });

  it.each([
    ['18446744073709551615', 1, '18446744073709551616'],
    ['18446744073709551610', 10, '18446744073709551620'],
    ['9007199254740992', 0, '9007199254740992'],
    ['100000000000000000000', 1, '100000000000000000001'],
    ['100000000000000000000', -1, '99999999999999999999'],
  ])(
    'leaves %s alone when %i is added, which is beyond the safe integers',
    async (start, delta, sum) => {
      await client.store('set', 'key', { flags: 2, data: start }, 0);

      await expect(client.incr('key', delta, 'shown')).rejects.toThrow(
        `The counter "shown" would become ${sum}, which is beyond the safe integers`,
      );
      expect(String((await client.getPayload('key'))!.data).trim()).toBe(start);
    },
  );

  it.each([
    ['padded with blanks', '41   ', 42],
    ['text', '41', 42],
    ['negative', '-43', -42],
    ['negative and padded', '-43  ', -42],
  ])('counts on from a number that is %s', async (_, data, sum) => {
    await client.store('set', 'key', { flags: 16, data }, 50);

    expect(await client.incr('key', 1, 'key')).toBe(sum);
    expect(await client.ttl('key')).toBe(50);
    expect((await client.getPayload('key'))!.flags).toBe(16);
  });

  it.each(['text', '', '1.5', '12abc', '--5'])('refuses to count on from %j', async (data) => {
    await client.store('set', 'key', { flags: 16, data }, 0);

    for (const delta of [1, 0, -1]) {
      await expect(client.incr('key', delta, 'shown')).rejects.toMatchObject({
        code: 'CACHE_NOT_AN_INTEGER',
        key: 'shown',
      });
    }
  });

  it('answers undefined for a counter that is missing', async () => {
    expect(await client.incr('key', 1, 'key')).toBeUndefined();
    expect(await client.incr('key', 0, 'key')).toBeUndefined();
    expect(await client.incr('key', -1, 'key')).toBeUndefined();
  });

  it.each([
    [0, 1],
    [0, 0],
    [10, -3],
    [0, -1],
    [-5, 1],
    [-5, -1],
  ])('begins a counter at %i and adds %i', async (value, delta) => {
    const initial = { value, expiry: 60 };

    expect(await client.incr('key', delta, 'key', initial)).toBe(value + delta);
    expect(await client.ttl('key')).toBe(60);
    await client.touch('key', 1_000);
    expect(await client.incr('key', delta, 'key', initial)).toBe(value + 2 * delta);
    expect(await client.ttl('key')).toBe(1_000);
    expect((await client.getPayload('key'))!.flags).toBe(2);
  });

  it('begins a counter in the place of a lease', async () => {
    await rawCommand(server.port, 'mg up v N30\r\nmg down v N30');

    expect(await client.incr('up', 1, 'up')).toBeUndefined();
    expect(await client.incr('up', 1, 'up', { value: 5, expiry: 60 })).toBe(6);
    expect(await client.incr('down', -1, 'down', { value: 0, expiry: 60 })).toBe(-1);
    expect([await client.ttl('up'), await client.ttl('down')]).toEqual([60, 60]);
  });

  it('loses no count among many who count up and down across zero', async () => {
    const all = [client, clients.to(server.address), clients.to(server.address)];
    const each = HEAVY ? 1_000 : 60;
    const initial = { value: 0, expiry: 0 };

    const answers = await Promise.all(
      all.flatMap((one) =>
        Array.from({ length: each }, (_, index) =>
          one.incr('key', index % 2 === 0 ? 2 : -2, 'key', initial),
        ),
      ),
    );

    expect(answers.every((answer) => Number.isInteger(answer))).toBe(true);
    expect(await client.incr('key', 0, 'key')).toBe(0);
  });

  it('counts down from many places at once', async () => {
    const all = [client, clients.to(server.address), clients.to(server.address)];
    const each = HEAVY ? 500 : 30;
    await client.store('set', 'key', { flags: 2, data: '10' }, 0);

    const answers = await Promise.all(
      all.flatMap((one) => Array.from({ length: each }, () => one.incr('key', -1, 'key'))),
    );

    expect(answers.toSorted((a, b) => b! - a!)).toEqual(
      Array.from({ length: 3 * each }, (_, index) => 9 - index),
    );
  });

  it('lets a counter below zero expire that is lowered all the time', async () => {
    await client.store('set', 'key', { flags: 2, data: '-1' }, 3);
    const until = Date.now() + 6_000;
    let count = 0;

    while ((await client.incr('key', -1, 'key')) !== undefined && Date.now() < until) count += 1;

    expect(count).toBeGreaterThan(1);
    expect(await client.has('key')).toBe(false);
  });

  it('keeps a far date while it is lowered below zero', async () => {
    const seconds = 100 * 86_400;
    await client.store(
      'set',
      'key',
      { flags: 2, data: '0' },
      Math.ceil(Date.now() / 1000) + seconds,
    );
    const before = (await client.ttl('key'))!;

    for (let n = 0; n < 20; n += 1) await client.incr('key', -1, 'key');

    expect(before - (await client.ttl('key'))!).toBeLessThanOrEqual(1);
    expect((await client.ttl('key'))!).toBeLessThanOrEqual(before);
  });
});
