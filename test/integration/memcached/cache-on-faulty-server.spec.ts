import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CacheService } from '../../../lib/core/cache.service.js';
import { createCache } from '../../../lib/create-cache.js';
import { hit, replyTo, startScripted } from '../../support/memcached-scripted.js';
import type { ScriptedRequest } from '../../support/memcached-scripted.js';
import { metaHit, startMetaScripted } from '../../support/meta-scripted.js';
import type { MetaScriptedRequest } from '../../support/meta-scripted.js';
import { CLIENTS } from '../../support/suite-memcached.js';

const DEADLINE_MS = 60;
const GETS = new Set([0x00, 0x0c]);
const COUNTS = new Set([0x05, 0x06]);
const endings: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()));
});

/** Gets the honest reply to a request, and one that is honest but for the number of the request. */
type Fault = (socket: Socket, reply: Buffer, toAnother: Buffer) => void;

const FAULTS: readonly [name: string, fault: Fault][] = [
  ['is cut in the middle', (socket, reply) => void socket.end(reply.subarray(0, reply.length / 2))],
  [
    'is cut in the middle by a reset',
    (socket, reply) => {
      socket.write(reply.subarray(0, reply.length / 2));
      setImmediate(() => socket.resetAndDestroy());
    },
  ],
  ['is not there when the connection closes', (socket) => void socket.end()],
  ['never comes', () => undefined],
  [
    'comes too slowly',
    async (socket, reply) => {
      for (const byte of reply.subarray(0, -1)) {
        socket.write(Buffer.of(byte));
        await sleep(DEADLINE_MS / 4);
      }
    },
  ],
  ['is one of HTTP', (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['is to another request', (socket, _, toAnother) => void socket.write(toAnother)],
];

function honestMeta(request: MetaScriptedRequest): string {
  const { words, opaque } = request;
  switch (words[0]) {
    case 'mg':
      return words.includes('v') ? metaHit(request, 'stored') : `HD s6 f16 c1 t100 ${opaque}\r\n`;
    case 'ma':
      return `VA 1 ${opaque}\r\n5\r\n`;
    case 'mn':
      return 'MN\r\n';
    default:
      return words.includes('c') ? `HD c1 ${opaque}\r\n` : `HD ${opaque}\r\n`;
  }
}

function honestBinary(request: ScriptedRequest): Buffer {
  if (GETS.has(request.opcode)) return hit(request, 'stored');
  if (COUNTS.has(request.opcode)) return replyTo(request, { value: '\0\0\0\0\0\0\0\u0005' });
  return replyTo(request);
}

/** A cache on a server of its own, all of whose replies are at fault. */
async function cacheOn(
  client: (typeof CLIENTS)[number],
  onError: 'miss' | 'throw',
  fault: Fault,
): Promise<CacheService> {
  const server =
    client === 'meta'
      ? await startMetaScripted((request, socket) => {
          const toAnother = honestMeta({ ...request, opaque: 'O999' });
          fault(socket, Buffer.from(honestMeta(request)), Buffer.from(toAnother));
        })
      : await startScripted((request, socket) => {
          const toAnother = honestBinary({ ...request, opaque: request.opaque + 999 });
          fault(socket, honestBinary(request), toAnother);
        });
  const cache = await createCache({
    backend: 'memcached',
    location: server.address,
    onError,
    options: { client, clear: 'none', deadlineMs: DEADLINE_MS, connectTimeoutMs: 5_000 },
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
  });
  endings.push(async () => {
    await cache.close();
    await server.stop();
  });
  return cache;
}

const MISSED: readonly [name: string, call: (cache: CacheService) => unknown, answer: unknown][] = [
  ['get()', (cache) => cache.get('k'), undefined],
  ['get() with a default', (cache) => cache.get('k', 'default'), 'default'],
  ['getMany()', async (cache) => [...(await cache.getMany(['k', 'l']))], []],
  ['getOrSet()', (cache) => cache.getOrSet('k', () => 'loaded'), 'loaded'],
  ['has()', (cache) => cache.has('k'), false],
  ['set()', (cache) => cache.set('k', 'new'), false],
  ['setMany()', (cache) => cache.setMany({ k: 1, l: 2 }), ['k', 'l']],
  ['touch()', (cache) => cache.touch('k', 60), false],
  ['delete()', (cache) => cache.delete('k'), false],
  ['deleteMany()', (cache) => cache.deleteMany(['k', 'l']), 0],
];
// An answer that decides something is never invented.
const ALWAYS_THROWN: readonly [name: string, call: (cache: CacheService) => unknown][] = [
  ['add()', (cache) => cache.add('k', 'new')],
  ['incr()', (cache) => cache.incr('k')],
  ['decr()', (cache) => cache.decr('k')],
  ['pull()', (cache) => cache.pull('k')],
];
const CODES = new Set([
  'CACHE_CONNECTION_LOST',
  'CACHE_TIMEOUT',
  'CACHE_BACKEND',
  'CACHE_UNAVAILABLE',
]);

/** What a call answers, or that it threw one of the errors that a faulty server causes. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    const { code } = error as { code: string };
    return CODES.has(code) ? 'typed error' : error;
  }
}

describe.each(CLIENTS)('a cache over %s, whose server misbehaves', (client) => {
  describe.each(FAULTS)('so that each reply %s', (_, fault) => {
    it('misses with onError: "miss", and throws only what may not be invented', async () => {
      const calls = [...MISSED, ...ALWAYS_THROWN];

      const seen = await Promise.all(
        calls.map(async ([name, call]) => {
          const cache = await cacheOn(client, 'miss', fault);
          return [name, await outcomeOf(() => call(cache))];
        }),
      );

      expect(seen).toEqual([
        ...MISSED.map(([name, , answer]) => [name, answer]),
        ...ALWAYS_THROWN.map(([name]) => [name, 'typed error']),
      ]);
    });

    it('throws a typed error with onError: "throw"', async () => {
      const calls = [...MISSED, ...ALWAYS_THROWN];

      const seen = await Promise.all(
        calls.map(async ([name, call]) => {
          const cache = await cacheOn(client, 'throw', fault);
          return [name, await outcomeOf(() => call(cache))];
        }),
      );

      expect(seen).toEqual(calls.map(([name]) => [name, 'typed error']));
    });
  });
});
