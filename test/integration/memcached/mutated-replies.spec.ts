import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import { MemjsClient } from '../../../lib/backends/memcached/memjs.client.js';
import {
  hit,
  replyTo,
  startScripted,
  type ScriptedRequest,
  type ScriptedServer,
} from '../../support/memcached-scripted.js';

const COUNT = process.env['HEAVY'] ? 100_000 : 2_000;
const AT_ONCE = 20;
const SEED = 20_260_401;
const DEADLINE_MS = 50;
const GET = 0x0c;
const INCREMENT = 0x05;
const KNOWN = new Set([
  'CACHE_TIMEOUT',
  'CACHE_CONNECTION_LOST',
  'CACHE_PROTOCOL',
  'CACHE_BACKEND',
  'CACHE_NOT_AN_INTEGER',
]);

type Ask = (client: MemjsClient, key: string) => Promise<unknown>;

const PAYLOAD = { flags: 16, data: 'value' };
const ASKED: readonly Ask[] = [
  (client, key) => client.get(key),
  (client, key) => client.store('set', key, PAYLOAD, 60),
  (client, key) => client.delete(key),
  (client, key) => client.touch(key, 60),
  (client, key) => client.incr(key, 1, key),
  (client) => client.stats(),
  (client) => client.ping(),
];

function honestReply(request: ScriptedRequest): Buffer {
  if (request.opcode === GET) return hit(request, `value of ${request.key}`);
  if (request.opcode === INCREMENT) return replyTo(request, { value: '\0'.repeat(8) });
  return replyTo(request);
}

describe(`replies with a changed byte to memjs, from seed ${SEED} on`, () => {
  const clients: MemjsClient[] = [];
  let server: ScriptedServer;

  beforeAll(async () => {
    const next = randomNumbers(SEED);
    server = await startScripted((request, socket) => {
      const reply = honestReply(request);
      if (request.key.startsWith('well')) {
        socket.write(reply);
        return;
      }
      reply[next() % reply.length] = next() % 256;
      socket.write(reply.subarray(0, 1 + (next() % reply.length) * 4));
    });
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => server.stop());

  it(
    `settle each of ${COUNT} calls, with a known error or for the right key, and spoil no later one`,
    async () => {
      const [address] = parseLocation(server.address, 'a test');
      const unknown: unknown[] = [];
      const spoilt: unknown[] = [];
      let settled = 0;
      let next = 0;

      const worker = async () => {
        const limits = { connectTimeoutMs: 10_000, deadlineMs: DEADLINE_MS };
        const client = new MemjsClient(address!, limits);
        clients.push(client);
        while (next < COUNT) {
          const index = next++;
          await ASKED[index % ASKED.length]!(client, `k${index}`).catch(
            (error: { code?: string; name: string }) => {
              // A counter may have been told to be beyond the safe integers.
              if (!KNOWN.has(error.code!) && error.name !== 'RangeError') unknown.push(error);
            },
          );
          settled += 1;
          const item = await client.get(`well${index}`).catch(() => undefined);
          const value = item?.payload.data.toString();
          if (value !== undefined && value !== `value of well${index}`) spoilt.push([index, value]);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));

      expect(unknown).toEqual([]);
      expect(spoilt).toEqual([]);
      expect(settled).toBe(COUNT);
    },
    20 * 60_000,
  );
});

/** The same numbers for the same seed. @see Marsaglia's xorshift */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
