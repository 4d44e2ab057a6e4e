import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { BackendReport } from '../../../lib/core/cache-backend.interface.js';
import { ElasticacheDiscovery } from '../../../lib/backends/memcached/elasticache.discovery.js';
import {
  askElasticache,
  type ElasticacheOptions,
} from '../../../lib/backends/memcached/elasticache.exchange.js';
import type { ElasticacheCluster } from '../../../lib/backends/memcached/elasticache.reply.js';
import {
  parseLocation,
  type ServerAddress,
} from '../../../lib/backends/memcached/server-address.js';
import { codeOf } from '../../support/memcached-backends.js';
import {
  describeUnless,
  describeWithMemcached,
  freePort,
  memcachedServers,
} from '../../support/memcached.js';
import { metaClients } from '../../support/meta-clients.js';
import {
  startMetaScripted,
  type MetaScript,
  type MetaScripted,
} from '../../support/meta-scripted.js';

const LIST = 'CONFIG cluster 0 18\r\n3\na||11211 b||11212\n\r\nEND\r\n';
// A busy machine must not look like a slow endpoint: a test about a deadline gives its own.
const OPTIONS: ElasticacheOptions = { connectTimeoutMs: 10_000, deadlineMs: 10_000 };

/** What stays real where only timeouts are moved by hand. */
const NOT_TIMEOUTS = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
] as const;

const endpoints: MetaScripted[] = [];
const discoveries: ElasticacheDiscovery[] = [];

afterEach(async () => {
  for (const discovery of discoveries.splice(0)) discovery.close();
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.stop()));
});

async function startEndpoint(script: MetaScript): Promise<MetaScripted> {
  const endpoint = await startMetaScripted(script);
  endpoints.push(endpoint);
  return endpoint;
}

/** An endpoint that answers each question, whatever it is, with the next of these. */
function answers(...replies: string[]): Promise<MetaScripted> {
  return startEndpoint((_, socket) => socket.write(replies.shift() ?? 'SERVER_ERROR no more\r\n'));
}

function ask(
  location: string,
  options: Partial<ElasticacheOptions> = {},
  signal = new AbortController().signal,
): Promise<ElasticacheCluster> {
  const [endpoint] = parseLocation(location, 'the test');
  return askElasticache(endpoint!, { ...OPTIONS, ...options }, signal);
}

function discover(location: string, lists: string[][], reports: BackendReport[] = []) {
  const discovery = new ElasticacheDiscovery(parseLocation(location, 'the test')[0]!, OPTIONS, {
    onServers: (found) => void lists.push(namesOf(found)),
    report: (report) => void reports.push(report),
  });
  discoveries.push(discovery);
  return discovery;
}

const namesOf = (servers: readonly ServerAddress[]): string[] => servers.map(({ name }) => name);

describe('askElasticache()', () => {
  it('asks one question and ends the connection', async () => {
    let end: Promise<unknown> | undefined;
    const endpoint = await startEndpoint((_, socket) => {
      end = once(socket, 'close');
      socket.write(LIST);
    });

    const { version, servers } = await ask(endpoint.address);
    await end;

    expect(version).toBe(3);
    expect(namesOf(servers)).toEqual(['a:11211', 'b:11212']);
    expect(endpoint.received()).toBe('config get cluster\r\n');
  });

  it.each(['ERROR\r\n', 'CLIENT_ERROR bad command\r\n', 'END\r\n'])(
    'asks older engines in their way, which answer %j',
    async (refusal) => {
      const older = LIST.replace('CONFIG cluster', 'VALUE AmazonElastiCache:cluster');
      const endpoint = await answers(refusal, older);

      const { servers } = await ask(endpoint.address);

      expect(namesOf(servers)).toEqual(['a:11211', 'b:11212']);
      expect(endpoint.received()).toBe('config get cluster\r\nget AmazonElastiCache:cluster\r\n');
    },
  );

  it('logs in first where it has a login', async () => {
    const endpoint = await answers('STORED\r\n', LIST);

    await ask(`usér:pass@${endpoint.address}`);

    expect(Buffer.from(endpoint.received(), 'latin1').toString()).toBe(
      'set login 0 -1 10\r\nusér pass\r\nconfig get cluster\r\n',
    );
  });

  it('reads an answer that comes byte by byte', async () => {
    const endpoint = await startEndpoint((_, socket) => void drip(socket, LIST));

    expect(namesOf((await ask(endpoint.address, { deadlineMs: 5_000 })).servers)).toEqual([
      'a:11211',
      'b:11212',
    ]);
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'CACHE_PROTOCOL'],
    ['an answer to another question', 'VERSION 1.6.18\r\n', 'CACHE_PROTOCOL'],
    ['no servers', 'CONFIG cluster 0 3\r\n3\n\n\r\nEND\r\n', 'CACHE_PROTOCOL'],
    [
      'a list without an end',
      `CONFIG cluster 0 9\r\n3\n${'a||1 '.repeat(14_000)}`,
      'CACHE_PROTOCOL',
    ],
    ['zeros', '\0'.repeat(100_000), 'CACHE_PROTOCOL'],
    ['half of an answer', LIST.slice(0, 30), 'CACHE_TIMEOUT'],
    ['nothing', '', 'CACHE_TIMEOUT'],
    ['an error of its own', 'SERVER_ERROR out of memory\r\n', 'CACHE_BACKEND'],
  ])('rejects when it is answered %s', async (_, reply, code) => {
    const endpoint = await answers(reply);
    const limits = code === 'CACHE_TIMEOUT' ? { deadlineMs: 100 } : {};

    expect(await codeOf(ask(endpoint.address, limits))).toBe(code);
  });

  it('settles with each answer that is cut and then ended, or garbled in one byte', async () => {
    const codes = new Set<string>();
    for (let at = 0; at < LIST.length; at += 1) {
      const cut = await startEndpoint((_, socket) => socket.end(LIST.slice(0, at)));
      const garbled = await startEndpoint((_, socket) =>
        socket.end(`${LIST.slice(0, at)}\x01${LIST.slice(at + 1)}`),
      );
      const settled = [codeOf(ask(cut.address)), codeOf(ask(garbled.address))];
      for (const code of await Promise.all(settled)) codes.add(String(code));
      await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.stop()));
    }

    expect(codes).toEqual(new Set(['CACHE_CONNECTION_LOST', 'CACHE_PROTOCOL']));
  });

  it('waits no longer for an answer that never ends than for none', async () => {
    const endless = 'CONFIG cluster 0 9\r\n3\n'.padEnd(60_000, 'a||1 ');
    const endpoint = await startEndpoint((_, socket) => void drip(socket, endless));

    expect(await codeOf(ask(endpoint.address, { deadlineMs: 100 }))).toBe('CACHE_TIMEOUT');
  });

  it('rejects when the endpoint ends the connection or cannot be reached', async () => {
    const endpoint = await startEndpoint((_, socket) => socket.end());

    expect(await codeOf(ask(endpoint.address))).toBe('CACHE_CONNECTION_LOST');
    expect(await codeOf(ask(`127.0.0.1:${await freePort()}`))).toBe('CACHE_UNAVAILABLE');
  });

  it('says why a login is refused', async () => {
    const endpoint = await answers('CLIENT_ERROR authentication failure\r\n');

    await expect(ask(`user:secret@${endpoint.address}`)).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached ${endpoint.address} cannot be reached: it refused the login with "CLIENT_ERROR authentication failure".`,
    });
  });

  it('rejects options for TLS that cannot be', async () => {
    const options = { tls: { cert: 'none', key: 'none' } };

    expect(await codeOf(ask('127.0.0.1:11211', options))).toBe('CACHE_UNAVAILABLE');
  });

  it('gives up at a signal, and leaves nothing behind', async () => {
    const endpoint = await answers('');
    const ending = new AbortController();
    const call = codeOf(ask(endpoint.address, {}, ending.signal));
    await until(() => endpoint.readings() > 0);

    ending.abort();

    expect(await call).toBe('CACHE_CLOSED');
    expect(await codeOf(ask(endpoint.address, {}, ending.signal))).toBe('CACHE_CLOSED');
    expect(endpoint.connections()).toBe(1);
  });
});

const noOpenssl =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not on the PATH';

describeUnless(noOpenssl, 'askElasticache() over TLS', () => {
  it('asks an endpoint whose certificate it knows, and no other', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'elasticache-'));
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost'];
    const files = ['-keyout', key, '-out', cert, '-days', '2'];
    execFileSync('openssl', [...request, ...files, '-addext', 'subjectAltName=DNS:localhost'], {
      stdio: 'ignore',
    });
    const ca = readFileSync(cert, 'utf8');
    const server = createTlsServer({ key: readFileSync(key), cert: ca }, (socket) => {
      socket.on('error', () => undefined).once('data', () => socket.write(LIST));
    });
    rmSync(directory, { recursive: true });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const location = `localhost:${(server.address() as AddressInfo).port}`;

    const known = await ask(location, { tls: { ca }, deadlineMs: 2_000 });
    const unknown = await codeOf(ask(location, { tls: {}, deadlineMs: 2_000 }));
    server.close();

    expect(namesOf(known.servers)).toEqual(['a:11211', 'b:11212']);
    expect(unknown).toBe('CACHE_UNAVAILABLE');
  });
});

describeWithMemcached('ElasticacheDiscovery in front of memcached servers', () => {
  const servers = memcachedServers();
  const clients = metaClients();

  afterEach(async () => {
    jest.restoreAllMocks();
    jest.useRealTimers();
    await clients.close();
    await servers.stop();
  });

  it('tells where the servers are', async () => {
    const started = await Promise.all([servers.start(), servers.start()]);
    const nodes = started.map(({ port }) => `localhost|127.0.0.1|${port}`);
    const endpoint = await answers(`CONFIG cluster 0 9\r\n1\n${nodes.join(' ')}\n\r\nEND\r\n`);

    const found = namesOf(await discover(endpoint.address, []).servers());

    expect(found).toEqual(started.map(({ port }) => `localhost:${port}`));
    for (const name of found) {
      const client = clients.to(name);
      expect(await client.store('set', 'key', { flags: 16, data: name }, 0)).toBe(true);
      expect(await client.getPayload('key')).toEqual({ flags: 16, data: name });
    }
  });

  it('hears of a server that is added, within a minute', async () => {
    // The minute alone is not waited for.
    jest.useFakeTimers({ doNotFake: [...NOT_TIMEOUTS] });
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const lists: string[][] = [];
    const endpoint = await answers(LIST, LIST.replace('3\na', '4\nc||11213 a'));
    await discover(endpoint.address, lists).servers();

    jest.advanceTimersByTime(60_000);
    await until(() => lists.length === 2);

    expect(lists).toEqual([
      ['a:11211', 'b:11212'],
      ['c:11213', 'a:11211', 'b:11212'],
    ]);
    expect(endpoint.connections()).toBe(2);
  });

  it('says that a memcached without a cluster is no endpoint, and asks on', async () => {
    const reports: BackendReport[] = [];
    const { address } = await servers.start();

    await expect(discover(address, [], reports).servers()).rejects.toMatchObject({
      code: 'CACHE_NO_ENDPOINT',
      message: expect.stringContaining(`memcached ${address} does not know`),
    });
    expect(reports).toMatchObject([{ kind: 'server', server: address, state: 'down' }]);
  });

  it('does not keep the process alive between questions', async () => {
    const endpoint = await answers(LIST);
    const before = active();

    await discover(endpoint.address, []).servers();

    expect(active()).toEqual(before);
  });
});

/** The timers that keep this process alive. */
function active(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
}

/** Resolves when it is so; after five seconds in any case. */
async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; waited < 5_000 && !isSo(); waited += 1) await sleep(1);
}

/** Writes byte by byte, as long as somebody listens. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const byte of text) {
    if (socket.destroyed) return;
    socket.write(byte);
    await sleep(1);
  }
}
