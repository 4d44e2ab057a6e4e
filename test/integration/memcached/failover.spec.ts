import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendReport } from '../../../lib/core/cache-backend.interface.js';
import {
  describeWithMemcached,
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

const NAMES = Array.from({ length: 60 }, (_, index) => `key-${index}`);
const PATIENCE_MS = 10_000;

describeWithMemcached('failover: "next" with three servers, one of which is away', () => {
  const servers = memcachedServers();
  const backends = openedBackends({ failover: 'next' });
  let three: MemcachedServer[];
  let away: MemcachedServer;
  let backend: OpenedBackend;
  /** Keys of the server that is away. */
  let keys: string[];

  beforeEach(async () => {
    three = [await servers.start(), await servers.start(), await servers.start()];
    backend = await backends.open({ location: three.map(({ address }) => address) });
    for (const name of NAMES) await backend.set(name, text('old'), 1_000);
    away = three[1]!;
    keys = [];
    for (const name of NAMES) if (await isOn(away, name)) keys.push(name);
    await away.kill('SIGSTOP');
    await codeOf(backend.get(keys[0]!));
  });
  afterEach(async () => {
    await away.kill('SIGCONT');
    await backends.close();
    await servers.stop();
    backends.reports.length = 0;
  });

  async function comeBack(): Promise<void> {
    await away.kill('SIGCONT');
    const end = Date.now() + PATIENCE_MS;
    while (!isBack(backends.reports) && Date.now() < end) await sleep(20);
    expect(isBack(backends.reports)).toBe(true);
  }

  it('keeps what is stored meanwhile on another one, for 60 seconds at most', async () => {
    const [one, two, three_, four] = keys as [string, string, string, string];

    expect(await backend.get(one)).toBeUndefined();
    expect(await backend.set(one, text('new'), 1_000)).toBe(true);
    expect(await backend.add(two, text('new'), null)).toBe(true);
    expect(await backend.set(three_, text('new'), 5)).toBe(true);
    expect(await backend.touch(three_, 9_000)).toBe(true);
    expect(await backend.incr(four, 1, { value: 41, ttl: null })).toBe(42);

    expect(textOf(await backend.get(one))).toBe('new');
    expect([...(await backend.getMany(keys.slice(0, 4))).keys()].length).toBe(4);
    for (const key of keys.slice(0, 4)) {
      const ttl = await backend.ttl!(key);
      expect(ttl).toBeGreaterThan(50);
      expect(ttl).toBeLessThanOrEqual(60);
    }
  });

  it('brings no older value back with the server, whatever was done meanwhile', async () => {
    const [set, added, deleted, many, left] = keys as [string, string, string, string, string];
    await backend.set(set, text('new'), 1_000);
    await backend.add(added, text('new'), 1_000);
    await backend.delete(deleted);
    await backend.setMany(new Map([[many, text('new')]]), 1_000);

    await comeBack();

    for (const key of [set, added, deleted, many]) {
      expect(textOf(await backend.get(key))).not.toBe('old');
      expect(await isOn(away, key)).toBe(false);
    }
    expect(textOf(await backend.get(left))).toBe('old');
  });

  it('gives out leases on another one, and stores under them for 60 seconds at most', async () => {
    const { lease } = await backend.lease(keys[0]!, {});

    expect(await lease!.fill(text('new'), 1_000)).toBe(true);

    expect(textOf(await backend.get(keys[0]!))).toBe('new');
    expect(await backend.ttl!(keys[0]!)).toBeLessThanOrEqual(60);
    await comeBack();
    expect(textOf(await backend.get(keys[0]!))).not.toBe('old');
  });

  it('leaves the keys of the other servers where they are', async () => {
    const others = NAMES.filter((name) => !keys.includes(name));

    const found = await backend.getMany(others);

    expect([...found.values()].map(textOf)).toEqual(others.map(() => 'old'));
  });
});

async function isOn({ port }: MemcachedServer, wire: string): Promise<boolean> {
  return (await rawCommand(port, `mg ${wire} s`)).startsWith('HD');
}

function isBack(reports: readonly BackendReport[]): boolean {
  return reports.some((report) => report.kind === 'server' && report.state === 'up');
}
