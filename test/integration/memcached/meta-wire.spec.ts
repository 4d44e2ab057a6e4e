import { afterEach, describe, expect, it } from '@jest/globals';
import { metaClients } from '../../support/meta-clients.js';
import type { MetaClient } from '../../../lib/backends/memcached/meta.client.js';
import type { MetaScripted } from '../../support/meta-scripted.js';

const clients = metaClients();
const HELLO = 'version\r\n';

afterEach(() => clients.close());

/**
 * What a client that is asked this sends after the handshake, if these are the answers. "O#" stands for the number that
 * pairs a reply with its request.
 */
async function sentFor(
  ask: (client: MetaClient) => Promise<unknown>,
  ...replies: string[]
): Promise<{ readonly sent: string; readonly answer: unknown }> {
  const left = [...replies];
  const { client, server } = await clients.scripted((request, socket) => {
    const reply = left.shift() ?? 'SERVER_ERROR nothing more in the script\r\n';
    socket.write(reply.replace('O#', request.opaque));
  });
  const answer = await ask(client);
  return { sent: sentTo(server), answer };
}

/** What a server received after the handshake, with "O#" for the numbers. */
function sentTo(server: MetaScripted): string {
  const received = server.received();
  expect(received.startsWith(HELLO)).toBe(true);
  return received.slice(HELLO.length).replaceAll(/O\d+(?=\r\n)/g, 'O#');
}

function text(data: string) {
  return { flags: 16, data };
}

const add = (client: MetaClient) => client.store('add', 'k', text('abc'), 60);

describe('MetaClient, on the wire', () => {
  it('asks for no payloads without asking', async () => {
    const { client, server } = await clients.scripted(() => undefined);

    expect(await client.getPayloads([])).toEqual([]);
    expect(server.connections()).toBe(0);
  });

  it.each([
    ['HD s1 f16 c1 t10 O#\r\n', true],
    ['EN O#\r\n', false],
    ['HD s0 f0 c1 t10 O# Z\r\n', false],
    ['HD s0 f1024 c1 t10 O#\r\n', true],
  ])('looks whether an item is there: %j', async (reply, answer) => {
    expect(await sentFor((client) => client.has('k'), reply)).toEqual({
      sent: 'mg k s f c t O#\r\n',
      answer,
    });
  });

  it.each([
    ['HD s1 f16 c1 t10 O#\r\n', 10],
    ['HD s1 f16 c1 t-1 O#\r\n', null],
    ['HD s1 f16 c1 t0 O#\r\n', undefined],
    ['HD s0 f0 c1 t10 O# Z\r\n', undefined],
    ['EN O#\r\n', undefined],
  ])('asks for the time that an item has left: %j', async (reply, answer) => {
    expect(await sentFor((client) => client.ttl('k'), reply)).toEqual({
      sent: 'mg k s f c t O#\r\n',
      answer,
    });
  });

  it.each([
    ['text', { flags: 16, data: 'abc' }, 'ms k 3 F16 T60 O#\r\nabc\r\n'],
    ['text beyond ASCII', { flags: 16, data: 'né' }, 'ms k 3 F16 T60 O#\r\nnÃ©\r\n'],
    ['bytes', { flags: 0, data: Buffer.from([0, 233]) }, 'ms k 2 F0 T60 O#\r\n\0é\r\n'],
    ['nothing', { flags: 1024, data: '' }, 'ms k 0 F1024 T60 O#\r\n\r\n'],
  ])('stores %s', async (_, payload, sent) => {
    expect(await sentFor((client) => client.store('set', 'k', payload, 60), 'HD O#\r\n')).toEqual({
      sent,
      answer: true,
    });
  });

  it.each([
    ['HD O#\r\n', true],
    ['EX O#\r\n', false],
    ['NF O#\r\n', false],
    ['NS O#\r\n', false],
    ['SERVER_ERROR object too large for cache\r\n', false],
    ['SERVER_ERROR out of memory storing object\r\n', false],
  ])('stores by compare and swap: %j', async (reply, answer) => {
    expect(
      await sentFor(
        (client) => client.store('set', 'k', { flags: 16, data: 'abc' }, 0, 2n ** 64n - 1n),
        reply,
      ),
    ).toEqual({ sent: 'ms k 3 F16 T0 C18446744073709551615 O#\r\nabc\r\n', answer });
  });

  it('adds', async () => {
    expect(await sentFor(add, 'HD c1 O#\r\n')).toEqual({
      sent: 'ms k 3 F16 T60 ME c O#\r\nabc\r\n',
      answer: true,
    });
    expect(await sentFor(add, 'NS O#\r\n', 'HD s3 f16 c1 t5 O#\r\n')).toEqual({
      sent: 'ms k 3 F16 T60 ME c O#\r\nabc\r\nmg k s f c t O#\r\n',
      answer: false,
    });
  });

  it('adds in the place of a lease, by its CAS number', async () => {
    expect(
      await sentFor(
        (client) => client.store('add', 'k', { flags: 16, data: 'abc' }, 60),
        'NS O#\r\n',
        'HD s0 f0 c9 t5 O# Z\r\n',
        'HD c10 O#\r\n',
      ),
    ).toEqual({
      sent: 'ms k 3 F16 T60 ME c O#\r\nabc\r\nmg k s f c t O#\r\nms k 3 F16 T60 C9 c O#\r\nabc\r\n',
      answer: true,
    });
  });

  it('does not add what was there when it was to be added, and has gone meanwhile', async () => {
    expect(await sentFor(add, 'NS O#\r\n', 'EN O#\r\n')).toEqual({
      sent: 'ms k 3 F16 T60 ME c O#\r\nabc\r\nmg k s f c t O#\r\n',
      answer: false,
    });
  });

  it('adds again when the lease in whose place it was to be added has changed meanwhile', async () => {
    expect(
      await sentFor(add, 'NS O#\r\n', 'HD s0 f0 c9 t5 O# Z\r\n', 'EX O#\r\n', 'HD c10 O#\r\n'),
    ).toEqual({
      sent: expect.stringMatching(
        /^ms .* ME c O#\r\nabc\r\nmg .*\r\nms .* C9 c O#\r\nabc\r\nms .* ME c O#\r\nabc\r\n$/,
      ),
      answer: true,
    });
  });

  it.each([
    ['HD s1 f16 c1 t5 O#\r\n', true],
    ['EN O#\r\n', false],
  ])('touches without the value: %j', async (reply, answer) => {
    expect(await sentFor((client) => client.touch('k', 60), reply)).toEqual({
      sent: 'mg k s f c t T60 O#\r\n',
      answer,
    });
  });

  it('gives back a lease that it has touched', async () => {
    expect(
      await sentFor((client) => client.touch('k', 60), 'HD s0 f0 c9 t60 O# Z\r\n', 'HD O#\r\n'),
    ).toEqual({ sent: 'mg k s f c t T60 O#\r\nmd k C9 O#\r\n', answer: false });
  });

  it('begins a counter and counts in one trip', async () => {
    expect(
      await sentFor(
        (client) => client.incr('k', 5, 'k', { value: 10, expiry: 60 }),
        'HD c1 O#\r\n',
        'VA 2 O#\r\n15\r\n',
      ),
    ).toEqual({ sent: 'ms k 2 F2 T60 ME c O#\r\n10\r\nma k MI D5 v O#\r\n', answer: 15 });
  });

  it('counts down by compare and swap', async () => {
    expect(
      await sentFor(
        (client) => client.incr('k', -5, 'k'),
        'VA 2 s2 f2 c7 t60 O#\r\n15\r\n',
        'VA 2 O#\r\n10\r\n',
      ),
    ).toEqual({ sent: 'mg k v s f c t O#\r\nma k MD D5 C7 v O#\r\n', answer: 10 });
  });

  it('counts below zero by replacing the item, with the time it has left', async () => {
    expect(
      await sentFor(
        (client) => client.incr('k', -5, 'k'),
        'VA 1 s1 f2 c7 t60 O#\r\n3\r\n',
        'HD s1 f2 c7 t60 O#\r\n',
        'HD c8 O#\r\n',
        'HD s2 f2 c8 t60 O#\r\n',
      ),
    ).toEqual({
      sent: 'mg k v s f c t O#\r\nmg k s f c t O#\r\nms k 2 F2 T60 C7 c O#\r\n-2\r\nmg k s f c t O#\r\n',
      answer: -2,
    });
  });

  it('puts the time right if a second ended while it replaced a counter', async () => {
    expect(
      await sentFor(
        (client) => client.incr('k', -5, 'k'),
        'VA 1 s1 f2 c7 t60 O#\r\n3\r\n',
        'HD s1 f2 c7 t59 O#\r\n',
        'HD c8 O#\r\n',
        'HD s2 f2 c8 t60 O#\r\n',
        'HD s2 f2 c8 t60 O#\r\n',
        'HD c9 O#\r\n',
        'HD s2 f2 c9 t59 O#\r\n',
      ),
    ).toEqual({
      sent: expect.stringContaining(
        'C7 c O#\r\n-2\r\nmg k s f c t O#\r\nmg k s f c t O#\r\nms k 2 F2 T59 C8 c O#\r\n-2\r\n',
      ),
      answer: -2,
    });
  });

  it('keeps a counter that never expires for ever', async () => {
    const { sent } = await sentFor(
      (client) => client.incr('k', 1, 'k'),
      'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
      'VA 2 s2 f16 c7 t-1 O#\r\n-3\r\n',
      'HD s1 f16 c7 t-1 O#\r\n',
      'HD c8 O#\r\n',
      'HD s2 f16 c8 t-1 O#\r\n',
    );

    expect(sent).toContain('ms k 2 F16 T0 C7 c O#\r\n-2\r\n');
  });

  it('takes back what went beyond the safe integers', async () => {
    const { client, server } = await clients.scripted(({ words, opaque }, socket) => {
      const value = words[3] === 'D10' ? '9007199254740992' : '9007199254740982';
      socket.write(`VA 16 ${opaque}\r\n${value}\r\n`);
    });

    await expect(client.incr('k', 10, 'shown')).rejects.toThrow(
      new RangeError(
        'The counter "shown" would become 9007199254740992, which is beyond the safe integers (2^53 - 1). Nothing was changed.',
      ),
    );
    expect(sentTo(server)).toBe('ma k MI D10 v O#\r\nma k MI D18446744073709551606 v O#\r\n');
  });

  it('takes back what wrapped at 2^64', async () => {
    const { client, server } = await clients.scripted(({ opaque }, socket) => {
      socket.write(`VA 1 ${opaque}\r\n3\r\n`);
    });

    await expect(client.incr('k', 10, 'shown')).rejects.toThrow(
      'would become 18446744073709551619',
    );
    expect(sentTo(server)).toContain('ma k MI D18446744073709551606 v O#\r\n');
  });

  it('asks for a lease', async () => {
    const { sent } = await sentFor(
      (client) => client.lease('k', { seconds: 10, refreshBelow: 30 }),
      'MN\r\n',
      'VA 0 s0 f0 c9 t-1 O# W\r\n\r\n',
    );

    expect(sent).toBe('mn\r\nmg k v s f c t N10 R30 O#\r\n');
  });

  it.each([0, 1, 2])('asks for a lease of 2 s where %i s are wanted', async (seconds) => {
    const { sent } = await sentFor(
      (client) => client.lease('k', { seconds }),
      'MN\r\n',
      'VA 0 s0 f0 c9 t-1 O# W\r\n\r\n',
    );

    expect(sent).toBe('mn\r\nmg k v s f c t N2 O#\r\n');
  });

  it('renews and fills a lease by its CAS number, one after the other', async () => {
    const { sent, answer } = await sentFor(
      async (client) => {
        const { lease } = await client.lease('k', { seconds: 10 });
        return Promise.all([
          lease!.renew(10),
          lease!.fill(text('abc'), 60),
          lease!.renew(10),
          lease!.release(),
        ]);
      },
      'MN\r\n',
      'VA 0 s0 f0 c9 t-1 O# W\r\n\r\n',
      'HD c10 O#\r\n',
      'HD c11 O#\r\n',
    );

    expect(sent).toBe(
      'mn\r\nmg k v s f c t N10 O#\r\nms k 0 F2048 T10 C9 c O#\r\n\r\nms k 3 F16 T60 C10 c O#\r\nabc\r\n',
    );
    expect(answer).toEqual([true, true, false, undefined]);
  });

  it('releases a lease by its CAS number', async () => {
    const { sent } = await sentFor(
      async (client) => (await client.lease('k', { seconds: 10 })).lease!.release(),
      'MN\r\n',
      'VA 0 s0 f0 c9 t-1 O# W\r\n\r\n',
      'HD O#\r\n',
    );

    expect(sent).toMatch(/md k C9 O#\r\n$/);
  });

  it.each([
    ['VA 3 s3 f16 c9 t60 O# W X\r\nold\r\n', /md k I C9 O#\r\n$/, 'HD O#\r\n'],
    ['VA 3 s3 f16 c9 t60 O# X W\r\nold\r\n', /md k I C9 O#\r\n$/, 'HD O#\r\n'],
    ['VA 3 s3 f16 c9 t60 O# W\r\nold\r\n', /ms k 3 F16 T60 C9 c O#\r\nold\r\n$/, 'HD c10 O#\r\n'],
  ])('releases the lease of an old value so that the value stays: %j', async (found, end, done) => {
    const { sent } = await sentFor(
      async (client) => (await client.lease('k', { seconds: 10 })).lease!.release(),
      'MN\r\n',
      found,
      done,
    );

    expect(sent).toMatch(end);
  });

  it('asks for statistics', async () => {
    expect(
      await sentFor(
        (client) => client.stats(),
        'STAT pid 4711\r\nSTAT version 1.6.18\r\nSTAT empty \r\nSTAT bare\r\nEND\r\n',
      ),
    ).toEqual({
      sent: 'stats\r\n',
      answer: { pid: '4711', version: '1.6.18', empty: '', bare: '' },
    });
    expect(await sentFor((client) => client.stats('settings'), 'END\r\n')).toEqual({
      sent: 'stats settings\r\n',
      answer: {},
    });
  });

  it('empties the server, pings it and asks for its version', async () => {
    expect((await sentFor((client) => client.flush(), 'OK\r\n')).sent).toBe('flush_all\r\n');
    expect((await sentFor((client) => client.ping(), 'MN\r\n')).sent).toBe('mn\r\n');
    expect((await sentFor((client) => client.version(), 'MN\r\n')).answer).toEqual([1, 6, 18]);
  });
});
