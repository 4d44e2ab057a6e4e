import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../support/memcached.js';
import { metaClients } from '../../support/meta-clients.js';
import { metaHit } from '../../support/meta-scripted.js';

const clients = metaClients();
const NEVER_MS = 10_000;
const VALUE = { flags: 16, data: 'a whole value' };

afterEach(() => clients.close());

/** The code of the error that a call ends with; what it answers otherwise. */
function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code ?? error);
}

describe('the connection of MetaClient', () => {
  it('is refused at once where nobody listens', async () => {
    const port = await freePort();
    const client = clients.to(`127.0.0.1:${port}`);

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached 127.0.0.1:${port} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}.`,
    });
  });

  it('cannot be made with options for TLS that Node does not take', async () => {
    const client = clients.to('127.0.0.1:11211', { tls: { cert: 'none', key: 'none' } });

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('memcached 127.0.0.1:11211 cannot be reached: '),
    });
  });

  it('is not made before something is asked', async () => {
    const { server } = await clients.scripted(() => undefined);

    await sleep(30);

    expect(server.connections()).toBe(0);
  });

  it('is made once for all that is asked at the same time', async () => {
    const { client, server } = await clients.scripted((request, socket) => {
      socket.write(metaHit(request));
    });

    await Promise.all(Array.from({ length: 100 }, (_, index) => client.getPayload(`k${index}`)));

    expect(server.connections()).toBe(1);
  });

  it('ends for all that is in flight with one error when the server closes it', async () => {
    const { client, server } = await clients.scripted(
      ({ words }, socket) => {
        if (words[1] === 'k2') socket.end();
      },
      { deadlineMs: NEVER_MS },
    );

    const calls = [0, 1, 2].map((index) =>
      client.getPayload(`k${index}`).catch((error: unknown) => error),
    );
    const errors = await Promise.all(calls);

    expect(new Set(errors).size).toBe(1);
    expect(errors[0]).toMatchObject({
      code: 'CACHE_CONNECTION_LOST',
      message: `memcached ${server.address} was lost before it answered: the server closed the connection.`,
    });
  });

  it('ends with the deadline where the version is not told', async () => {
    const { client } = await clients.scripted(
      () => undefined,
      { deadlineMs: 50 },
      { version: undefined },
    );

    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_TIMEOUT');
  });

  it('ends with the connect timeout where TLS is spoken and not understood', async () => {
    const { client, server } = await clients.scripted(
      () => undefined,
      { connectTimeoutMs: 80, tls: {} },
      { version: undefined },
    );

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached ${server.address} cannot be reached: no connection within 80 ms.`,
    });
  });

  it.each([
    ['VERSION 1.6.9', 'is version 1.6.9'],
    ['VERSION 1.5.22', 'is version 1.5.22'],
    ['VERSION 1.4.4-14-g9c660c0', 'is version 1.4.4-14-g9c660c0'],
    ['VERSION 0.99.99', 'is version 0.99.99'],
    ['VERSION new', 'says it is version "new", which cannot be read'],
    ['ERROR', 'answers "ERROR" when asked for its version'],
  ])('sends nothing more to a server that answers %s', async (version, what) => {
    const { client, server } = await clients.scripted(() => undefined, {}, { version });

    const errors = await Promise.all(
      [client.store('set', 'key', VALUE, 0), client.getPayload('key')].map((call) =>
        call.catch((error: unknown) => error),
      ),
    );

    expect(errors[0]).toMatchObject({
      name: 'CacheConfigError',
      code: 'CACHE_OLD_SERVER',
      message: `memcached ${server.address} ${what}, but the meta protocol needs 1.6.10 or newer. Update the server, or use client: 'memjs'.`,
    });
    expect(errors[1]).toBe(errors[0]);
    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_OLD_SERVER');
    expect(server.received()).toBe('version\r\n');
    expect(server.connections()).toBe(1);
  });

  it.each(['VERSION 1.6.10', 'VERSION 1.6.38', 'VERSION 1.7.0', 'VERSION 2.0.0-beta1'])(
    'is used with a server that answers %s',
    async (version) => {
      const { client } = await clients.scripted(
        (request, socket) => socket.write(metaHit(request)),
        {},
        { version },
      );

      expect(await client.getPayload('key')).toEqual({ flags: 16, data: 'key' });
    },
  );

  it('is tried again after a second where the version was too low', async () => {
    let version = 'VERSION 1.6.9';
    const { client } = await clients.scripted(
      (request, socket) => {
        socket.write(request.line === 'version' ? `${version}\r\n` : metaHit(request));
      },
      {},
      { version: undefined },
    );

    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_OLD_SERVER');
    version = 'VERSION 1.6.18';
    await sleep(1_050);

    expect(await client.getPayload('key')).toEqual({ flags: 16, data: 'key' });
  });

  it('is not usable where the server has too many', async () => {
    const { client } = await clients.scripted(
      () => undefined,
      {},
      { version: 'ERROR Too many open connections' },
    );

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('ERROR Too many open connections'),
    });
  });

  it('logs in before anything else, and leaves no item behind where that is not asked for', async () => {
    const { server } = await clients.scripted((request, socket) => {
      socket.write(request.words[0] === 'set' ? 'STORED\r\n' : metaHit(request));
    });
    const client = clients.to(`user:s3cr@t@${server.address}`);

    expect(await client.getPayload('key')).toEqual({ flags: 16, data: 'key' });
    expect(server.received()).toBe(
      'set login 0 -1 11\r\nuser s3cr@t\r\nversion\r\nmg key v s f O2\r\n',
    );
  });

  it('tells why a login was refused, and never the password', async () => {
    const { server } = await clients.scripted(
      ({ line }, socket) => {
        if (line !== 'version') socket.write('CLIENT_ERROR authentication failure\r\n');
      },
      {},
      { version: undefined },
    );
    const client = clients.to(`user:s3cret@${server.address}`);

    const error = await client.getPayload('key').catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached ${server.address} cannot be reached: it refused the login with "CLIENT_ERROR authentication failure". A server with SASL needs client: 'memjs'.`,
    });
    expect(inspect([error, client], { depth: 10, showHidden: true })).not.toContain('s3cret');
  });

  it('tells that a server asks for a login', async () => {
    const { client } = await clients.scripted(
      () => undefined,
      {},
      { version: 'CLIENT_ERROR unauthenticated' },
    );

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('it asks for a login. Put "user:password@" in front of it.'),
    });
  });

  it.each(['us er:pass', 'user:pa ss', 'user:pa\tss'])(
    'is refused for a login that the protocol cannot transport: %j',
    (login) => {
      expect(() => clients.to(`${login}@127.0.0.1:11211`)).toThrow(
        'The user or the password for memcached 127.0.0.1:11211 holds a blank, which a login over the text protocol cannot transport.',
      );
    },
  );

  it('ends at once when the client is closed', async () => {
    const { client, server } = await clients.scripted(() => undefined, { deadlineMs: NEVER_MS });
    const calls = [client.getPayload('key'), client.stats(), client.getPayloads(['a', 'b'])];
    const codes = Promise.all(calls.map(codeOf));
    await sleep(20);

    client.close();
    client.close();

    expect(await codes).toEqual(['CACHE_CLOSED', 'CACHE_CLOSED', 'CACHE_CLOSED']);
    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_CLOSED');
    await sleep(20);
    expect(server.connections()).toBe(1);
  });

  it('ends at once when the client is closed while it is made', async () => {
    const { client } = await clients.scripted(() => undefined, { deadlineMs: NEVER_MS });
    const code = codeOf(client.getPayload('key'));

    client.close();

    expect(await code).toBe('CACHE_CLOSED');
  });

  it('is made again where the server closed it while it was idle', async () => {
    const { client, server } = await clients.scripted((request, socket) => {
      socket.write(metaHit(request));
      if (request.connection === 0) setTimeout(() => socket.end(), 10);
    });

    await client.getPayload('first');
    await sleep(100);

    expect(await client.getPayload('second')).toEqual({ flags: 16, data: 'second' });
    expect(server.connections()).toBe(2);
  });
});
