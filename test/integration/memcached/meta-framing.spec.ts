import { afterEach, describe, expect, it } from '@jest/globals';
import { metaClients } from '../../support/meta-clients.js';
import { metaHit } from '../../support/meta-scripted.js';

const clients = metaClients();

afterEach(() => clients.close());

describe('what MetaClient sends together', () => {
  it('sends keys beyond ASCII as UTF-8', async () => {
    const { client, server } = await clients.scripted((request, socket) => {
      socket.write(metaHit(request));
    });

    const payloads = await client.getPayloads(['clé', '日本', 'plain']);

    expect(payloads.map((payload) => payload?.data)).toEqual(['clé', '日本', 'plain']);
    expect(
      Buffer.from(server.received().replaceAll(/O\d+(?=\r\n)/g, 'O#'), 'latin1').toString(),
    ).toBe('version\r\nmg clé v s f O#\r\nmg 日本 v s f O#\r\nmg plain v s f O#\r\n');
  });

  it('numbers its requests, and begins again after a thousand', async () => {
    const numbers: string[] = [];
    const { client } = await clients.scripted((request, socket) => {
      numbers.push(request.opaque);
      socket.write(metaHit(request));
    });
    const keys = Array.from({ length: 2_500 }, (_, index) => `k${index}`);

    const payloads = await client.getPayloads(keys);

    expect(payloads.map((payload) => payload?.data)).toEqual(keys);
    expect(numbers).toEqual(keys.map((_, index) => `O${(index + 1) % 1_000}`));
  });

  it('sends what is asked in one turn in one write', async () => {
    const { client, server } = await clients.scripted(({ words, opaque }, socket) => {
      socket.write(words[0] === 'ms' ? `HD ${opaque}\r\n` : `EN ${opaque}\r\n`);
    });
    await client.getPayload('first');
    const before = server.readings();

    await Promise.all([
      client.getPayload('a'),
      client.store('set', 'b', { flags: 16, data: 'né' }, 0),
      client.store('set', 'c', { flags: 16, data: 'plain' }, 0),
      client.getPayload('d'),
    ]);

    expect(server.readings() - before).toBe(1);
  });

  it('sends values of every size and kind of one turn unharmed', async () => {
    const got = new Map<string, Buffer>();
    const { client } = await clients.scripted(({ words, opaque, value }, socket) => {
      got.set(words[1]!, Buffer.from(value));
      socket.write(`HD ${opaque}\r\n`);
    });
    const values: Record<string, Buffer | string> = {
      ascii: 'a'.repeat(100),
      bytes: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      text: 'clé 日本 😀 \r\n',
      'bytes again': Buffer.from([255, 254, 13, 10]),
      'ascii again': 'b',
      'large text': 'é'.repeat(40_000),
      'large ascii': 'c'.repeat(100_000),
      'large bytes': Buffer.alloc(100_000, 233),
      'empty bytes': Buffer.alloc(0),
      'empty text': '',
      last: 'z',
    };

    await Promise.all(
      Object.entries(values).map(([name, data]) =>
        client.store('set', name.replace(' ', '_'), { flags: 0, data }, 0),
      ),
    );

    for (const [name, data] of Object.entries(values)) {
      expect([name, got.get(name.replace(' ', '_'))!.equals(Buffer.from(data as string))]).toEqual([
        name,
        true,
      ]);
    }
  });
});
