import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CACHE_OPERATION_CHANNEL,
  createCache,
  type CacheOperationEvent,
  type CacheService,
} from 'nestjs-cache-framework';
import { memcached, type MemcachedOptions } from 'nestjs-cache-framework/backends/memcached';
import { ownSockets, rawCommand, type MemcachedServer } from './memcached.js';

/** A change of state that a cache published. */
export interface StateEvent {
  readonly state: 'up' | 'down';
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

/** A call on a backend that failed. */
export interface FailedCall {
  readonly operation: string;
  readonly code: unknown;
  /** On the clock of `performance.now()`. */
  readonly beganAt: number;
}

/** The caches of one test, as an application without Nest opens them, and all that they let the outside know. */
export interface WatchedCaches {
  /** Opens a cache on the servers. Each has connections of its own, as caches of different processes have. */
  open(
    servers: readonly { readonly address: string }[],
    keyPrefix?: string,
    options?: MemcachedOptions,
  ): Promise<CacheService>;
  /** What they logged, but for the line at the start. */
  readonly lines: string[];
  readonly states: StateEvent[];
  readonly failures: FailedCall[];
  /** How often a connection to a port was begun in this process, but for those that only look whether a server runs. */
  connectionsTo(port: number): number;
  /** The most of them that were being made at the same time. */
  mostConnectingTo(port: number): number;
  /** Waits for the next change to this state since the last look; bounded. */
  becomes(state: 'up' | 'down'): Promise<StateEvent>;
  close(): Promise<void>;
}

/** Connections to one port. */
interface Connecting {
  begun: number;
  now: number;
  most: number;
}

const SOCKETS = 'net.client.socket';
const ASKED_AT_ONCE = 200;

/**
 * Watches the caches of one test file; what was seen is forgotten by `close()`.
 *
 * @param defaults Options for all of them.
 */
export function watchedCaches(defaults: MemcachedOptions = {}): WatchedCaches {
  const caches: CacheService[] = [];
  const lines: string[] = [];
  const states: StateEvent[] = [];
  const failures: FailedCall[] = [];
  const connections = new Map<number, Connecting>();
  const logger = {
    log: (line: string) => void (line.includes(': memcached ') || lines.push(line)),
    warn: (line: string) => void lines.push(line),
    error: (line: string) => void lines.push(line),
  };
  const onEvent = (message: unknown): void => {
    const { operation, result, durationMs, error } = message as CacheOperationEvent;
    const at = performance.now();
    if (operation === 'server') states.push({ state: result as StateEvent['state'], at });
    else if (result === 'error') {
      const { code } = error as { code?: unknown };
      failures.push({ operation, code, beganAt: at - durationMs });
    }
  };
  const onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.once('connectionAttempt', (_, port) => {
      if (ownSockets.has(socket)) return;
      const seenSoFar = connections.get(port) ?? { begun: 0, now: 0, most: 0 };
      connections.set(port, seenSoFar);
      seenSoFar.begun += 1;
      seenSoFar.now += 1;
      seenSoFar.most = Math.max(seenSoFar.most, seenSoFar.now);
      let isOver = false;
      const end = (): void => {
        if (!isOver) seenSoFar.now -= 1;
        isOver = true;
      };
      socket.once('connect', end).once('close', end);
    });
  };
  let seen = 0;
  return {
    lines,
    states,
    failures,
    connectionsTo: (port) => connections.get(port)?.begun ?? 0,
    mostConnectingTo: (port) => connections.get(port)?.most ?? 0,
    open: async (servers, keyPrefix = '', options = {}) => {
      if (!channel(CACHE_OPERATION_CHANNEL).hasSubscribers) {
        subscribe(CACHE_OPERATION_CHANNEL, onEvent);
        subscribe(SOCKETS, onSocket);
      }
      const location = servers.map(({ address }) => address);
      const backend = memcached({ ...defaults, ...options, location });
      const cache = await createCache({ backend, keyPrefix, timeout: 3_600, logger });
      caches.push(cache);
      return cache;
    },
    becomes: async (state) => {
      for (let waited = 0; waited < 10_000; waited += 5) {
        const index = states.findIndex((event, at) => at >= seen && event.state === state);
        if (index !== -1) {
          seen = index + 1;
          return states[index]!;
        }
        await sleep(5);
      }
      throw new Error(`No server came to be ${state}. States: ${JSON.stringify(states)}`);
    },
    close: async () => {
      await Promise.all(caches.splice(0).map((cache) => cache.close()));
      unsubscribe(CACHE_OPERATION_CHANNEL, onEvent);
      unsubscribe(SOCKETS, onSocket);
      for (const list of [lines, states, failures]) list.length = 0;
      connections.clear();
      seen = 0;
    },
  };
}

/**
 * Stores a text under each key and finds out where it lies, by asking the servers themselves.
 *
 * @returns The keys of each server, in the order of the servers.
 */
export async function storeAndPlace(
  cache: CacheService,
  servers: readonly MemcachedServer[],
  keys: readonly string[],
  textOf: (key: string) => string,
): Promise<string[][]> {
  const failed = await cache.setMany(keys.map((key) => [key, textOf(key)] as const));
  if (failed.length > 0) throw new Error(`${failed.length} keys could not be stored.`);
  return Promise.all(
    servers.map(async ({ port }) => {
      const here: string[] = [];
      for (let from = 0; from < keys.length; from += ASKED_AT_ONCE) {
        const some = keys.slice(from, from + ASKED_AT_ONCE);
        const asking = some.map((key) => `mg ${cache.makeKey(key)}`).join('\r\n');
        const answers = (await rawCommand(port, asking)).split('\r\n');
        here.push(...some.filter((_, index) => answers[index] === 'HD'));
      }
      return here;
    }),
  );
}
