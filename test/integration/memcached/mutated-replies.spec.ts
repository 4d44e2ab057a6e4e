import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseLocation } from '../../../lib/backends/memcached/server-address.js';
import { MemjsClient } from '../../../lib/backends/memcached/memjs.client.js';
import { hit, startScripted, type ScriptedServer } from '../../support/memcached-scripted.js';

const COUNT = process.env['HEAVY'] ? 10_000 : 400;
const SEED = 20_260_401;
const DEADLINE_MS = 25;
const KNOWN = new Set([
  'CACHE_TIMEOUT',
  'CACHE_CONNECTION_LOST',
  'CACHE_PROTOCOL',
  'CACHE_BACKEND',
]);

describe(`replies with a changed byte, seed ${SEED}`, () => {
  let server: ScriptedServer;
  let client: MemjsClient;

  beforeAll(async () => {
    const next = randomNumbers(SEED);
    server = await startScripted((request, socket) => {
      if (request.key.startsWith('well')) {
        socket.write(hit(request, `value of ${request.key}`));
        return;
      }
      const reply = hit(request, `value of ${request.key}`);
      reply[next() % reply.length] = next() % 256;
      socket.write(reply.subarray(0, 1 + (next() % reply.length) * 4));
    });
    const [address] = parseLocation(server.address, 'a test');
    client = new MemjsClient(address!, { connectTimeoutMs: 2_000, deadlineMs: DEADLINE_MS });
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it(
    `settle each of ${COUNT} calls, with a known error or for the right key, and spoil no later one`,
    async () => {
      const unknown: unknown[] = [];
      const spoilt: unknown[] = [];

      for (let index = 0; index < COUNT; index += 1) {
        const key = `k${index}`;
        await client.get(key).catch((error: { code: string }) => {
          if (!KNOWN.has(error.code)) unknown.push(error);
        });
        const item = await client.get(`well${index}`).catch(() => undefined);
        const value = item?.payload.data.toString();
        if (value !== undefined && value !== `value of well${index}`) spoilt.push([index, value]);
      }

      expect(unknown).toEqual([]);
      expect(spoilt).toEqual([]);
    },
    10 * 60_000,
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
