import type { BackendContext, Payload } from '../../core/cache-backend.interface.js';
import { ElasticacheDiscovery } from './elasticache.discovery.js';
import { Generation } from './generation.js';
import { InFlight } from './in-flight.js';
import type { MemcachedClient } from './memcached-client.interface.js';
import { faultOf } from './memcached.errors.js';
import type { ResolvedMemcachedOptions } from './memcached.options.js';
import { MemcachedPool } from './memcached.pool.js';
import type { Place } from './memcached.pool.js';
import { MemcachedServer } from './memcached.server.js';
import type { ServerAddress } from './server-address.js';
import { wireKey } from './wire-key.js';

/** Makes the client for one server. */
export type MemcachedClientFactory = (address: ServerAddress) => MemcachedClient;

/** What is asked of a client about one key. */
type Question<T> = (client: MemcachedClient, wire: string) => Promise<T>;

/** Some keys of one server. */
export interface AskedKeys {
  /** As the server has them. */
  readonly wires: string[];
  /** As the caller has them, in the same order. */
  readonly keys: string[];
}

const DRAIN_MS = 1_000;

/**
 * The servers of a cache as one: it knows which servers there are and which of them is a key's, under which `clear()` number the
 * keys stand, and what is in flight. What is done with the entries is the backend's.
 */
export class MemcachedCluster {
  readonly #options: ResolvedMemcachedOptions;
  readonly #context: BackendContext;
  readonly #clientOf: MemcachedClientFactory;
  readonly #pool: MemcachedPool;
  readonly #discovery: ElasticacheDiscovery | undefined;
  readonly #generation: Generation | undefined;
  readonly #inFlight = new InFlight();

  constructor(
    options: ResolvedMemcachedOptions,
    context: BackendContext,
    clientOf: MemcachedClientFactory,
  ) {
    const { servers } = options;
    this.#options = options;
    this.#context = context;
    this.#clientOf = clientOf;
    this.#pool = new MemcachedPool({
      placement: options.placement,
      failover: options.failover,
      serverOf: (address) => this.#serverAt(address),
    });
    if (options.clear === 'generation') {
      this.#generation = new Generation(context.scope, this.#pool, context.clock);
    }
    if (options.discovery === 'elasticache') {
      this.#discovery = new ElasticacheDiscovery(servers[0]!, options, {
        onServers: (found) => this.#pool.use(found),
        report: (report) => context.report(report),
      });
    } else {
      this.#pool.use(servers);
    }
  }

  /** Lets what is in flight end, then ends all connections. Idempotent. */
  async close(): Promise<void> {
    await this.#inFlight.drain(DRAIN_MS);
    this.#discovery?.close();
    this.#generation?.close();
    this.#pool.close();
  }

  /**
   * The payload under a key. What is called most goes the shortest way, with one promise; whenever anything is unusual, the way
   * of all other calls.
   */
  get(key: string): Promise<Payload | undefined> {
    const number = this.#knownNumber();
    if (number === undefined) return this.read(key, payloadOf);
    const wire = wireKey(key, number);
    const server = this.#pool.serverOf(wire);
    const { client } = server;
    if (!server.isReady || !client.readPayload) return this.read(key, payloadOf);
    return new Promise((resolve, reject) => {
      client.readPayload!(
        wire,
        (payload) => {
          this.#inFlight.leave();
          server.answered();
          resolve(this.isCurrent(number) ? payload : this.read(key, payloadOf));
        },
        (error) => {
          this.#inFlight.leave();
          server.failed(error);
          if (faultOf(error) === 'soft') resolve(this.#getOnce(key));
          // oxlint-disable-next-line prefer-promise-reject-errors -- it is passed on as it is
          else reject(error);
        },
      );
      // Not before: a key that cannot be sent is thrown for.
      this.#inFlight.enter();
    });
  }

  /**
   * Stores a payload, the shortest way too.
   *
   * @param otherwise The way of all other calls, which is taken when anything is unusual and when it was not stored.
   */
  set(
    key: string,
    payload: Payload,
    expiry: number,
    otherwise: () => Promise<boolean>,
  ): Promise<boolean> {
    const number = this.#knownNumber();
    if (number === undefined) return otherwise();
    const wire = wireKey(key, number);
    const { server, isStandIn } = this.#pool.placeOf(wire);
    if (isStandIn || !server.isReady || !server.surelyHolds(wire, payload)) return otherwise();
    this.#inFlight.enter();
    return server.client.store('set', wire, payload, expiry).then(
      (isStored) => {
        this.#inFlight.leave();
        server.answered();
        return (isStored && this.isCurrent(number)) || otherwise();
      },
      (error: unknown) => {
        this.#inFlight.leave();
        server.failed(error);
        server.missed(wire, error);
        throw error;
      },
    );
  }

  /** Asks the server of a key something that changes nothing, once more if the connection is lost. */
  read<T>(key: string, question: Question<T>): Promise<T> {
    return this.under((generation) => {
      const wire = wireKey(key, generation);
      return this.#pool.serverOf(wire).read((client) => question(client, wire));
    });
  }

  /** Runs an operation under the `clear()` number, and once more if that moved meanwhile. */
  under<T>(operation: (generation: number) => Promise<T>): Promise<T> {
    const generation = this.#generation;
    return this.run(() => (generation ? generation.under(operation) : operation(0)));
  }

  /** Asks all servers. */
  everywhere<T>(ask: (server: MemcachedServer) => Promise<T>): Promise<T[]> {
    return this.run(() => Promise.all(this.#pool.servers.map(ask)));
  }

  /** Runs a call once it is known which servers there are, among those that closing waits for. */
  run<T>(call: () => Promise<T>): Promise<T> {
    return this.#inFlight.run(async () => {
      if (this.#pool.servers.length === 0) await this.#discovery?.servers();
      return call();
    });
  }

  /** The server of a key, for which no other stands in while it is down. */
  homeOf(wire: string): MemcachedServer {
    return this.#pool.homeOf(wire);
  }

  /** The server on which to change what is under a key. */
  placeOf(wire: string): Place {
    return this.#pool.placeOf(wire);
  }

  /** The keys of each server that has some of them. */
  byServer(keys: readonly string[], generation: number): Map<MemcachedServer, AskedKeys> {
    const groups = new Map<MemcachedServer, AskedKeys>();
    for (const key of keys) {
      const wire = wireKey(key, generation);
      const server = this.#pool.serverOf(wire);
      let group = groups.get(server);
      if (!group) groups.set(server, (group = { wires: [], keys: [] }));
      group.wires.push(wire);
      group.keys.push(key);
    }
    return groups;
  }

  /** True while an entry stored under this number can be found. */
  isCurrent(generation: number): boolean {
    return this.#generation === undefined || this.#generation.current === generation;
  }

  /** Leaves all entries behind. False if this cluster has no number for that. @throws {CacheUnavailableError} */
  async moveOn(): Promise<boolean> {
    const generation = this.#generation;
    if (generation) await this.run(() => generation.move());
    return generation !== undefined;
  }

  /** The `clear()` number, if it is known and nothing else stands in the way of a call. */
  #knownNumber(): number | undefined {
    if (this.#inFlight.isDraining || this.#pool.servers.length === 0) return undefined;
    return this.#generation ? this.#generation.known() : 0;
  }

  #getOnce(key: string): Promise<Payload | undefined> {
    return this.under((generation) => {
      const wire = wireKey(key, generation);
      return this.#pool.serverOf(wire).run((client) => client.getPayload(wire));
    });
  }

  #serverAt(address: ServerAddress): MemcachedServer {
    return new MemcachedServer({
      client: this.#clientOf(address),
      maxItemBytes: this.#options.maxItemBytes,
      report: (report) => this.#context.report(report),
      onReturn: (returned) => this.#onReturn(returned),
      onOverflow: (returned) => this.#onOverflow(returned),
    });
  }

  async #onReturn(client: MemcachedClient): Promise<void> {
    try {
      await this.#generation?.restore(client);
    } catch (error) {
      // A server that answers but does not take the number is usable: the number is known from elsewhere.
      if (faultOf(error) !== undefined) throw error;
    }
  }

  async #onOverflow(client: MemcachedClient): Promise<void> {
    if (this.#generation) {
      await this.#generation.moveOn(client);
    } else if (this.#options.clear === 'flush') {
      await client.flush();
    } else {
      this.#context.report({
        kind: 'warning',
        message: `More entries were to be replaced or deleted on memcached ${client.server} while it was away than could be remembered. Some may have their old values until these expire; with clear: 'generation' they would be left behind.`,
      });
    }
  }
}

function payloadOf(client: MemcachedClient, wire: string): Promise<Payload | undefined> {
  return client.getPayload(wire);
}
