import { afterEach, describe, expect, it } from '@jest/globals';
import { metaClients } from '../../support/meta-clients.js';
import { EXCHANGES, isSameAnswer, replyBytes } from '../../support/meta-exchanges.js';
import { metaHit } from '../../support/meta-scripted.js';

const clients = metaClients();
const NEVER_MS = 10_000;
const VALUE = { flags: 16, data: 'a whole value' };

afterEach(() => clients.close());

/** The code of the error that a call ends with; what it answers otherwise. */
function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: { code?: unknown }) => error.code ?? error);
}

describe('a memcached server that answers with errors, for MetaClient', () => {
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

describe.each([
  ['ERROR', 'ERROR'],
  ['CLIENT_ERROR bad data chunk', 'ERROR'],
  ['SERVER_ERROR out of memory storing object', 'SERVER_ERROR out of memory storing object'],
])('a memcached server that sends two error lines: %s and %s', (first, second) => {
  it.each(EXCHANGES)('gives no wrong answer where it was asked for $is', async ({ ask }) => {
    const { server } = await clients.scripted((request, socket) => {
      const isFirst = request.connection === 0 && request.index === 1;
      socket.write(isFirst ? `${first}\r\n${second}\r\n` : metaHit(request));
    });
    const on = clients.commandsTo(server.address, { deadlineMs: NEVER_MS });

    const [asked, ...behind] = await Promise.all([
      codeOf(ask(on)),
      ...['a', 'b', 'c'].map((key) => codeOf(on.payload(key))),
    ]);
    const after = await codeOf(on.payload('d'));

    // A set is answered by false where the server had no room.
    expect(['CACHE_BACKEND', 'CACHE_PROTOCOL', false]).toContain(
      isSameAnswer(asked, { is: 'refused', cas: 0n }) ? false : asked,
    );
    expect(['CACHE_BACKEND', 'CACHE_PROTOCOL']).toContain(behind[0]);
    expect(behind.slice(1)).toEqual(['CACHE_PROTOCOL', 'CACHE_PROTOCOL']);
    expect(after).toEqual({ flags: 16, data: 'd' });
    expect(server.connections()).toBe(2);
  });
});

describe('a memcached server that sends one error line', () => {
  it.each(EXCHANGES.filter(({ replies }) => replies.length === 1))(
    'is asked for the rest on the same connection: $is',
    async ({ ask, replies, answer }) => {
      const { server } = await clients.scripted(({ index, opaque }, socket) => {
        const isFirst = index === 1;
        socket.write(
          isFirst ? 'SERVER_ERROR temporary failure\r\n' : replyBytes(replies[0]!, opaque),
        );
      });
      const on = clients.commandsTo(server.address, { deadlineMs: NEVER_MS });

      expect(await codeOf(ask(on))).toBe('CACHE_BACKEND');
      expect(await ask(on)).toEqual(answer);
      expect(server.connections()).toBe(1);
    },
  );
});
