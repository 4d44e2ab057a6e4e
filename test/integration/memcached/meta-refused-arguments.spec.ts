import { afterEach, describe, expect, it } from '@jest/globals';
import { metaClients } from '../../support/meta-clients.js';

const clients = metaClients();

/** A client as plain JavaScript may call it. */
type Loose = Record<'store' | 'touch' | 'incr', (...given: unknown[]) => Promise<unknown>>;

afterEach(() => clients.close());

describe('MetaClient, given what the protocol cannot transport', () => {
  it.each([
    ['an empty key', ''],
    ['a blank', 'a b'],
    ['a line end', 'x\r\nset pwn 0 60 3\r\nbad'],
    ['a NUL', 'a\0'],
    ['DEL', 'a\u007f'],
    ['251 bytes', 'k'.repeat(251)],
    ['252 bytes of 126 characters', 'é'.repeat(126)],
    ['half of a surrogate pair', '\ud800'],
  ])('sends no byte for %s', async (_, key) => {
    const { client, server } = await clients.scripted(() => undefined);
    const payload = { flags: 16, data: 'x' };

    const codes = await Promise.all(
      [
        client.getPayload(key),
        client.get(key),
        client.getPayloads(['fine', key]),
        client.has(key),
        client.ttl(key),
        client.store('set', key, payload, 0),
        client.store('add', key, payload, 0),
        client.touch(key, 1),
        client.delete(key),
        client.incr(key, 1, key),
        client.incr(key, -1, key),
      ].map((call) => call.catch((error: { code: string }) => error.code)),
    );

    expect(codes).toEqual(Array(11).fill('CACHE_INVALID_KEY'));
    expect(server.received()).toBe('');
  });

  it.each([
    [
      'an expiry of text',
      (c: Loose) => c.store('set', 'k', { flags: 0, data: '' }, '1\r\nflush_all'),
    ],
    ['a fractional expiry', (c: Loose) => c.touch('k', 0.5)],
    ['a negative expiry', (c: Loose) => c.touch('k', -1)],
    ['an expiry beyond 2^31 - 1', (c: Loose) => c.touch('k', 2 ** 31)],
    ['flags of text', (c: Loose) => c.store('set', 'k', { flags: '0\r\n', data: '' }, 0)],
    ['flags beyond 32 bits', (c: Loose) => c.store('set', 'k', { flags: 2 ** 32, data: '' }, 0)],
    ['a CAS number of text', (c: Loose) => c.store('set', 'k', { flags: 0, data: '' }, 0, '1 x')],
    ['a negative CAS number', (c: Loose) => c.store('set', 'k', { flags: 0, data: '' }, 0, -1n)],
    ['a delta of text', (c: Loose) => c.incr('k', '1\r\nflush_all', 'k')],
    [
      'bytes that are no Buffer',
      (c: Loose) => c.store('set', 'k', { flags: 0, data: new Uint8Array(5) }, 0),
    ],
    ['a fractional delta', (c: Loose) => c.incr('k', 1.5, 'k')],
    ['a fractional beginning', (c: Loose) => c.incr('k', 1, 'k', { value: 0.5, expiry: 0 })],
  ])('sends no byte for %s', async (_, ask) => {
    const { client, server } = await clients.scripted(() => undefined);

    await expect(ask(client as unknown as Loose)).rejects.toBeInstanceOf(TypeError);
    expect(server.received()).toBe('');
  });

  it('refuses a lease of a fractional time', async () => {
    const { client, server } = await clients.scripted((_, socket) => socket.write('MN\r\n'));

    await expect(client.lease('k', { seconds: 2.5 })).rejects.toBeInstanceOf(TypeError);
    expect(server.received()).toBe('version\r\nmn\r\n');
  });
});
