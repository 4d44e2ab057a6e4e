import type { Payload, Ttl } from '../../core/cache-backend.interface.js';
import { FLAG_RENEWED_LEASE } from '../../core/payload-flags.js';
import { foreignPayload } from './foreign-payload.js';
import type { Sharing } from './foreign-payload.js';
import type {
  CounterItem,
  ItemLeaseOptions,
  LeasedItem,
  MemcachedClient,
  MemcachedItem,
} from './memcached-client.interface.js';
import { MetaCommands } from './meta.commands.js';
import type { MetaConnectionOptions } from './meta.connection.js';
import { MetaCounter } from './meta.counter.js';
import { changedByOthers } from './contention.js';
import { leasesWithoutCas } from './memcached.errors.js';
import { leasesTooOld } from './meta.errors.js';
import { LEASES_SINCE, checkCredentials, isAtLeast } from './meta.handshake.js';
import type { MemcachedVersion } from './meta.handshake.js';
import { WonLease } from './meta.lease.js';
import { FOREIGN_ITEMS, LEASED_ITEMS } from './meta.items.js';
import { MetaLink } from './meta.link.js';
import type { ServerAddress } from './server-address.js';

// A batch of more keys is sent as several, so that none awaits more replies than the deadline is made for.
const KEYS_AT_ONCE = 256;
const ADD_TRIES = 10;

/**
 * One server over memcached's meta protocol: version 1.6.10 or newer, also with a login over text (`-Y`) and with TLS.
 *
 * There is one connection, made when the client is first asked and again after it broke.
 */
export class MetaClient implements MemcachedClient {
  readonly server: string;
  readonly #link: MetaLink;
  readonly #commands: MetaCommands;
  readonly #counter: MetaCounter;
  readonly #isShared: boolean;

  /** @throws {CacheConfigError} if the address has a login that the protocol cannot transport. */
  constructor(address: ServerAddress, options: MetaConnectionOptions & Sharing) {
    checkCredentials(address);
    this.server = address.name;
    this.#link = new MetaLink(address, options);
    this.#isShared = options.foreignClients === true;
    this.#commands = new MetaCommands(this.#link, this.#isShared ? FOREIGN_ITEMS : LEASED_ITEMS);
    this.#counter = new MetaCounter(this.#commands);
  }

  /** Resolves: there is no library. */
  load(): Promise<void> {
    return Promise.resolve();
  }

  getPayload(key: string): Promise<Payload | undefined> {
    return this.#commands.payload(key);
  }

  readPayload(
    key: string,
    onPayload: (payload: Payload | undefined) => void,
    onError: (error: unknown) => void,
  ): void {
    this.#commands.readPayload(key, onPayload, onError);
  }

  async getPayloads(keys: readonly string[]): Promise<(Payload | undefined)[]> {
    if (keys.length === 0) return [];
    if (keys.length <= KEYS_AT_ONCE) return this.#commands.payloads(keys);
    const batches: Promise<(Payload | undefined)[]>[] = [];
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
      batches.push(this.#commands.payloads(keys.slice(from, from + KEYS_AT_ONCE)));
    }
    return (await Promise.all(batches)).flat();
  }

  get(key: string): Promise<MemcachedItem | undefined> {
    return this.#commands.item(key);
  }

  async has(key: string): Promise<boolean> {
    return (await this.flags(key)) !== undefined;
  }

  async flags(key: string): Promise<number | undefined> {
    const found = await this.#commands.look(key);
    return found === undefined || found.isLease ? undefined : found.flags;
  }

  async ttl(key: string): Promise<Ttl | undefined> {
    const found = await this.#commands.look(key);
    // 0: its last second has ended since the server found it.
    if (found === undefined || found.isLease || found.ttl === 0) return undefined;
    return found.ttl === -1 ? null : found.ttl;
  }

  store(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas?: bigint,
  ): Promise<boolean> {
    const sent = this.#isShared ? foreignPayload(payload) : payload;
    if (mode === 'add') return this.#add(key, sent, expiry);
    return this.#commands.set(key, sent, expiry, cas);
  }

  async storeItem(
    mode: 'set' | 'add',
    key: string,
    payload: Payload,
    expiry: number,
    cas?: bigint,
  ): Promise<bigint | undefined> {
    const sent = this.#isShared ? foreignPayload(payload) : payload;
    const outcome = await this.#commands.put(mode, key, sent, expiry, cas);
    return outcome.is === 'done' ? outcome.cas : undefined;
  }

  async touch(key: string, expiry: number): Promise<boolean> {
    const found = await this.#commands.touch(key, expiry);
    if (found === undefined) return false;
    // A lease must not last as long as a value: nobody would replace an owner who died. So this one is given back.
    if (found.isLease) await this.#commands.delete(key, found.cas);
    return !found.isLease;
  }

  /** True also if there was only a lease, which its owner has lost then. */
  delete(key: string, cas?: bigint): Promise<boolean> {
    return this.#commands.delete(key, cas);
  }

  incr(
    key: string,
    delta: number,
    shownKey: string = key,
    start?: CounterItem,
  ): Promise<number | undefined> {
    return this.#counter.incr(key, delta, shownKey, start);
  }

  async lease(key: string, { seconds, refreshBelow }: ItemLeaseOptions): Promise<LeasedItem> {
    const version = this.#link.version ?? (await this.version());
    if (!isAtLeast(version, LEASES_SINCE)) throw leasesTooOld(this.server, version, LEASES_SINCE);
    const found = await this.#commands.lease(key, seconds, refreshBelow);
    if (found === undefined) return { isStale: false };
    const { payload, cas, ttl, isLease, isWon, isTaken, isStale } = found;
    if (isWon && cas === 0n) {
      if (isLease) await this.#commands.delete(key);
      throw leasesWithoutCas(this.server);
    }
    if (isLease) {
      // Of a lease that its owner renewed, the server gives out another when less than `refreshBelow` is left of it.
      const isNew = isWon && payload.flags !== FLAG_RENEWED_LEASE;
      const lease = isNew ? { lease: new WonLease(this.#commands, key, cas) } : {};
      return { isStale: false, ...lease };
    }
    const old = { payload, ttl, isMarked: isStale };
    const lease = isWon ? { lease: new WonLease(this.#commands, key, cas, old) } : {};
    return { payload, isStale: isWon || isTaken || isStale, ...lease };
  }

  stats(group?: 'settings'): Promise<Record<string, string>> {
    return this.#commands.stats(group);
  }

  flush(): Promise<void> {
    return this.#commands.flush();
  }

  ping(): Promise<void> {
    return this.#commands.ping();
  }

  /** What the server says its version is, such as `1.6.18`. */
  async version(): Promise<MemcachedVersion> {
    await this.#commands.ping();
    return this.#link.version!;
  }

  settled(): Promise<void> {
    return this.#link.settled();
  }

  close(): void {
    this.#link.close();
  }

  async #add(key: string, payload: Payload, expiry: number): Promise<boolean> {
    for (let tries = 0; tries < ADD_TRIES; tries += 1) {
      const added = await this.#commands.put('add', key, payload, expiry);
      if (added.is !== 'exists') return added.is === 'done';
      const found = await this.#commands.look(key);
      // Gone meanwhile: it was there when it was to be added.
      if (found?.isLease !== true) return false;
      const replaced = await this.#commands.put('set', key, payload, expiry, found.cas);
      if (replaced.is === 'done' || replaced.is === 'refused') return replaced.is === 'done';
    }
    throw changedByOthers(this.server, 'add', key, ADD_TRIES);
  }
}
