import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MemjsClient } from '../../../lib/backends/memcached/memjs.client.js';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import { codeOf } from '../../support/memcached-backends.js';
import { hit, replyTo, startScripted } from '../../support/memcached-scripted.js';
import type { Script, ScriptedServer } from '../../support/memcached-scripted.js';
import { heldBuffers } from '../../support/held-memory.js';

const NEVER_MS = 10_000;
const servers: ScriptedServer[] = [];
const clients: MemjsClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function clientOf(script: Script, deadlineMs = NEVER_MS) {
  const server = await startScripted(script);
  servers.push(server);
  const [address] = parseLocation(server.address, 'a test');
  const client = new MemjsClient(address!, { connectTimeoutMs: 2_000, deadlineMs });
  clients.push(client);
  return { client, server };
}

describe('a slow memcached server, for MemjsClient', () => {
  it('gives whole values when they come byte by byte', async () => {
    const whole: Buffer[] = [];
    const { client } = await clientOf(async (request, socket) => {
      whole.push(hit(request, `né ${request.key}`));
      if (whole.length < 2) return;
      for (const byte of Buffer.concat(whole)) {
        socket.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    });

    const items = await Promise.all(['first', 'second'].map((key) => client.get(key)));

    expect(items.map((item) => item?.payload.data.toString())).toEqual(['né first', 'né second']);
  });

  it('gives nobody an answer when each comes after the deadline', async () => {
    const late: (() => void)[] = [];
    const { client, server } = await clientOf(
      (request, socket) => void late.push(() => socket.write(hit(request, 'late'))),
      30,
    );
    const codes: unknown[] = [];

    for (let round = 0; round < 20; round += 1) {
      codes.push(...(await Promise.all(['a', 'b'].map((key) => codeOf(client.get(key))))));
      for (const answer of late.splice(0)) answer();
    }

    expect(codes).toEqual(Array(40).fill('CACHE_TIMEOUT'));
    expect(server.connections()).toBe(20);
  });

  it('is connected to again where it closed the connection while it was idle', async () => {
    const { client, server } = await clientOf((request, socket) => {
      socket.write(hit(request, 'value'));
      if (request.connection === 0) setTimeout(() => socket.end(), 10);
    });

    await client.get('first');
    await sleep(100);

    expect((await client.get('second'))?.payload.data.toString()).toBe('value');
    expect(server.connections()).toBe(2);
  });

  it('costs no memory and lets every call settle when it never reads', async () => {
    const { client } = await clientOf((request, socket) => {
      socket.pause();
      socket.write(replyTo(request));
    }, 300);
    const data = Buffer.alloc(64 << 10, 'y');
    await client.ping();
    const before = heldBuffers();

    const calls = Array.from({ length: 2_000 }, (_, index) =>
      codeOf(client.store('set', `k${index}`, { flags: 0, data }, 0)),
    );
    await sleep(100);
    const grown = heldBuffers() - before;
    const codes = await Promise.all(calls);

    expect(codes).toEqual(calls.map(() => 'CACHE_TIMEOUT'));
    // 131 MB were to be sent.
    expect(grown).toBeLessThan(32 << 20);
  });
});

describe('MemjsClient', () => {
  it('sends nothing of a value that is neither text nor bytes, and goes on', async () => {
    const { client, server } = await clientOf((request, socket) => {
      socket.write(hit(request, 'value'));
    });
    const data = new Uint8Array(5) as Buffer;

    const [stored, found] = await Promise.allSettled([
      client.store('set', 'wrong', { flags: 0, data }, 0),
      client.get('right'),
    ]);

    expect(stored).toMatchObject({ status: 'rejected', reason: { name: 'TypeError' } });
    expect(found).toMatchObject({ status: 'fulfilled' });
    expect(server.received().toString('latin1')).not.toContain('wrong');
  });
});
