import type {
  BackendContext,
  BackendLock,
  CacheBackend,
  KeyLimits,
  CounterStart,
  LeaseOptions,
  Leased,
  Payload,
  ServerStats,
  Ttl,
} from '../../core/cache-backend.interface.js';
import { CacheUnsupportedError } from '../../core/cache.errors.js';
import { MEMCACHED_KEY_LIMITS } from '../../core/key-builder.js';
import { LEASE_SECONDS } from '../../core/lease-time.js';
import { PartialAnswer } from '../../core/partial-answer.js';
import { expiryOf } from './expiry.js';
import { leaseBeside } from './lease-beside.js';
import type { MemcachedClient } from './memcached-client.interface.js';
import { faultOf } from './memcached.errors.js';
import { MemcachedCluster } from './memcached.cluster.js';
import type { MemcachedClientFactory } from './memcached.cluster.js';
import { MemcachedLease } from './memcached.lease.js';
import type { LeaseHome } from './memcached.lease.js';
import { takeMemcachedLock } from './memcached.lock.js';
import type { ResolvedMemcachedOptions } from './memcached.options.js';
import { statsOf } from './server-stats.js';
import { leaseKey, lockKey, wireKey } from './wire-key.js';

// How long an entry may be kept on a server that takes another's place: so long may it be read again when that happens anew.
const STAND_IN_SECONDS = 60;

/**
 * Keeps payloads on memcached servers.
 *
 * Text, integers and bytes are stored as Python's clients store them, under the final key itself until the first `clear()`
 * by generation. Each server has its own health: while one is down, its keys are missed and the others go on.
 *
 * `flags()` and `ttl()` are there if the client has them; memjs has not.
 */
export class MemcachedBackend implements CacheBackend {
  readonly name = 'memcached';
  readonly description: string;
  readonly keyLimits: KeyLimits = MEMCACHED_KEY_LIMITS;
  /** The clients have a deadline for each round trip. */
  readonly deadlineMs = Infinity;
  readonly reportsServers = true;
  readonly flags?: (key: string) => Promise<number | undefined>;
  readonly ttl?: (key: string) => Promise<Ttl | undefined>;

  readonly #options: ResolvedMemcachedOptions;
  readonly #context: BackendContext;
  readonly #cluster: MemcachedCluster;
  readonly #leasesBeside: boolean;
  /** One that is never asked: what it can do, the others can. */
  readonly #sample: MemcachedClient;

  constructor(
    options: ResolvedMemcachedOptions,
    context: BackendContext,
    clientOf: MemcachedClientFactory,
  ) {
    const { servers } = options;
    this.description = `memcached ${servers.map(({ name }) => name).join(', ')}`;
    this.#options = options;
    this.#context = context;
    this.#cluster = new MemcachedCluster(options, context, clientOf);
    // Present means used, so they are here only if the client has them.
    this.#sample = clientOf(servers[0]!);
    this.#leasesBeside = options.foreignClients || this.#sample.lease === undefined;
    if (this.#sample.flags) {
      this.flags = (key) => this.#cluster.read(key, (client, wire) => client.flags!(wire));
    }
    if (this.#sample.ttl) {
      this.ttl = (key) => this.#cluster.read(key, (client, wire) => client.ttl!(wire));
    }
  }

  /** Loads the client's library. */
  open(): Promise<void> {
    return this.#sample.load();
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  get(key: string): Promise<Payload | undefined> {
    return this.#cluster.get(key);
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#cluster.set(key, payload, this.#expiry(ttl, false), () =>
      this.#cluster.under((generation) => this.#set(wireKey(key, generation), payload, ttl)),
    );
  }

  /** Also false if the payload is larger than the server takes. */
  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#cluster.under(async (generation) => {
      const wire = wireKey(key, generation);
      const { server, isStandIn } = this.#cluster.placeOf(wire);
      if (!(await server.canHold(wire, payload))) return false;
      const expiry = this.#expiry(ttl, isStandIn);
      return server.run((client) => client.store('add', wire, payload, expiry));
    });
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.#cluster.under((generation) => {
      const wire = wireKey(key, generation);
      const { server, isStandIn } = this.#cluster.placeOf(wire);
      const expiry = this.#expiry(ttl, isStandIn);
      return server.write(wire, (client) => client.touch(wire, expiry));
    });
  }

  delete(key: string): Promise<boolean> {
    return this.#cluster.under((generation) => this.#delete(key, generation));
  }

  /**
   * What it does is the option `clear`.
   *
   * @throws {CacheUnavailableError} if a server could not be told. @throws {CacheUnsupportedError} with `clear: 'none'`.
   */
  async clear(): Promise<void> {
    if (await this.#cluster.moveOn()) return;
    if (this.#options.clear === 'flush') return this.flushServer();
    throw new CacheUnsupportedError(
      'CACHE_UNSUPPORTED',
      `Cache "${this.#context.alias}" is configured with clear: 'none', so clear() does nothing. Use clear: 'generation', or clear: 'flush' if the servers belong to this cache alone.`,
      { alias: this.#context.alias, backend: this.name, operation: 'clear' },
    );
  }

  /** @throws {PartialAnswer} with what the others hold, if some of the servers fail. */
  getMany(keys: readonly string[]): Promise<Map<string, Payload>> {
    return this.#cluster.under(async (generation) => {
      const found = new Map<string, Payload>();
      const reading = [...this.#cluster.byServer(keys, generation)].map(async ([server, asked]) => {
        const payloads = await server.read((client) => client.getPayloads(asked.wires));
        for (let index = 0; index < payloads.length; index += 1) {
          const payload = payloads[index];
          if (payload) found.set(asked.keys[index]!, payload);
        }
      });
      await answersOf(reading, () => found);
      return found;
    });
  }

  /** @throws {PartialAnswer} with the keys that were not stored, those of failed servers among them, if some servers fail. */
  setMany(entries: ReadonlyMap<string, Payload>, ttl: Ttl): Promise<string[]> {
    return this.#cluster.under(async (generation) => {
      const keys = [...entries.keys()];
      const failed = (stored: readonly (boolean | undefined)[]): string[] =>
        keys.filter((_, index) => stored[index] !== true);
      const storing = keys.map((key) =>
        this.#set(wireKey(key, generation), entries.get(key)!, ttl),
      );
      return failed(await answersOf(storing, failed));
    });
  }

  /** @throws {PartialAnswer} with the count of the others if some servers fail; these are told when they are back. */
  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#cluster.under(async (generation) => {
      const deleting = keys.map((key) => this.#delete(key, generation));
      return countOf(await answersOf(deleting, countOf));
    });
  }

  incr(key: string, delta: number, start?: CounterStart): Promise<number | undefined> {
    return this.#cluster.under((generation) => {
      const wire = wireKey(key, generation);
      const { server, isStandIn } = this.#cluster.placeOf(wire);
      const item = start && { value: start.value, expiry: this.#expiry(start.ttl, isStandIn) };
      return server.run((client) => client.incr(wire, delta, key, item));
    });
  }

  /**
   * A lease lasts for 10 seconds. With the option `foreignClients`, or where the client knows no other way, it is kept beside
   * the entry, otherwise in its place.
   *
   * @throws {CacheUnsupportedError} if the server is older than 1.6.13 or runs without CAS, or the client is memjs and `stale`
   * is given, unless it is `Infinity`.
   */
  lease(key: string, { stale }: LeaseOptions): Promise<Leased> {
    return this.#cluster.under(async (generation) => {
      const wire = wireKey(key, generation);
      const { server, isStandIn } = this.#cluster.placeOf(wire);
      const options = { seconds: LEASE_SECONDS, refreshBelow: stale };
      const { payload, isStale, lease } = await server.run((client) =>
        this.#leasesBeside
          ? leaseBeside(client, { key: wire, beside: leaseKey(key) }, options)
          : client.lease!(wire, options),
      );
      const found = { ...(payload && { payload }), stale: isStale };
      if (!lease) return found;
      const home: LeaseHome = {
        server,
        isCurrent: () => this.#cluster.isCurrent(generation),
        expiryOf: (ttl) => this.#expiry(ttl, isStandIn),
        run: (call) => this.#cluster.run(call),
      };
      return { ...found, lease: new MemcachedLease(lease, home) };
    });
  }

  /**
   * A lock lasts for up to two seconds longer than asked for, because the server counts whole seconds. `clear: 'flush'` ends all.
   *
   * @throws {CacheUnsupportedError} if the server runs without CAS. @throws {CacheUnavailableError} if it is down: no other server
   * stands in for it, because two could then give out one lock.
   */
  lock(key: string, seconds: number): Promise<BackendLock | undefined> {
    const wire = lockKey(key);
    const run = <T>(call: () => Promise<T>): Promise<T> => this.#cluster.run(call);
    return run(() =>
      takeMemcachedLock(wire, seconds, {
        server: this.#cluster.homeOf(wire),
        expiryOf: (ttl) => this.#expiry(ttl, false),
        run,
      }),
    );
  }

  async ping(): Promise<void> {
    await this.#cluster.everywhere((server) => server.read((client) => client.ping()));
  }

  /** A server that does not answer is `down`; this rejects only if it is not known yet which servers there are. */
  async stats(): Promise<ServerStats[]> {
    return this.#cluster.everywhere(statsOf);
  }

  async flushServer(): Promise<void> {
    await this.#cluster.everywhere((server) => server.run((client) => client.flush()));
  }

  #expiry(ttl: Ttl, isStandIn: boolean): number {
    const settled = isStandIn ? Math.min(ttl ?? STAND_IN_SECONDS, STAND_IN_SECONDS) : ttl;
    return expiryOf(settled, this.#context.clock.now());
  }

  async #set(wire: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    const { server, isStandIn } = this.#cluster.placeOf(wire);
    const fits = await server.canHold(wire, payload);
    return server.write(wire, async (client) => {
      const expiry = this.#expiry(ttl, isStandIn);
      if (fits && (await client.store('set', wire, payload, expiry))) return true;
      // The value that was to be replaced must not outlive this.
      await client.delete(wire);
      return false;
    });
  }

  #delete(key: string, generation: number): Promise<boolean> {
    const wire = wireKey(key, generation);
    const { server } = this.#cluster.placeOf(wire);
    if (!this.#leasesBeside) return server.write(wire, (client) => client.delete(wire));
    // Whoever is loading the entry must not store it after this, so the lease goes first, also when this is made good later.
    const beside = leaseKey(key);
    const change = async (client: MemcachedClient): Promise<boolean> => {
      const [, isDeleted] = await Promise.all([client.delete(beside), client.delete(wire)]);
      return isDeleted;
    };
    return server.write(wire, change, beside);
  }
}

function countOf(deleted: readonly (boolean | undefined)[]): number {
  return deleted.filter(Boolean).length;
}

/**
 * The answers of all calls.
 *
 * @param answer What the answers come to if some are missing.
 * @throws {PartialAnswer} if some of the calls fail. @throws what one of them failed with if all do.
 */
async function answersOf<T>(
  calls: readonly Promise<T>[],
  answer: (answers: readonly (T | undefined)[]) => unknown,
): Promise<readonly T[]> {
  const settled = await Promise.allSettled(calls);
  const failed = settled.filter((call) => call.status === 'rejected');
  const answers = settled.map((call) => (call.status === 'fulfilled' ? call.value : undefined));
  if (failed.length === 0) return answers as T[];
  // A server that is away must not hide one that is not fit for use.
  const { reason } = failed.find((call) => faultOf(call.reason) === undefined) ?? failed[0]!;
  if (failed.length === settled.length) throw reason;
  throw new PartialAnswer(answer(answers), reason);
}
