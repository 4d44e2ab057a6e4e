import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  describeWithMemcached,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';
import { PATIENT, openedBackends, text, textOf } from '../../support/memcached-backends.js';

const NUMBER = '~clear:shop';

describeWithMemcached('clear() by generation', () => {
  const servers = memcachedServers();
  const backends = openedBackends(PATIENT);
  let first: MemcachedServer;
  let second: MemcachedServer;
  let location: string[];

  beforeAll(async () => {
    first = await servers.start();
    second = await servers.start();
    location = [first.address, second.address];
  });
  afterAll(() => servers.stop());
  beforeEach(() => Promise.all([first, second].map(({ port }) => rawCommand(port, 'flush_all'))));
  afterEach(() => backends.close());

  it('leaves the wire key alone and writes no number before the first clear()', async () => {
    const backend = await backends.open({ location: [first.address] });

    await backend.set('key', text('value'), null);

    expect(await rawCommand(first.port, 'mg key v')).toBe('VA 5\r\nvalue\r\n');
    expect(await numberOn(first)).toBeUndefined();
  });

  it('removes every entry of the scope, and new ones are found', async () => {
    const backend = await backends.open({ location });
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
    await backend.setMany(new Map(keys.map((key) => [key, text('old')])), null);

    await backend.clear();
    const afterClear = await backend.getMany(keys);
    await backend.set('k1', text('new'), null);

    expect(afterClear.size).toBe(0);
    expect(textOf(await backend.get('k1'))).toBe('new');
  });

  it('writes one number to every server, which never expires', async () => {
    const backend = await backends.open({ location });
    const before = Date.now() * 1000;

    await backend.clear();

    const numbers = [await numberOn(first), await numberOn(second)];
    expect(numbers[0]).toBe(numbers[1]);
    expect(Number(numbers[0])).toBeGreaterThanOrEqual(before);
    expect(await rawCommand(first.port, `mg ${NUMBER} t f`)).toBe('HD t-1 f2\r\n');
  });

  it('is seen by another process within a second or so', async () => {
    const backend = await backends.open({ location });
    const other = await backends.open({ location });
    await other.set('key', text('old'), null);

    await backend.clear();

    expect(await comesTrue(async () => (await other.get('key')) === undefined)).toBe(true);
  });

  it('is seen at once by a process that was idle', async () => {
    const backend = await backends.open({ location });
    const other = await backends.open({ location });
    await other.set('key', text('old'), null);
    await sleep(2_200);

    await backend.clear();

    expect(await other.get('key')).toBeUndefined();
  });

  it('is seen at once by a process that starts later', async () => {
    const backend = await backends.open({ location });
    await backend.set('key', text('old'), null);

    await backend.clear();

    const late = await backends.open({ location });
    expect(await late.get('key')).toBeUndefined();
  });

  it('never lowers a number that is ahead of this clock', async () => {
    const ahead = String(Date.now() * 1000 + 3_600_000_000);
    await rawCommand(first.port, `set ${NUMBER} 2 0 ${ahead.length}\r\n${ahead}`);
    const backend = await backends.open({ location });
    await backend.set('key', text('old'), null);

    await backend.clear();

    expect(await backend.get('key')).toBeUndefined();
    expect(await numberOn(first)).toBe(String(Number(ahead) + 1));
    expect(await numberOn(second)).toBe(String(Number(ahead) + 1));
  });

  it.each(['abc', '9007199254740991'])(
    'takes a number that cannot be one for none: %s',
    async (number) => {
      await rawCommand(first.port, `set ${NUMBER} 0 0 ${number.length}\r\n${number}`);
      const backend = await backends.open({ location });

      await backend.set('key', text('old'), null);
      await backend.clear();
      const afterOne = await backend.get('key');
      await backend.set('key', text('old'), null);
      await backend.clear();

      expect(afterOne).toBeUndefined();
      expect(await backend.get('key')).toBeUndefined();
      expect(await numberOn(first)).toBe(await numberOn(second));
    },
  );

  it('works again and again on a server without CAS', async () => {
    const server = await servers.start(['-C']);
    const backend = await backends.open({ location: server.address });

    for (let times = 0; times < 3; times += 1) {
      await backend.set('key', text('old'), null);
      await backend.clear();
      expect(await backend.get('key')).toBeUndefined();
    }

    const late = await backends.open({ location: server.address });
    expect(await late.get('key')).toBeUndefined();
  });

  it('takes the longest keys and keeps them apart', async () => {
    const backend = await backends.open({ location });
    await backend.clear();
    const keys = ['a', 'b'].map((end) => 'k'.repeat(249) + end);

    await backend.setMany(new Map(keys.map((key) => [key, text(key)])), null);

    const found = [...(await backend.getMany(keys)).values()].map(textOf);
    // Whichever server answers first.
    expect(new Set(found)).toEqual(new Set(keys));
  });

  it('rejects when a server cannot be told, which is told before it is used again', async () => {
    const third = await servers.start();
    const backend = await backends.open({
      location: [first.address, third.address],
      deadlineMs: 2_000,
    });
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await backend.setMany(new Map(keys.map((key) => [key, text('old')])), null);
    await third.kill('SIGSTOP');

    await expect(backend.clear()).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining(`did not reach memcached ${third.address}`),
    });
    await third.kill('SIGCONT');

    expect(await comesTrue(async () => (await numberOn(third)) === (await numberOn(first)))).toBe(
      true,
    );
    expect((await backend.getMany(keys)).size).toBe(0);
  });
});

describeWithMemcached('clear() by other means', () => {
  const servers = memcachedServers();
  const backends = openedBackends(PATIENT);

  afterEach(async () => {
    await backends.close();
    await servers.stop();
  });

  it('empties the servers with clear: "flush" and leaves no number', async () => {
    const server = await servers.start();
    const backend = await backends.open({ location: server.address, clear: 'flush' });
    await backend.set('key', text('value'), null);
    await rawCommand(server.port, 'set foreign 0 0 3\r\nyes');

    await backend.clear();

    expect(await rawCommand(server.port, `mg foreign v\r\nmg key v\r\nmg ${NUMBER} v`)).toBe(
      'EN\r\nEN\r\nEN\r\n',
    );
  });

  it('throws with clear: "none" and leaves everything', async () => {
    const server = await servers.start();
    const backend = await backends.open({ location: server.address, clear: 'none' });
    await backend.set('key', text('value'), null);

    await expect(backend.clear()).rejects.toMatchObject({
      code: 'CACHE_UNSUPPORTED',
      message: expect.stringContaining(`configured with clear: 'none'`),
    });
    expect(textOf(await backend.get('key'))).toBe('value');
  });
});

/** The number that a server has; undefined if none. */
async function numberOn({ port }: MemcachedServer): Promise<string | undefined> {
  return /\r\n(\d+)\r\n/.exec(await rawCommand(port, `mg ${NUMBER} v`))?.[1];
}

/** Waits until it holds, but not longer than the second after which every process has followed, and some. */
async function comesTrue(holds: () => Promise<boolean>): Promise<boolean> {
  for (let waited = 0; waited < 3_000; waited += 50) {
    if (await holds()) return true;
    await sleep(50);
  }
  return false;
}
