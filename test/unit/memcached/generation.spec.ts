import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fakeClock } from 'nestjs-cache-framework/testing';
import { Generation } from '../../../lib/backends/memcached/generation.js';
import { MemcachedServer } from '../../../lib/backends/memcached/memcached.server.js';
import { fakeClient, unreachable, type FakeClient } from '../../support/memcached-fake-client.js';

const KEY = '~clear:shop';
const START = Date.UTC(2026, 0, 1);

describe('Generation', () => {
  const clock = fakeClock();
  let clients: FakeClient[];
  let servers: MemcachedServer[];
  let generation: Generation;

  beforeEach(() => {
    jest.useFakeTimers();
    clients = [fakeClient('a:1'), fakeClient('b:1')];
    servers = clients.map(
      (client) =>
        new MemcachedServer({
          client,
          report: () => undefined,
          onReturn: async () => undefined,
          onOverflow: async () => undefined,
        }),
    );
    generation = new Generation('shop', { servers }, clock);
  });
  afterEach(() => {
    generation.close();
    for (const server of servers) server.close();
    jest.useRealTimers();
  });

  function numbers(): unknown[] {
    return clients.map(({ items }) => items.get(KEY)?.payload.data);
  }

  const current = (): Promise<number> => generation.under(async (number) => number);

  it('is 0, and no server is written to, before the first clear()', async () => {
    expect(await current()).toBe(0);
    expect(numbers()).toEqual([undefined, undefined]);
  });

  it('is the highest number of all servers', async () => {
    give(clients[0]!, '5');
    give(clients[1]!, '7 ');

    expect(await current()).toBe(7);
  });

  it('is written where it is missing or lower', async () => {
    give(clients[0]!, '7');
    give(clients[1]!, '5');

    await current();
    await jest.advanceTimersByTimeAsync(0);

    expect(numbers()).toEqual(['7', '7']);
  });

  it('never goes below the highest that was seen', async () => {
    give(clients[0]!, '7');
    await current();
    clients[0]!.items.clear();
    give(clients[1]!, '5');
    clock.advance(2);

    expect(await current()).toBe(7);
    await jest.advanceTimersByTimeAsync(0);
    expect(numbers()).toEqual(['7', '7']);
  });

  it('moves where all servers lost it, because it may have been raised before that', async () => {
    give(clients[0]!, '7');
    await current();
    for (const { items } of clients) items.clear();
    clock.advance(2);

    const moved = clock.now() * 1000;
    expect(await current()).toBe(moved);
    await jest.advanceTimersByTimeAsync(0);
    expect(numbers()).toEqual([String(moved), String(moved)]);
  });

  it('stays as it is where it is lost and one server cannot be asked', async () => {
    give(clients[0]!, '7');
    await current();
    clients[0]!.items.clear();
    clients[1]!.failure = unreachable('b:1');
    clock.advance(2);

    expect(await current()).toBe(7);
  });

  it('is put back by a process that is not used', async () => {
    await generation.move();
    await jest.advanceTimersByTimeAsync(1_000);
    clients[0]!.items.clear();

    await jest.advanceTimersByTimeAsync(6_000);

    expect(numbers()[0]).toBe(numbers()[1]);
    expect(numbers()[0]).toBe(String(generation.current));
  });

  it('is read again after a second, in the same breath as the operation', async () => {
    await current();
    clock.advance(1);
    const before = clients[0]!.calls.length;

    await generation.under(async () => {
      expect(clients[0]!.calls.slice(before)).toEqual([`get ${KEY}`]);
    });

    await current();
    expect(clients[0]!.calls.slice(before)).toEqual([`get ${KEY}`]);
  });

  it('is read again when the clock was set back', async () => {
    await current();
    clock.advance(-3600);
    const before = clients[0]!.calls.length;

    await current();

    expect(clients[0]!.calls.slice(before)).toEqual([`get ${KEY}`]);
  });

  it('has an operation repeated if it moved meanwhile', async () => {
    give(clients[1]!, '7');
    const ran: number[] = [];

    const answer = await generation.under(async (number) => ran.push(number));

    expect(ran).toEqual([0, 7]);
    expect(answer).toBe(2);
  });

  it('has an operation repeated that failed under the old number', async () => {
    give(clients[1]!, '7');

    const answer = await generation.under(async (number) => {
      if (number === 0) throw new Error('nothing of the old may be told');
      return number;
    });

    expect(answer).toBe(7);
  });

  it('lets the error of an operation through', async () => {
    const failure = new Error('refused');

    await expect(
      generation.under(async () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
  });

  it('is read in the background while it is used, and no longer', async () => {
    await current();
    await current();
    const { calls } = clients[0]!;
    const atFirst = calls.length;

    await jest.advanceTimersByTimeAsync(800);
    const whileUsed = calls.length;
    await jest.advanceTimersByTimeAsync(60_000);

    expect(whileUsed).toBe(atFirst + 1);
    expect(calls.length).toBe(whileUsed);
  });

  it('is read every few seconds by a process that is not used, once there is one', async () => {
    await generation.move();
    const { calls } = clients[0]!;
    const atFirst = calls.length;

    await jest.advanceTimersByTimeAsync(60_000);

    // Every 5.75 seconds.
    expect(calls.length - atFirst).toBe(10);
  });

  it('is read in the background again as soon as it is used again', async () => {
    await generation.move();
    await jest.advanceTimersByTimeAsync(2_000);
    clock.advance(2);
    await current();
    await current();
    const { calls } = clients[0]!;
    const atFirst = calls.length;

    await jest.advanceTimersByTimeAsync(800);

    expect(calls.length).toBe(atFirst + 1);
  });

  it('moves to the time in microseconds, on every server', async () => {
    await generation.move();

    expect(generation.current).toBe(clock.now() * 1000);
    expect(numbers()).toEqual([String(clock.now() * 1000), String(clock.now() * 1000)]);
  });

  it('moves beyond a number that is ahead of the clock', async () => {
    const ahead = (START + 1e12) * 1000;
    give(clients[1]!, String(ahead));

    await generation.move();

    expect(numbers()).toEqual([String(ahead + 1), String(ahead + 1)]);
  });

  it('moves on although another raised the number meanwhile, and takes the higher', async () => {
    const higher = String(clock.now() * 1000 + 5);
    clients[0]!.beforeStore = () => {
      delete clients[0]!.beforeStore;
      give(clients[0]!, higher);
    };

    await generation.move();

    expect(generation.current).toBe(Number(higher));
    expect(numbers()[0]).toBe(higher);
  });

  it('rejects when one server cannot be told, but has moved', async () => {
    clients[1]!.failure = unreachable('b:1');

    await expect(generation.move()).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining(
        'clear() of the scope "shop" did not reach memcached b:1: memcached b:1 cannot be reached: connect ECONNREFUSED.',
      ),
    });
    expect(generation.current).toBe(clock.now() * 1000);
  });

  it('rejects when the number of a server could not be read, because it might have been higher', async () => {
    let calls = 0;
    clients[1]!.get = async (key) => {
      calls += 1;
      if (calls === 1) throw new Error('once');
      return clients[1]!.items.get(key);
    };

    await expect(generation.move()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
  });

  it('gives a server that was away the number', async () => {
    await generation.move();
    clients[1]!.items.clear();

    await generation.restore(clients[1]!);

    expect(numbers()[1]).toBe(numbers()[0]);
  });

  it('gives up on a server that never takes the number', async () => {
    clients[1]!.beforeStore = () => {
      give(clients[1]!, '1');
      clients[1]!.items.set(KEY, {
        payload: { flags: 2, data: '1' },
        cas: BigInt(clients[1]!.calls.length + 1000),
      });
    };

    await expect(generation.move()).rejects.toMatchObject({
      message: expect.stringContaining(
        'memcached b:1 did not take the number for clear() in 10 tries',
      ),
    });
  });
});

function give(client: FakeClient, number: string): void {
  client.items.set(KEY, { payload: { flags: 2, data: number }, cas: 99n });
}
