import { randomUUID } from 'node:crypto';
import type { BackendLock, Payload } from '../../core/cache-backend.interface.js';
import { Turns } from '../../core/key-turns.js';
import { FLAG_TEXT } from '../../core/payload-flags.js';
import type { MemcachedClient } from './memcached-client.interface.js';
import { locksWithoutCas } from './memcached.errors.js';
import type { MemcachedServer } from './memcached.server.js';

/** What locks need of the backend that gives them out. */
export interface LockHome {
  /** The server of the lock's key. */
  readonly server: MemcachedServer;
  readonly expiryOf: (seconds: number) => number;
  /** Runs a call among those that closing waits for. */
  readonly run: <T>(call: () => Promise<T>) => Promise<T>;
}

// The server's clock moves once a second, so an item may go up to a second early.
const EARLY_SECONDS = 1;

/**
 * The lock under a key of its own; undefined if somebody has it.
 *
 * @throws {CacheUnsupportedError} if the server runs without CAS: a lock could not be told from the next owner's.
 */
export async function takeMemcachedLock(
  wire: string,
  seconds: number,
  home: LockHome,
): Promise<BackendLock | undefined> {
  const { server } = home;
  const token: Payload = { flags: FLAG_TEXT, data: randomUUID() };
  const expiry = home.expiryOf(seconds + EARLY_SECONDS);
  const isTaken = await server.run(async (client) => {
    // Sent together: whether the lock can be given back is known before anybody works under it.
    const [isAdded, item] = await Promise.all([
      client.store('add', wire, token, expiry),
      client.get(wire),
    ]);
    if (!isAdded || item?.cas !== 0n) return isAdded;
    await client.delete(wire);
    throw locksWithoutCas(server.name);
  });
  return isTaken ? new MemcachedLock(wire, token, home) : undefined;
}

/** A lock that memcached gave out: whoever finds the own token under its key has it. */
class MemcachedLock implements BackendLock {
  readonly #wire: string;
  readonly #token: Payload;
  readonly #home: LockHome;
  // Extending changes the number by which the item is known, so whatever comes after has to wait for it.
  readonly #turns = new Turns();

  constructor(wire: string, token: Payload, home: LockHome) {
    this.#wire = wire;
    this.#token = token;
    this.#home = home;
  }

  extend(seconds: number): Promise<boolean> {
    const expiry = this.#home.expiryOf(seconds + EARLY_SECONDS);
    return this.#ifOwn((client, cas) => client.store('set', this.#wire, this.#token, expiry, cas));
  }

  release(): Promise<boolean> {
    return this.#ifOwn((client, cas) => client.delete(this.#wire, cas));
  }

  // The number alone would not do: after a restart of the server another owner's item may bear it.
  #ifOwn(change: (client: MemcachedClient, cas: bigint) => Promise<boolean>): Promise<boolean> {
    const { server, run } = this.#home;
    const work = (): Promise<boolean> =>
      server.run(async (client) => {
        const item = await client.get(this.#wire);
        const isOwn = item?.payload.data.toString() === this.#token.data;
        return isOwn && change(client, item.cas);
      });
    return this.#turns.run(() => run(work));
  }
}
