import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BackendReport, Payload } from '../../../lib/core/cache-backend.interface.js';
import { InvalidCacheKeyError } from '../../../lib/core/cache.errors.js';
import {
  badReply,
  connectionLost,
  noAnswer,
} from '../../../lib/backends/memcached/memcached.errors.js';
import { MemcachedServer } from '../../../lib/backends/memcached/memcached.server.js';
import { codeOf } from '../../support/memcached-backends.js';
import { fakeClient, unreachable, type FakeClient } from '../../support/memcached-fake-client.js';

describe('MemcachedServer', () => {
  let client: FakeClient;
  let server: MemcachedServer;
  let reports: BackendReport[];
  let happened: string[];

  beforeEach(() => {
    jest.useFakeTimers();
    client = fakeClient('a:1');
    reports = [];
    happened = [];
    server = new MemcachedServer({
      client,
      missedWrites: 3,
      report: (report) => void reports.push(report),
      onReturn: async () => void happened.push('return'),
      onOverflow: async () => void happened.push('overflow'),
    });
  });
  afterEach(() => {
    server.close();
    jest.useRealTimers();
  });

  const get = (): Promise<unknown> => server.read((each) => each.get('key'));
  /** The states that were reported. */
  function states(): unknown[] {
    return reports.map((report) => (report.kind === 'server' ? report.state : report.kind));
  }

  async function goDown(failure: unknown = unreachable('a:1')): Promise<void> {
    client.failure = failure;
    await codeOf(get());
    client.calls.length = 0;
  }

  it.each([
    ['cannot be reached', unreachable('a:1')],
    ['does not answer in time', noAnswer('a:1', 250)],
  ])('is down after one call on a server that %s', async (_, failure) => {
    await goDown(failure);

    expect(server.isUp).toBe(false);
    expect(await codeOf(get())).toBe('CACHE_UNAVAILABLE');
    expect(client.calls).toEqual([]);
    expect(states()).toEqual(['down']);
  });

  it('asks a read once more when the connection was lost, and a write never', async () => {
    client.failure = connectionLost('a:1');

    await codeOf(get());
    await codeOf(server.run((each) => each.store('add', 'k', { flags: 0, data: '' }, 0)));

    expect(client.calls).toEqual(['get key', 'get key', 'add k']);
    expect(server.isUp).toBe(true);
  });

  it('counts one lost connection once, however many calls were on it', async () => {
    client.failure = connectionLost('a:1');

    await Promise.all(Array.from({ length: 50 }, () => codeOf(get())));

    expect(server.isUp).toBe(true);
  });

  it('is down after three lost connections in a row', async () => {
    for (let times = 0; times < 3; times += 1) {
      client.failure = badReply('a:1', 'nonsense');
      await codeOf(server.run((each) => each.delete('key')));
    }

    expect(server.isUp).toBe(false);
  });

  it('starts counting anew after an answer', async () => {
    for (let times = 0; times < 6; times += 1) {
      client.failure = times % 3 === 2 ? undefined : badReply('a:1', 'nonsense');
      await codeOf(server.run((each) => each.delete('key')));
    }

    expect(server.isUp).toBe(true);
  });

  it('is up whatever the server answers', async () => {
    client.failure = new RangeError('too large');

    await codeOf(get());

    expect(server.isUp).toBe(true);
    expect(reports).toEqual([]);
  });

  it('is tried after 250 ms, at doubling intervals up to 5 s, while nobody asks', async () => {
    await goDown();
    const at: number[] = [];
    const start = Date.now();
    client.ping = async () => {
      at.push(Date.now() - start);
      throw client.failure;
    };

    await jest.advanceTimersByTimeAsync(40_000);

    const gaps = at.map((time, index) => time - (at[index - 1] ?? 0));
    [250, 500, 1000, 2000, 4000, 5000, 5000].forEach((most, index) => {
      expect(gaps[index]).toBeLessThanOrEqual(most + 1);
      expect(gaps[index]).toBeGreaterThanOrEqual(most * 0.8 - 1);
    });
  });

  it('is tried within about a second while it is asked for', async () => {
    await goDown();
    await jest.advanceTimersByTimeAsync(20_000);
    client.failure = undefined;

    for (let waited = 0; waited < 1_500; waited += 100) {
      await codeOf(get());
      await jest.advanceTimersByTimeAsync(100);
    }

    expect(server.isUp).toBe(true);
  });

  it('is used again after one answer, and that is reported once', async () => {
    await goDown();
    client.failure = undefined;

    await jest.advanceTimersByTimeAsync(400);

    expect(await codeOf(get())).toBe('answered');
    expect(states()).toEqual(['down', 'up']);
    expect(happened).toEqual(['return']);
  });

  it('stays down while what is due on its return fails', async () => {
    await goDown();
    client.failure = undefined;
    let mayReturn = false;
    const strict = new MemcachedServer({
      client,
      report: (report) => void reports.push(report),
      onReturn: async () => {
        if (!mayReturn) throw unreachable('a:1');
      },
      onOverflow: async () => undefined,
    });
    client.failure = unreachable('a:1');
    await codeOf(strict.read((each) => each.get('key')));
    client.failure = undefined;

    await jest.advanceTimersByTimeAsync(400);
    expect(strict.isUp).toBe(false);
    mayReturn = true;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(strict.isUp).toBe(true);
    strict.close();
  });

  it('deletes what was missed before anything else is asked', async () => {
    await goDown();
    await codeOf(server.write('a', (each) => each.delete('a')));
    await codeOf(server.write('b', (each) => each.touch('b', 0)));
    client.failure = undefined;
    client.calls.length = 0;
    await jest.advanceTimersByTimeAsync(400);

    await Promise.all([get(), get()]);

    expect(client.calls.filter((call) => call !== 'ping')).toEqual([
      'delete a',
      'delete b',
      'get key',
      'get key',
    ]);
  });

  it('does not remember a write that could not be sent', async () => {
    client.failure = new InvalidCacheKeyError('CACHE_INVALID_KEY', 'a key with a blank');
    await codeOf(server.write('a b', (each) => each.delete('a b')));
    client.failure = undefined;
    client.calls.length = 0;

    await get();

    expect(client.calls).toEqual(['get key']);
  });

  it('remembers a write whose connection was lost, without being down', async () => {
    client.failure = connectionLost('a:1');
    await codeOf(server.write('a', (each) => each.delete('a')));
    client.failure = undefined;
    client.calls.length = 0;

    await get();

    expect(client.calls).toEqual(['delete a', 'get key']);
  });

  it('goes on remembering when the deletes fail', async () => {
    client.failure = connectionLost('a:1');
    await codeOf(server.write('a', (each) => each.delete('a')));
    await codeOf(get());
    client.failure = undefined;
    client.calls.length = 0;

    await get();

    expect(client.calls).toEqual(['delete a', 'get key']);
  });

  it('says when more was missed than it remembers', async () => {
    await goDown();
    for (const key of ['a', 'b', 'c', 'd']) {
      await codeOf(server.write(key, (each) => each.delete(key)));
    }
    client.failure = undefined;
    await jest.advanceTimersByTimeAsync(400);

    await get();

    expect(happened).toEqual(['return', 'overflow']);
    expect(client.calls.filter((call) => call.startsWith('delete'))).toEqual([
      'delete b',
      'delete c',
      'delete d',
    ]);
  });

  it('asks for the item size only when an item is above the usual', async () => {
    expect(await server.canHold('key', bytesOf(1_000_000))).toBe(true);
    expect(client.calls).toEqual([]);
    expect(await server.canHold('key', bytesOf(2_000_000))).toBe(true);
    expect(await server.canHold('key', bytesOf(3_000_000))).toBe(false);
    expect(client.calls).toEqual(['stats']);
  });

  it('takes 1 MiB where the server does not say', async () => {
    client.stats = async () => {
      throw new Error('not allowed here');
    };

    expect(await server.canHold('key', bytesOf(1_048_576))).toBe(false);
  });

  it('rejects everything after close(), and tries the server no more', async () => {
    await goDown();
    server.close();

    await jest.advanceTimersByTimeAsync(60_000);

    expect(await codeOf(get())).toBe('CACHE_CLOSED');
    expect(client.calls).toEqual([]);
  });
});

function bytesOf(length: number): Payload {
  return { flags: 0, data: Buffer.alloc(length) };
}
