import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { metaClients } from '../../support/meta-clients.js';
import { metaHit, metaMiss } from '../../support/meta-scripted.js';
import { freePort } from '../../support/memcached.js';

const clients = metaClients();
const NEVER_MS = 10_000;
const VALUE = { flags: 16, data: 'a whole value' };

afterEach(() => clients.close());

/** The code of the error that a call ends with; what it answers otherwise. */
function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code ?? error);
}

function textAt(index: number): string {
  return `value of k${index}`;
}

describe('a memcached server that misbehaves, for MetaClient', () => {
  it('gives no truncated value when its reply ends at any byte', async () => {
    const wholeBytes = 'VA 13 s13 f16 O1\r\n'.length + VALUE.data.length + 2;
    const seen: unknown[] = [];

    for (let cut = 0; cut < wholeBytes; cut += 1) {
      const { client, server } = await clients.scripted((request, socket) => {
        const reply = metaHit(request, VALUE.data);
        if (request.connection === 0) socket.end(reply.slice(0, cut));
        else socket.write(reply);
      });
      const first = await codeOf(client.getPayload('key'));
      seen.push([first, await client.getPayload('key'), server.connections()]);
    }

    expect(seen).toEqual(
      Array.from({ length: wholeBytes }, () => ['CACHE_CONNECTION_LOST', VALUE, 2]),
    );
  });

  it('gives whole values when they come byte by byte', async () => {
    const { client } = await clients.scripted(async (request, socket) => {
      for (const byte of Buffer.from(metaHit(request, `né ${request.words[1]}`))) {
        socket.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    });

    expect(await client.getPayload('first')).toEqual({ flags: 16, data: 'né first' });
    expect(await client.getPayload('second')).toEqual({ flags: 16, data: 'né second' });
  });

  it('rejects all that is in flight with one error when it closes the connection', async () => {
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

  it('rejects what is in flight when it resets the connection', async () => {
    const { client } = await clients.scripted((_, socket) => socket.resetAndDestroy(), {
      deadlineMs: NEVER_MS,
    });

    expect(await codeOf(client.getPayload('key'))).toBe('CACHE_CONNECTION_LOST');
  });

  it('costs nothing when it closes a connection that is idle', async () => {
    const { client, server } = await clients.scripted((request, socket) => {
      socket.write(metaHit(request));
      if (request.connection === 0) setTimeout(() => socket.end(), 10);
    });

    await client.getPayload('first');
    await sleep(100);

    expect(await client.getPayload('second')).toEqual({ flags: 16, data: 'second' });
    expect(server.connections()).toBe(2);
  });

  it.each([
    [
      'an HTTP server',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'something that is not the meta protocol',
    ],
    [
      'the older text protocol',
      'VALUE key 16 5\r\nvalue\r\nEND\r\n',
      'something that is not the meta protocol',
    ],
    ['the binary protocol', '\u0081\0\0\0', 'something that is not the meta protocol'],
    ['one wrong byte', '\0', 'something that is not the meta protocol'],
    ['a reply to another command', 'HD O1\r\n', 'an answer to another command'],
    ['a value without its flags', 'VA 1 s1 O1\r\nx\r\n', 'an answer to another command'],
    ['a reply to another request', 'VA 1 s1 f16 O2\r\nx\r\n', 'the answer to another request'],
    ['a reply to no request', 'VA 1 s1 f16\r\nx\r\n', 'the answer to another request'],
    ['a value of another length', 'VA 1 s1 f16 O1\r\nxyz\r\n', 'a value of another length'],
    ['a negative length', 'VA -1 s-1 f16 O1\r\n\r\n', 'a reply that cannot be read'],
    ['a length of 2^53', 'VA 9007199254740992 f16 O1\r\n', 'a reply that cannot be read'],
    ['a line of 1 MiB', 'A'.repeat(1 << 20), 'a line of an impossible length'],
    ['two replies', 'EN O1\r\nEN O1\r\n', undefined],
  ])('is found out when it answers with %s', async (_, garbage, why) => {
    const { client, server } = await clients.scripted(
      (_request, socket) => socket.write(garbage, 'latin1'),
      {
        deadlineMs: NEVER_MS,
      },
    );

    const first = client.getPayload('key');

    if (why === undefined) {
      // The second reply is nobody's, so it ends the connection with nothing in flight.
      expect(await first).toBeUndefined();
      await sleep(20);
      void codeOf(client.getPayload('key'));
      await sleep(50);
      expect(server.connections()).toBe(2);
    } else {
      await expect(first).rejects.toMatchObject({
        code: 'CACHE_PROTOCOL',
        message: expect.stringContaining(why),
      });
    }
  });

  it('has no value larger than it may be taken from it', async () => {
    const { client } = await clients.scripted(
      ({ opaque }, socket) => socket.write(`VA 2000 s2000 f0 ${opaque}\r\n`),
      { deadlineMs: NEVER_MS, maxItemBytes: 1_999 },
    );

    await expect(client.getPayload('key')).rejects.toMatchObject({
      code: 'CACHE_PROTOCOL',
      message: expect.stringContaining('a value of 2000 bytes'),
    });
  });

  it.each([
    ['leaves out', (index: number) => (index === 7 ? [] : [index])],
    ['repeats', (index: number) => (index === 7 ? [7, 7] : [index])],
    ['exchanges', (index: number) => (index === 7 ? [8] : index === 8 ? [7] : [index])],
  ])('gives no value to the wrong key when it %s one reply of many', async (_, replies) => {
    const { client } = await clients.scripted((request, socket) => {
      const index = Number(request.words[1]!.slice(1));
      for (const other of replies(index)) {
        const number = Number(request.opaque.slice(1)) + other - index;
        socket.write(metaHit({ ...request, opaque: `O${number}` }, textAt(other)));
      }
    });
    const keys = Array.from({ length: 20 }, (_unused, index) => `k${index}`);

    const answers = await Promise.allSettled(keys.map((key) => client.getPayload(key)));

    const right = answers.filter((answer) => answer.status === 'fulfilled');
    expect(right.map(({ value }) => value?.data)).toEqual(
      right.map((_unused, index) => textAt(index)),
    );
    expect(right.length).toBeLessThanOrEqual(8);
    expect(answers[9]).toMatchObject({
      status: 'rejected',
      reason: { code: expect.stringMatching(/^CACHE_(PROTOCOL|TIMEOUT)$/) },
    });
  });

  it('reaches nobody with an answer that comes after the deadline', async () => {
    const { client, server } = await clients.scripted(
      (request, socket) => {
        if (request.words[1] !== 'slow') socket.write(metaMiss(request));
        else setTimeout(() => socket.write(metaHit(request, 'late')), 150);
      },
      { deadlineMs: 50 },
    );

    expect(await codeOf(client.getPayload('slow'))).toBe('CACHE_TIMEOUT');
    await sleep(200);

    expect(await client.getPayload('other')).toBeUndefined();
    expect(server.connections()).toBe(2);
  });

  it('ends all that is in flight with one error at the first deadline', async () => {
    const { client, server } = await clients.scripted(
      (request, socket) => {
        if (request.words[1] === 'fine') socket.write(metaMiss(request));
      },
      { deadlineMs: 100 },
    );
    const calls = ['fine', 'never', 'behind', 'far-behind'].map((key) =>
      client.getPayload(key).catch((error: unknown) => error),
    );

    const answers = await Promise.all(calls);

    expect(answers[0]).toBeUndefined();
    expect(answers[1]).toMatchObject({
      code: 'CACHE_TIMEOUT',
      message: `memcached ${server.address} did not answer within 100 ms.`,
    });
    expect(answers[2]).toBe(answers[1]);
    expect(answers[3]).toBe(answers[1]);
  });

  it('cannot put the deadline off by answering some of many requests', async () => {
    const { client } = await clients.scripted(
      (request, socket) => {
        // One reply every 20 ms: the tenth request is answered after 200 ms.
        setTimeout(() => socket.write(metaMiss(request)), 20 * request.index);
      },
      { deadlineMs: 100 },
    );

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => codeOf(client.getPayload(`k${index}`))),
    );

    expect(answers[0]).toBeUndefined();
    expect(answers[19]).toBe('CACHE_TIMEOUT');
  });

  it('is not taken for slow when this process was held up', async () => {
    const { client } = await clients.scripted((request, socket) => socket.write(metaHit(request)), {
      deadlineMs: 50,
    });
    await client.getPayload('first');
    // In a server of its own, the reply would lie in the socket by the time this process goes on; here it has to be written
    // before, so the hold-up begins one turn later.
    const call = client.getPayload('second');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);

    expect(await call).toEqual({ flags: 16, data: 'second' });
  });

  it('may answer each request late, as long as it keeps to the deadline', async () => {
    const { client, server } = await clients.scripted(
      (request, socket) => setTimeout(() => socket.write(metaHit(request)), 60),
      { deadlineMs: 2_000 },
    );

    const payloads = await Promise.all(
      Array.from({ length: 50 }, (_, index) => client.getPayload(`k${index}`)),
    );

    expect(payloads.map((payload) => payload?.data)).toEqual(
      Array.from({ length: 50 }, (_, index) => `k${index}`),
    );
    expect(server.connections()).toBe(1);
  });

  it('costs no memory and lets every call settle when it never reads', async () => {
    const { client } = await clients.scripted(
      () => undefined,
      { deadlineMs: 300 },
      { onConnection: (socket) => void socket.once('data', () => socket.pause()) },
    );
    const data = 'x'.repeat(3_000);
    const large = Buffer.alloc(64 << 10, 'y');
    const before = memoryInUse();

    const calls = Array.from({ length: 2_000 }, (_, index) => [
      codeOf(client.store('set', `text${index}`, { flags: 16, data }, 0)),
      codeOf(client.store('set', `bytes${index}`, { flags: 0, data: large }, 0)),
    ]).flat();
    await sleep(100);
    const grown = memoryInUse() - before;
    const codes = await Promise.all(calls);

    expect(codes).toEqual(calls.map(() => 'CACHE_TIMEOUT'));
    // 134 MB were to be sent.
    expect(grown).toBeLessThan(32 << 20);
  });

  it('rejects only the request that it answers with an error', async () => {
    const { client, server } = await clients.scripted((request, socket) => {
      const isFirst = request.words[1] === 'k0';
      socket.write(
        isFirst ? 'SERVER_ERROR out of memory writing get response\r\n' : metaHit(request),
      );
    });

    const [first, second] = await Promise.all([
      client.getPayload('k0').catch((error: unknown) => error),
      client.getPayload('k1'),
    ]);

    expect(first).toMatchObject({
      code: 'CACHE_BACKEND',
      message: `memcached ${server.address} answered "SERVER_ERROR out of memory writing get response" to get.`,
    });
    expect(second).toEqual({ flags: 16, data: 'k1' });
    expect(server.connections()).toBe(1);
  });

  it('rejects a batch of which it answers one key with an error, and goes on', async () => {
    const { client, server } = await clients.scripted((request, socket) => {
      socket.write(request.words[1] === 'b' ? 'SERVER_ERROR out of memory\r\n' : metaHit(request));
    });

    expect(await codeOf(client.getPayloads(['a', 'b', 'c']))).toBe('CACHE_BACKEND');
    expect(await client.getPayloads(['d'])).toEqual([{ flags: 16, data: 'd' }]);
    expect(server.connections()).toBe(1);
  });

  it('is not believed any more when it did not understand a value', async () => {
    const { client, server } = await clients.scripted(
      ({ words, opaque }, socket) => {
        if (words[0] === 'ms') socket.write('CLIENT_ERROR bad command line format\r\nERROR\r\n');
        else socket.write(`EN ${opaque}\r\n`);
      },
      { deadlineMs: NEVER_MS },
    );

    const [stored, found] = await Promise.all([
      codeOf(client.store('set', 'key', VALUE, 0)),
      codeOf(client.getPayload('other')),
    ]);

    expect([stored, found]).toEqual(['CACHE_BACKEND', 'CACHE_PROTOCOL']);
    expect(await client.getPayload('other')).toBeUndefined();
    expect(server.connections()).toBe(2);
  });

  it('gives no answer to another request by sending two error lines', async () => {
    const { client } = await clients.scripted((request, socket) => {
      socket.write(request.words[1] === 'k0' ? 'ERROR\r\nERROR\r\n' : metaHit(request));
    });

    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => codeOf(client.getPayload(`k${index}`))),
    );

    expect(answers).toEqual([
      'CACHE_BACKEND',
      'CACHE_BACKEND',
      'CACHE_PROTOCOL',
      'CACHE_PROTOCOL',
      'CACHE_PROTOCOL',
    ]);
  });

  it('may refuse to be emptied', async () => {
    const { client, server } = await clients.scripted((_, socket) => {
      socket.write('CLIENT_ERROR flush_all not allowed\r\n');
    });

    await expect(client.flush()).rejects.toMatchObject({
      code: 'CACHE_BACKEND',
      message: `memcached ${server.address} answered "CLIENT_ERROR flush_all not allowed" to flush_all.`,
    });
  });

  it('shows no control characters of its errors', async () => {
    const { client } = await clients.scripted((_, socket) => {
      socket.write(`SERVER_ERROR \u001b[31m${'x'.repeat(200)}\r\n`, 'latin1');
    });

    const error = await client.getPayload('key').catch((reason: Error) => reason.message);

    expect(error).toMatch(/answered "SERVER_ERROR \?\[31mx{60,66}" to get\.$/);
  });
});

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
});

function memoryInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
