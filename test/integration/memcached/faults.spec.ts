import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openedBackends, text, textOf } from '../../support/memcached-backends.js';
import {
  hit,
  miss,
  replyTo,
  startScripted,
  type Script,
  type ScriptedServer,
} from '../../support/memcached-scripted.js';

const GET = 0x0c;
const VERSION = 0x0b;
// The scripted server of this file speaks the binary protocol.
const backends = openedBackends({ client: 'memjs' });
const servers: ScriptedServer[] = [];

/** A backend without generations, so that only what a test asks for is sent. */
async function backendOn(script: Script, deadlineMs = 150) {
  const server = await startScripted(script);
  servers.push(server);
  const backend = await backends.open({ location: server.address, clear: 'none', deadlineMs });
  return { backend, server };
}

afterEach(async () => {
  await backends.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  backends.reports.length = 0;
});

describe('a memcached server that misbehaves', () => {
  it('gives no truncated value when its reply ends at any byte', async () => {
    const wholeBytes = 24 + 4 + 'key'.length + 'a whole value'.length;
    const seen: unknown[] = [];

    for (let cut = 0; cut < wholeBytes; cut += 1) {
      const { backend, server } = await backendOn((request, socket) => {
        const reply = hit(request, 'a whole value');
        if (request.connection === 0) socket.end(reply.subarray(0, cut));
        else socket.write(reply);
      });
      seen.push([textOf(await backend.get('key')), server.connections()]);
    }

    expect(seen).toEqual(Array.from({ length: wholeBytes }, () => ['a whole value', 2]));
  });

  it('rejects a get at once when it closes the connection without an answer, twice', async () => {
    const { backend, server } = await backendOn((_, socket) => socket.end(), 10_000);

    const failure = backend.get('key');

    await expect(failure).rejects.toMatchObject({
      code: 'CACHE_CONNECTION_LOST',
      message: `memcached ${server.address} was lost before it answered: the server closed the connection.`,
    });
    expect(server.connections()).toBe(2);
  });

  it('rejects a get at once when it resets the connection', async () => {
    const { backend } = await backendOn((_, socket) => socket.resetAndDestroy(), 10_000);

    await expect(backend.get('key')).rejects.toMatchObject({ code: 'CACHE_CONNECTION_LOST' });
  });

  it('does not repeat an add whose answer was lost', async () => {
    const { backend, server } = await backendOn((_, socket) => socket.end());

    await expect(backend.add('key', text('value'), null)).rejects.toMatchObject({
      code: 'CACHE_CONNECTION_LOST',
    });
    expect(server.connections()).toBe(1);
  });

  it.each([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
    ['a text protocol', 'VALUE key 16 5\r\nvalue\r\nEND\r\n'],
    ['one wrong byte', '\u0000'],
  ])('is found out when it is %s', async (_, garbage) => {
    const { backend } = await backendOn((_request, socket) => socket.write(garbage), 10_000);

    await expect(backend.get('key')).rejects.toMatchObject({
      code: 'CACHE_PROTOCOL',
      message: expect.stringContaining('something that is not the binary protocol'),
    });
  });

  it('is found out when it answers with an impossible length', async () => {
    const { backend } = await backendOn((request, socket) => {
      const reply = hit(request, 'value');
      reply.writeUInt32BE(3, 8);
      socket.write(reply);
    }, 10_000);

    await expect(backend.get('key')).rejects.toMatchObject({
      message: expect.stringContaining('an answer of an impossible length'),
    });
  });

  it.each([
    ['another key', { key: 'yek' }, 'the item of another key'],
    ['another command', { opcode: 0x01 }, 'an answer to another command'],
    ['another request', { opaque: 99 }, 'an answer that nobody asked for'],
    ['a request', { magic: 0x80 }, 'an answer that nobody asked for'],
  ])('is not believed when it answers with %s', async (_, wrong, why) => {
    const { backend } = await backendOn(
      (request, socket) => void socket.write(hit(request, 'value', wrong)),
      10_000,
    );

    await expect(backend.get('key')).rejects.toMatchObject({
      code: 'CACHE_PROTOCOL',
      message: expect.stringContaining(why),
    });
  });

  it('gives no value to the wrong key when it leaves out one reply of many', async () => {
    const { backend } = await backendOn((request, socket) => {
      if (request.opcode === VERSION) socket.write(replyTo(request));
      else if (request.key !== 'k7') socket.write(hit(request, `value of ${request.key}`));
    });
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);

    const answers = await Promise.allSettled(keys.map((key) => backend.get(key)));

    const wrong = answers.filter(
      (answer, index) =>
        answer.status === 'fulfilled' && textOf(answer.value) !== `value of k${index}`,
    );
    expect(wrong).toEqual([]);
    expect(answers[7]).toMatchObject({ status: 'rejected', reason: { code: 'CACHE_TIMEOUT' } });
  });

  it('reaches nobody with an answer that comes after the deadline', async () => {
    const { backend, server } = await backendOn((request, socket) => {
      if (request.opcode === VERSION) socket.write(replyTo(request));
      else if (request.key === 'slow') setTimeout(() => socket.write(hit(request, 'late')), 300);
      else socket.write(miss(request));
    });

    await expect(backend.get('slow')).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
    await sleep(600);

    expect(await backend.get('other')).toBeUndefined();
    expect(server.connections()).toBeGreaterThan(1);
  });

  it('ends every call at the deadline while others go on being answered', async () => {
    const { backend } = await backendOn((request, socket) => {
      if (request.key !== 'never') socket.write(miss(request));
    });
    const never = backend.get('never').then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    let settled = 0;

    const traffic = (async () => {
      for (let n = 0; n < 1_000; n += 1) {
        await backend.get(`k${n}`).catch(() => undefined);
        settled += 1;
      }
    })();

    expect(await never).toBe('CACHE_TIMEOUT');
    await traffic;
    expect(settled).toBe(1_000);
  });

  it('is down after three lost connections in a row, and then costs no connection', async () => {
    const { backend, server } = await backendOn((_, socket) => socket.end());

    const codes: unknown[] = [];
    for (let n = 0; n < 6; n += 1) {
      codes.push(await backend.delete('key').catch((error: { code: string }) => error.code));
    }

    expect(codes.slice(0, 3)).toEqual(Array(3).fill('CACHE_CONNECTION_LOST'));
    expect(codes.slice(3)).toEqual(Array(3).fill('CACHE_UNAVAILABLE'));
    expect(server.connections()).toBe(3);
    expect(backends.reports).toMatchObject([{ kind: 'server', state: 'down' }]);
  });

  it('gets no byte for a key that memcached cannot take', async () => {
    const { backend, server } = await backendOn((request, socket) => socket.write(miss(request)));
    const keys = ['', 'a b', 'a\r\nflush_all', 'a\0', 'k'.repeat(251), 'é'.repeat(126), '\ud800'];

    const codes = await Promise.all(
      keys.map((key) => backend.get(key).catch((error: { code: string }) => error.code)),
    );

    expect(codes).toEqual(keys.map(() => 'CACHE_INVALID_KEY'));
    expect(server.received()).toHaveLength(0);
  });

  it('may refuse the login, which ends in one error with its reason and without the password', async () => {
    const LIST = 0x20;
    const AUTH = 0x21;
    const server = await startScripted((request, socket) => {
      if (request.opcode === LIST) socket.write(replyTo(request, { value: 'PLAIN' }));
      if (request.opcode === AUTH) socket.write(replyTo(request, { status: 0x20 }));
    });
    servers.push(server);
    const backend = await backends.open({ location: `user:s3cret@${server.address}` });

    const error = await backend.get('key').catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: `memcached ${server.address} cannot be reached: Memcached server authentication failed.`,
    });
  });

  it('is logged into with the user and password of its location', async () => {
    const LIST = 0x20;
    const AUTH = 0x21;
    const logins: string[] = [];
    const server = await startScripted((request, socket) => {
      if (request.opcode === LIST) socket.write(replyTo(request, { value: 'PLAIN' }));
      else if (request.opcode === AUTH) {
        logins.push(`${request.key} ${request.value.toString()}`);
        socket.write(replyTo(request));
      } else if (request.opcode === GET) socket.write(hit(request, 'value'));
    });
    servers.push(server);
    const backend = await backends.open({
      location: [`user:s3:c@ret@${server.address}`],
      clear: 'none',
    });

    expect(textOf(await backend.get('key'))).toBe('value');
    expect(logins).toEqual(['PLAIN \0user\0s3:c@ret']);
    expect(backend.description).toBe(`memcached ${server.address}`);
  });

  it('is not logged into with credentials that happen to be in the environment', async () => {
    process.env['MEMCACHIER_USERNAME'] = 'stray';
    process.env['MEMCACHIER_PASSWORD'] = 's3cret';
    const { backend, server } = await backendOn((request, socket) => socket.write(miss(request)));

    const found = await backend.get('key');
    delete process.env['MEMCACHIER_USERNAME'];
    delete process.env['MEMCACHIER_PASSWORD'];

    expect(found).toBeUndefined();
    expect(server.received().toString('latin1')).not.toContain('s3cret');
  });

  it('is not believed when it answers a counter with something that is no number of 64 bits', async () => {
    const { backend } = await backendOn((request, socket) => {
      socket.write(replyTo(request, { value: '12' }));
    });

    await expect(backend.incr('counter', 1)).rejects.toMatchObject({ code: 'CACHE_BACKEND' });
  });
});
