import { randomUUID } from 'node:crypto';
import type { Payload } from '../../core/cache-backend.interface.js';
import { CacheUnsupportedError } from '../../core/cache.errors.js';
import { Turns } from '../../core/key-turns.js';
import { FLAG_TEXT } from '../../core/payload-flags.js';
import type {
  ItemLease,
  ItemLeaseOptions,
  LeasedItem,
  MemcachedClient,
  MemcachedItem,
} from './memcached-client.interface.js';
import { leasesWithoutCas } from './memcached.errors.js';

/** The key of an item, and the one beside it that holds its lease. Both are on the same server. */
export interface LeaseKeys {
  readonly key: string;
  readonly beside: string;
}

/**
 * The item, or the right to load it, kept under a key beside it: for keys that foreign clients read, who would take a lease in
 * the place of the item for an empty value, and for servers that know no leases.
 *
 * Who adds the key beside is the one to load. The item is read once more after that, because another may have filled it and
 * ended its lease between the two. The end of a lease has to be told by whoever deletes the item: by deleting the key beside
 * **before** the item.
 *
 * @throws {CacheUnsupportedError} if the server runs without CAS, or `refreshBelow` is given, is not `Infinity`, and the client
 * knows no ttl.
 */
export async function leaseBeside(
  client: MemcachedClient,
  keys: LeaseKeys,
  options: ItemLeaseOptions,
): Promise<LeasedItem> {
  const found = await look(client, keys.key, options.refreshBelow);
  if (found !== undefined && !found.isStale) return found;
  const token: Payload = { flags: FLAG_TEXT, data: randomUUID() };
  const isWon = await client.store('add', keys.beside, token, options.seconds);
  // Not together with the winning: what is read before it may be from before another filled the item.
  const again = await look(client, keys.key, options.refreshBelow);
  if (!isWon) return again ?? { isStale: false };
  const lease = new LeaseBeside(client, keys, token, again?.item);
  if (again === undefined || again.isStale)
    return { ...again, isStale: again !== undefined, lease };
  await lease.release();
  return again;
}

interface Seen extends LeasedItem {
  readonly payload: Payload;
  readonly item: MemcachedItem;
}

async function look(
  client: MemcachedClient,
  key: string,
  refreshBelow: number | undefined,
): Promise<Seen | undefined> {
  // Of a client that knows no ttl, whatever is there may be asked for, and nothing in between.
  const isAny = refreshBelow === Infinity && !client.ttl;
  const asksTtl = refreshBelow !== undefined && !isAny;
  if (asksTtl && !client.ttl) throw withoutTtl(client.server);
  const [item, ttl] = await Promise.all([
    client.get(key),
    asksTtl ? client.ttl!(key) : isAny ? 0 : null,
  ]);
  if (item === undefined || ttl === undefined) return undefined;
  const isStale = ttl !== null && ttl < refreshBelow!;
  return { payload: item.payload, isStale, item };
}

/** A lease under a key beside the item: whoever finds the own token there has it. */
class LeaseBeside implements ItemLease {
  readonly #client: MemcachedClient;
  readonly #keys: LeaseKeys;
  readonly #token: Payload;
  readonly #old: MemcachedItem | undefined;
  readonly #turns = new Turns();

  constructor(
    client: MemcachedClient,
    keys: LeaseKeys,
    token: Payload,
    old: MemcachedItem | undefined,
  ) {
    this.#client = client;
    this.#keys = keys;
    this.#token = token;
    this.#old = old;
  }

  fill(payload: Payload, expiry: number): Promise<boolean> {
    return this.#turns.run(async () => {
      const mine = await this.#mine();
      if (mine === undefined) return false;
      const { key, beside } = this.#keys;
      const mode = this.#old ? 'set' : 'add';
      const [stored, isReleased] = await Promise.all([
        this.#client.storeItem(mode, key, payload, expiry, this.#old?.cas),
        this.#client.delete(beside, mine),
      ]);
      if (stored === undefined) return false;
      if (isReleased) return true;
      // The lease ended while the value was on its way, by a delete that must not be undone or because it was overtaken. If
      // another has replaced the value already, that stays: without it, an older lease could fill the place again.
      await this.#client.delete(key, stored);
      return false;
    });
  }

  renew(seconds: number): Promise<boolean> {
    return this.#turns.run(async () => {
      const mine = await this.#mine();
      if (mine === undefined) return false;
      return this.#client.store('set', this.#keys.beside, this.#token, seconds, mine);
    });
  }

  release(): Promise<void> {
    return this.#turns.run(async () => {
      const mine = await this.#mine();
      if (mine !== undefined) await this.#client.delete(this.#keys.beside, mine);
    });
  }

  /** The CAS number of the lease; undefined if it has ended. */
  async #mine(): Promise<bigint | undefined> {
    const lease = await this.#client.get(this.#keys.beside);
    if (lease?.payload.data.toString() !== this.#token.data) return undefined;
    if (lease.cas === 0n) throw leasesWithoutCas(this.#client.server);
    return lease.cas;
  }
}

function withoutTtl(server: string): CacheUnsupportedError {
  return new CacheUnsupportedError(
    'CACHE_UNSUPPORTED',
    `The client for memcached ${server} cannot tell how long an entry has left, so no entry can be stale. Ask for a lease without "stale", or use client: 'meta'.`,
    { backend: 'memcached', operation: 'lease' },
  );
}
