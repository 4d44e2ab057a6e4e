import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { inTime } from '../../support/in-time.js';
import { metaClients } from '../../support/meta-clients.js';
import { EXCHANGES, replyBytes } from '../../support/meta-exchanges.js';
import { metaHit, metaMiss } from '../../support/meta-scripted.js';
import { heldBuffers } from '../../support/held-memory.js';

const clients = metaClients();
const NEVER_MS = 10_000;

afterEach(() => clients.close());

/** The code of the error that a call ends with; what it answers otherwise. */
function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code ?? error);
}

describe('a slow memcached server, for the meta client', () => {
  it('gives whole answers of every kind when they come byte by byte', async () => {
    const replies = EXCHANGES.flatMap((exchange) => exchange.replies);
    const whole: Buffer[] = [];
    const { server } = await clients.scripted(async ({ index, opaque }, socket) => {
      whole.push(replyBytes(replies[index - 1]!, opaque));
      if (whole.length < replies.length) return;
      for (const byte of Buffer.concat(whole)) {
        socket.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    });
    const on = clients.commandsTo(server.address, { deadlineMs: NEVER_MS });

    const answers = await Promise.all(EXCHANGES.map(({ ask }) => ask(on)));

    expect(answers).toEqual(EXCHANGES.map(({ answer }) => answer));
    expect(server.connections()).toBe(1);
  });

  it('gives no part of an answer that comes byte by byte and is not over at the deadline', async () => {
    const { client, server } = await clients.scripted(
      async (request, socket) => {
        for (const byte of Buffer.from(metaHit(request, 'a value'))) {
          socket.write(Buffer.of(byte));
          await sleep(20);
        }
      },
      { deadlineMs: 100 },
    );

    const codes = await Promise.all(
      [client.getPayload('k'), client.getPayloads(['k', 'l']), client.get('k')].map(codeOf),
    );

    expect(codes).toEqual(['CACHE_TIMEOUT', 'CACHE_TIMEOUT', 'CACHE_TIMEOUT']);
    expect(await codeOf(client.getPayload('k'))).toBe('CACHE_TIMEOUT');
    expect(server.connections()).toBe(2);
  });

  it('gives nobody an answer when each comes after the deadline', async () => {
    const late: (() => void)[] = [];
    const { client, server } = await clients.scripted(
      (request, socket) => void late.push(() => socket.write(metaHit(request))),
      { deadlineMs: 30 },
    );
    const codes: unknown[] = [];

    for (let round = 0; round < 20; round += 1) {
      const calls = [client.getPayload('a'), client.getPayload('b'), client.has('c')];
      codes.push(...(await Promise.all(calls.map(codeOf))));
      for (const answer of late.splice(0)) answer();
    }

    expect(codes).toEqual(Array(60).fill('CACHE_TIMEOUT'));
    expect(server.connections()).toBe(20);
  });

  it('reaches nobody with an answer that comes after the deadline', async () => {
    const late: (() => void)[] = [];
    const connections = new Map<string, number>();
    const { client } = await clients.scripted(
      (request, socket) => {
        connections.set(request.words[1]!, request.connection);
        if (request.words[1] !== 'slow') socket.write(metaMiss(request));
        else late.push(() => socket.write(metaHit(request, 'late')));
      },
      { deadlineMs: 300 },
    );
    await inTime(() => client.getPayload('first'));

    expect(await codeOf(client.getPayload('slow'))).toBe('CACHE_TIMEOUT');
    expect(late).toHaveLength(1);
    late[0]!();

    expect(await inTime(() => client.getPayload('other'))).toBeUndefined();
    expect(connections.get('slow')).toBe(connections.get('first'));
    expect(connections.get('other')).toBeGreaterThan(connections.get('slow')!);
  });

  it('ends all that is in flight with one error at the first deadline', async () => {
    const { client, server } = await clients.scripted(
      (request, socket) => {
        if (request.words[1] === 'fine') socket.write(metaMiss(request));
      },
      { deadlineMs: 500 },
    );
    const calls = ['fine', 'never', 'behind', 'far-behind'].map((key) =>
      client.getPayload(key).catch((error: unknown) => error),
    );

    const answers = await Promise.all(calls);

    expect(answers[0]).toBeUndefined();
    expect(answers[1]).toMatchObject({
      code: 'CACHE_TIMEOUT',
      message: `memcached ${server.address} did not answer within 500 ms.`,
    });
    expect(answers[2]).toBe(answers[1]);
    expect(answers[3]).toBe(answers[1]);
  });

  it('cannot put the deadline off by answering some of many requests', async () => {
    const { client } = await clients.scripted(
      (request, socket) => {
        // One reply every 100 ms: the tenth request is answered after a second.
        setTimeout(() => socket.write(metaMiss(request)), 100 * request.index);
      },
      { deadlineMs: 500 },
    );

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => codeOf(client.getPayload(`k${index}`))),
    );

    expect(answers[0]).toBeUndefined();
    expect(answers[19]).toBe('CACHE_TIMEOUT');
  });

  it('is not taken for slow when this process was held up', async () => {
    const { client } = await clients.scripted((request, socket) => socket.write(metaHit(request)), {
      deadlineMs: 500,
    });
    await client.getPayload('first');
    // In a server of its own, the reply would lie in the socket by the time this process goes on; here it has to be written
    // before, so the hold-up begins one turn later.
    const call = client.getPayload('second');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);

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
    const before = heldBuffers();

    const calls = Array.from({ length: 2_000 }, (_, index) => [
      codeOf(client.store('set', `text${index}`, { flags: 16, data }, 0)),
      codeOf(client.store('set', `bytes${index}`, { flags: 0, data: large }, 0)),
    ]).flat();
    await sleep(100);
    const grown = heldBuffers() - before;
    const codes = await Promise.all(calls);

    expect(codes).toEqual(calls.map(() => 'CACHE_TIMEOUT'));
    // 134 MB were to be sent.
    expect(grown).toBeLessThan(32 << 20);
  });
});
