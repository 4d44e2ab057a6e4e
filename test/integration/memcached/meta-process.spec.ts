import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { inTime } from '../../support/in-time.js';
import { metaClients } from '../../support/meta-clients.js';
import {
  describeUnless,
  describeWithMemcached,
  memcachedMissing,
  memcachedServers,
  rawCommand,
  type MemcachedServer,
} from '../../support/memcached.js';

const HEAVY = process.env['HEAVY'] !== undefined;
const clients = metaClients();
const servers = memcachedServers();
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meta-'));
  await chmod(directory, 0o777);
});
afterEach(async () => {
  await clients.close();
  await servers.stop();
  await rm(directory, { recursive: true });
});

function text(data: string) {
  return { flags: 16, data };
}

function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code ?? error);
}

/** Stops the process and waits until the system says that it has stopped, which a signal alone does not mean. */
async function stopped(server: MemcachedServer): Promise<void> {
  await server.kill('SIGSTOP');
  const state = () => readFileSync(`/proc/${server.pid}/stat`, 'utf8').replace(/^.*\) /, '')[0];
  while (state() !== 'T') await sleep(1);
}

describeWithMemcached('MetaClient and a memcached process', () => {
  it('mixes up no answer when the process is stopped and goes on', async () => {
    const server = await servers.start();
    const client = clients.to(server.address, { deadlineMs: 2_000 });
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`);
    const rounds = HEAVY ? 100 : 10;
    await Promise.all(keys.map((key) => client.store('set', key, text(`value of ${key}`), 0)));

    await stopped(server);
    const lost = await Promise.all(keys.map((key) => codeOf(client.getPayload(key))));
    await server.kill('SIGCONT');

    expect(new Set(lost)).toEqual(new Set(['CACHE_TIMEOUT']));
    let wrong = 0;
    for (let round = 0; round < rounds; round += 1) {
      const payloads = await Promise.all(keys.map((key) => client.getPayload(key)));
      wrong += payloads.filter(
        (payload, index) => payload?.data !== `value of ${keys[index]}`,
      ).length;
    }
    expect(wrong).toBe(0);
  });

  it('lets no call wait longer than the deadline while the process is stopped', async () => {
    const server = await servers.start();
    const client = clients.to(server.address, { deadlineMs: 100 });
    await inTime(() => client.ping());

    await stopped(server);
    const waits: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const startedAt = performance.now();
      expect(await codeOf(client.getPayload('key'))).toBe('CACHE_TIMEOUT');
      waits.push(performance.now() - startedAt);
    }
    await server.kill('SIGCONT');

    // The deadline is 100 ms; the rest is for a machine that is busy.
    expect(Math.max(...waits)).toBeLessThan(5_000);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(99);
    expect(await inTime(() => client.getPayload('key'))).toBeUndefined();
  });

  it('rejects what is in flight when the process is killed, and goes on with the next', async () => {
    const server = await servers.start();
    const client = clients.to(server.address);
    const rounds = HEAVY ? 50 : 3;

    for (let round = 0; round < rounds; round += 1) {
      await client.store('set', 'key', text('value'), 0);
      const calls = Array.from({ length: 5_000 }, () =>
        client.getPayload('key').then(
          (payload) => payload?.data,
          (error: { code: string }) => error.code,
        ),
      );
      await sleep(Math.random() * 5);
      await server.kill('SIGKILL');
      const answers = new Set(await Promise.all(calls));

      expect(
        [...answers].filter((answer) => answer !== 'value' && answer !== 'CACHE_CONNECTION_LOST'),
      ).toEqual([]);
      // If all had been answered, it is the next call that finds the connection lost.
      expect(['CACHE_UNAVAILABLE', 'CACHE_CONNECTION_LOST']).toContain(
        await codeOf(client.getPayload('key')),
      );
      await server.restart();
      expect(await client.getPayload('key')).toBeUndefined();
    }
  });

  it('speaks over a unix socket', async () => {
    const path = join(directory, 'memcached.sock');
    const server = await servers.start(['-s', path, '-a', '777']);
    const client = clients.to(`unix:${path}`, { deadlineMs: 2_000 });

    await client.store('set', 'key', text('value'), 0);
    expect(await client.getPayload('key')).toEqual(text('value'));

    await stopped(server);
    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_TIMEOUT');
    await server.kill('SIGCONT');
    expect(await client.getPayload('key')).toEqual(text('value'));
  });

  const hasIpv6 = Object.values(networkInterfaces())
    .flat()
    .some((face) => face?.address === '::1');

  (hasIpv6 ? it : it.skip)(
    `speaks over IPv6${hasIpv6 ? '' : ' (skipped: no ::1 here)'}`,
    async () => {
      const server = await servers.start(['-l', '::1']);
      const client = clients.to(`[::1]:${server.port}`);

      await client.store('set', 'key', text('value'), 0);

      expect(await client.getPayload('key')).toEqual(text('value'));
    },
  );

  it('finds a server by its name', async () => {
    const server = await servers.start();
    const client = clients.to(`localhost:${server.port}`);

    expect(await client.getPayload('key')).toBeUndefined();
  });

  it('logs in where the server wants it', async () => {
    const file = join(directory, 'users');
    await writeFile(file, 'alice:s3cret\nbob:p@ss:word\n', { mode: 0o644 });
    const server = await servers.start(['-Y', file]);

    for (const login of ['alice:s3cret', 'bob:p@ss:word']) {
      const client = clients.to(`${login}@${server.address}`);
      expect(await client.store('set', 'key', text('value'), 0)).toBe(true);
      expect(await client.getPayload('key')).toEqual(text('value'));
    }
    for (const login of ['alice:wrong1@', 'nobody:s3cret@', '']) {
      const error = await clients
        .to(`${login}${server.address}`)
        .getPayload('key')
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE' });
      expect(String(error)).not.toMatch(/s3cret|wrong1/);
    }
  });

  it('leaves no login behind where the server wants none', async () => {
    const server = await servers.start();
    const client = clients.to(`alice:s3cret@${server.address}`);

    expect(await client.getPayload('key')).toBeUndefined();

    expect(await rawCommand(server.port, 'get login')).toBe('END\r\n');
  });
});

const noTls =
  memcachedMissing ??
  (spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not on the PATH') ??
  (String(spawnSync('memcached', ['-h']).stdout).includes('--enable-ssl')
    ? undefined
    : 'this memcached was built without TLS');

describeUnless(noTls, 'MetaClient and a memcached process over TLS', () => {
  let ca: string;
  let server: MemcachedServer;

  beforeEach(async () => {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'];
    execFileSync(
      'openssl',
      [...request, '-keyout', key, '-out', cert, '-days', '2', '-addext', names],
      { stdio: 'ignore' },
    );
    await chmod(key, 0o644);
    ca = readFileSync(cert, 'utf8');
    server = await servers.start(['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`]);
  });

  it('stores and reads', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const client = clients.to(`${host}:${server.port}`, { tls: { ca } });
      const large = { flags: 0, data: Buffer.alloc(500_000, 'abc') };

      expect(await client.store('set', 'key', text('value'), 0)).toBe(true);
      expect(await client.store('set', 'large', large, 0)).toBe(true);
      const [value, found] = await client.getPayloads(['key', 'large']);

      expect(value).toEqual(text('value'));
      expect((found!.data as Buffer).equals(large.data)).toBe(true);
    }
  });

  it('trusts no server whose certificate it does not know', async () => {
    const client = clients.to(server.address, { tls: {} });

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('self-signed certificate'),
    });
  });

  it('drops the connection at the deadline', async () => {
    const client = clients.to(server.address, { tls: { ca }, deadlineMs: 2_000 });
    await client.ping();

    await stopped(server);
    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_TIMEOUT');
    await server.kill('SIGCONT');

    expect(await client.getPayload('key')).toBeUndefined();
  });
});
