import {
  CacheUnsupportedError,
  shortKey,
  type CacheBackendError,
} from '../../core/cache.errors.js';
import { integerOf, notAnInteger, safeSum } from '../../core/integer-payload.js';
import { KeyTurns } from '../../core/key-turns.js';
import { OPCODE, STATUS, counterExtras } from './binary-packet.js';
import type { PacketParts } from './binary-packet.js';
import { changedByOthers, countsWithoutCas, pauseAfterLoss } from './contention.js';
import type { MemcachedItem } from './memcached-client.interface.js';
import type { MemjsReply } from './memjs-library.interface.js';

/** What a counter needs of the client. */
export interface CounterClient {
  readonly server: string;
  get(key: string): Promise<MemcachedItem | undefined>;
  request(opcode: number, parts: PacketParts): Promise<MemjsReply>;
  unexpected(reply: MemjsReply, operation: string): CacheBackendError;
}

const TWO_TO_64 = 2n ** 64n;
const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const COUNTER_BYTES = 8;
const TRIES = 100;

/**
 * `incr` over the binary protocol: the contract of `MemcachedClient.incr`.
 *
 * The server's own commands keep ttl and flags, and know numbers from 0 to 2^64 - 1. A replacement by value would need the
 * ttl, which this protocol does not tell, so what would end below zero is refused.
 */
export class MemjsCounter {
  readonly #client: CounterClient;
  // Decrements of one key wait for each other here, so that they do not take each other's CAS numbers.
  readonly #turns = new KeyTurns();

  constructor(client: CounterClient) {
    this.#client = client;
  }

  /** Adds to the counter. */
  async incr(key: string, delta: number, shownKey: string): Promise<number | undefined> {
    if (delta < 0) return this.#turns.run(key, () => this.#change(key, delta, shownKey));
    const reply = await this.#client.request(OPCODE.increment, {
      key,
      extras: counterExtras(BigInt(delta)),
    });
    switch (reply.header.status) {
      case STATUS.ok:
        if (reply.val.length !== COUNTER_BYTES) throw this.#client.unexpected(reply, 'incr');
        return this.#checked(key, delta, reply.val.readBigUInt64BE(0), shownKey);
      case STATUS.keyNotFound:
        return undefined;
      case STATUS.notANumber:
        // The server counts from 0 to 2^64 - 1; the item may be an integer for all that.
        return this.#change(key, delta, shownKey);
      default:
        throw this.#client.unexpected(reply, 'incr');
    }
  }

  async #checked(key: string, delta: number, value: bigint, shownKey: string): Promise<number> {
    const hasWrapped = value < BigInt(delta);
    if (!hasWrapped && value <= LARGEST_SAFE) return Number(value);
    // The server adds modulo 2^64, so this takes back exactly what was added, wrapped or not.
    const extras = counterExtras(TWO_TO_64 - BigInt(delta));
    await this.#client.request(OPCODE.increment, { key, extras });
    return safeSum(hasWrapped ? value + TWO_TO_64 : value, shownKey);
  }

  async #change(key: string, delta: number, shownKey: string): Promise<number | undefined> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const item = await this.#client.get(key);
      if (item === undefined) return undefined;
      const current = integerOf(item.payload);
      if (current === undefined) throw notAnInteger(shownKey);
      const value = safeSum(current + BigInt(delta), shownKey);
      if (delta === 0) return value;
      if (current < 0n || value < 0) throw this.#belowZero(shownKey);
      if (item.cas === 0n) throw countsWithoutCas(this.#client.server, shownKey);
      const reply = await this.#client.request(OPCODE.decrement, {
        key,
        extras: counterExtras(BigInt(-delta)),
        cas: item.cas,
      });
      if (reply.header.status === STATUS.ok) return value;
      if (reply.header.status === STATUS.keyNotFound) return undefined;
      if (reply.header.status !== STATUS.keyExists) throw this.#client.unexpected(reply, 'decr');
      await pauseAfterLoss(tries + 1);
    }
    throw changedByOthers(this.#client.server, 'decr', shownKey, TRIES);
  }

  #belowZero(shownKey: string): CacheUnsupportedError {
    return new CacheUnsupportedError(
      'CACHE_UNSUPPORTED',
      `The counter "${shortKey(shownKey)}" would be negative, which memcached cannot count while it keeps the time to live. Nothing was changed. Start the counter higher so that it stays at 0 or above, or write the new value with set() and a timeout.`,
      { backend: 'memcached', operation: 'incr', key: shownKey },
    );
  }
}
