import type {
  BackendContext,
  CacheBackend,
  Payload,
  ServerStats,
  Ttl,
} from '../../core/cache-backend.interface.js';
import { CacheUnsupportedError } from '../../core/cache.errors.js';
import { MEMCACHED_KEY_LIMITS } from '../../core/key-builder.js';
import { expiryOf } from './expiry.js';
import { Generation } from './generation.js';
import { InFlight } from './in-flight.js';
import type { MemcachedClient } from './memcached-client.interface.js';
import { faultOf } from './memcached.errors.js';
import type { ResolvedMemcachedOptions } from './memcached.options.js';
import { MemcachedServer } from './memcached.server.js';
import { placementOf } from './placement.js';
import type { Placement } from './placement.js';
import type { ServerAddress } from './server-address.js';
import { statsOf } from './server-stats.js';
import { wireKey } from './wire-key.js';

const DRAIN_MS = 1_000;

/** Makes the client for one server. */
export type MemcachedClientFactory = (address: ServerAddress) => MemcachedClient;

/**
 * Keeps payloads on memcached servers.
 *
 * Text, integers and bytes are stored as Python's clients store them, under the final key itself until the first `clear()`
 * by generation. Each server has its own health: while one is down, its keys are missed and the others go on.
 *
 * `has()` and `ttl()` are there if the client has them; memjs has not.
 */
export class MemcachedBackend implements CacheBackend {
  readonly name = 'memcached';
  readonly description: string;
  readonly keyLimits = MEMCACHED_KEY_LIMITS;
  /** A call may take a connection, a look at the `clear()` number, and several round trips; each has its own limit. */
  readonly deadlineMs: number;
  readonly reportsServers = true;
  readonly has?: (key: string) => Promise<boolean>;
  readonly ttl?: (key: string) => Promise<Ttl | undefined>;

  readonly #context: BackendContext;
  readonly #clear: ResolvedMemcachedOptions['clear'];
  readonly #servers: readonly MemcachedServer[];
  readonly #placement: Placement;
  readonly #generation: Generation | undefined;
  readonly #inFlight = new InFlight();

  constructor(
    options: ResolvedMemcachedOptions,
    context: BackendContext,
    clientOf: MemcachedClientFactory,
  ) {
    const { servers } = options;
    this.description = `memcached ${servers.map(({ name }) => name).join(', ')}`;
    this.deadlineMs = options.connectTimeoutMs + 8 * options.deadlineMs;
    this.#context = context;
    this.#clear = options.clear;
    this.#placement = placementOf(
      options.placement,
      servers.map(({ node }) => node),
    );
    const clients = servers.map(clientOf);
    this.#servers = clients.map(
      (client) =>
        new MemcachedServer({
          client,
          maxItemBytes: options.maxItemBytes,
          report: (report) => context.report(report),
          onReturn: (returned) => this.#onReturn(returned),
          onOverflow: (returned) => this.#onOverflow(returned),
        }),
    );
    // Present means used, so they are here only if the client has them.
    if (clients.every((client) => client.has !== undefined)) {
      this.has = (key) => this.#read(key, (client, wire) => client.has!(wire));
    }
    if (clients.every((client) => client.ttl !== undefined)) {
      this.ttl = (key) => this.#read(key, (client, wire) => client.ttl!(wire));
    }
    if (options.clear === 'generation') {
      this.#generation = new Generation(context.scope, this.#servers, context.clock);
    }
  }

  async open(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.open()));
  }

  async close(): Promise<void> {
    await this.#inFlight.drain(DRAIN_MS);
    this.#generation?.close();
    for (const server of this.#servers) server.close();
  }

  get(key: string): Promise<Payload | undefined> {
    return this.#read(key, payloadOf);
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#under((generation) => this.#set(wireKey(key, generation), payload, ttl));
  }

  /** Also false if the payload is larger than the server takes. */
  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#under(async (generation) => {
      const wire = wireKey(key, generation);
      const server = this.#serverOf(wire);
      if (!(await server.canHold(wire, payload))) return false;
      return server.run((client) => client.store('add', wire, payload, this.#expiry(ttl)));
    });
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.#under(async (generation) => {
      const wire = wireKey(key, generation);
      return this.#serverOf(wire).write(wire, (client) => client.touch(wire, this.#expiry(ttl)));
    });
  }

  delete(key: string): Promise<boolean> {
    return this.#under((generation) => this.#delete(wireKey(key, generation)));
  }

  /**
   * What it does is the option `clear`.
   *
   * @throws {CacheUnavailableError} if a server could not be told. @throws {CacheUnsupportedError} with `clear: 'none'`.
   */
  async clear(): Promise<void> {
    const generation = this.#generation;
    if (generation) return this.#inFlight.run(() => generation.move());
    if (this.#clear === 'flush') return this.flushServer();
    throw new CacheUnsupportedError(
      'CACHE_UNSUPPORTED',
      `Cache "${this.#context.alias}" is configured with clear: 'none', so clear() does nothing. Use clear: 'generation', or clear: 'flush' if the servers belong to this cache alone.`,
      { alias: this.#context.alias, backend: this.name, operation: 'clear' },
    );
  }

  /** What the servers that answer hold. Rejects only if none of those asked answers. */
  getMany(keys: readonly string[]): Promise<Map<string, Payload>> {
    return this.#under(async (generation) => {
      const found = new Map<string, Payload>();
      const reading = [...this.#byServer(keys, generation)].map(async ([server, asked]) => {
        const payloads = await server.read((client) => payloadsOf(client, [...asked.keys()]));
        [...asked.values()].forEach((key, index) => {
          const payload = payloads[index];
          if (payload) found.set(key, payload);
        });
      });
      await answersOf(reading);
      return found;
    });
  }

  /** Keys of servers that do not answer are among those not stored. Rejects only if none of the servers answers. */
  setMany(entries: ReadonlyMap<string, Payload>, ttl: Ttl): Promise<string[]> {
    return this.#under(async (generation) => {
      const keys = [...entries.keys()];
      const wires = keys.map((key) => wireKey(key, generation));
      const stored = await answersOf(
        wires.map((wire, index) => this.#set(wire, entries.get(keys[index]!)!, ttl)),
      );
      return keys.filter((_, index) => stored[index] !== true);
    });
  }

  /** Counts on the servers that answer; the others are told when they are back. Rejects only if none answers. */
  deleteMany(keys: readonly string[]): Promise<number> {
    return this.#under(async (generation) => {
      const wires = keys.map((key) => wireKey(key, generation));
      const deleted = await answersOf(wires.map((wire) => this.#delete(wire)));
      return deleted.filter(Boolean).length;
    });
  }

  incr(key: string, delta: number): Promise<number | undefined> {
    return this.#under(async (generation) => {
      const wire = wireKey(key, generation);
      return this.#serverOf(wire).run((client) => client.incr(wire, delta, key));
    });
  }

  async ping(): Promise<void> {
    await this.#everywhere((server) => server.read((client) => client.ping()));
  }

  /** A server that does not answer is `down`; this never rejects. */
  async stats(): Promise<ServerStats[]> {
    return this.#everywhere(statsOf);
  }

  async flushServer(): Promise<void> {
    await this.#everywhere((server) => server.run((client) => client.flush()));
  }

  #under<T>(operation: (generation: number) => Promise<T>): Promise<T> {
    const generation = this.#generation;
    return this.#inFlight.run(() => (generation ? generation.under(operation) : operation(0)));
  }

  #everywhere<T>(ask: (server: MemcachedServer) => Promise<T>): Promise<T[]> {
    return this.#inFlight.run(() => Promise.all(this.#servers.map(ask)));
  }

  #serverOf(wire: string): MemcachedServer {
    return this.#servers[this.#placement(wire)]!;
  }

  #expiry(ttl: Ttl): number {
    return expiryOf(ttl, this.#context.clock.now());
  }

  #read<T>(
    key: string,
    question: (client: MemcachedClient, wire: string) => Promise<T>,
  ): Promise<T> {
    return this.#under((generation) => {
      const wire = wireKey(key, generation);
      return this.#serverOf(wire).read((client) => question(client, wire));
    });
  }

  /** The caller's keys by wire key, for each server that has some of them. */
  #byServer(
    keys: readonly string[],
    generation: number,
  ): Map<MemcachedServer, Map<string, string>> {
    const groups = new Map<MemcachedServer, Map<string, string>>();
    for (const key of keys) {
      const wire = wireKey(key, generation);
      const server = this.#serverOf(wire);
      const group = groups.get(server);
      if (group) group.set(wire, key);
      else groups.set(server, new Map([[wire, key]]));
    }
    return groups;
  }

  async #set(wire: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    const server = this.#serverOf(wire);
    const fits = await server.canHold(wire, payload);
    return server.write(wire, async (client) => {
      if (fits && (await client.store('set', wire, payload, this.#expiry(ttl)))) return true;
      // The value that was to be replaced must not outlive this.
      await client.delete(wire);
      return false;
    });
  }

  #delete(wire: string): Promise<boolean> {
    return this.#serverOf(wire).write(wire, (client) => client.delete(wire));
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
    } else if (this.#clear === 'flush') {
      await client.flush();
    } else {
      this.#context.report({
        kind: 'warning',
        message: `More entries were to be replaced or deleted on memcached ${client.server} while it was away than could be remembered. Some may have their old values until these expire; with clear: 'generation' they would be left behind.`,
      });
    }
  }
}

async function payloadOf(client: MemcachedClient, wire: string): Promise<Payload | undefined> {
  if (client.getPayload) return client.getPayload(wire);
  return (await client.get(wire))?.payload;
}

function payloadsOf(
  client: MemcachedClient,
  wires: readonly string[],
): Promise<(Payload | undefined)[]> {
  if (client.getPayloads) return client.getPayloads(wires);
  return Promise.all(wires.map((wire) => payloadOf(client, wire)));
}

/** The answers of those that did not fail; rejects if all did. */
async function answersOf<T>(calls: readonly Promise<T>[]): Promise<(T | undefined)[]> {
  const settled = await Promise.allSettled(calls);
  const failed = settled.filter((call) => call.status === 'rejected');
  if (failed.length > 0 && failed.length === settled.length) throw failed[0]!.reason;
  return settled.map((call) => (call.status === 'fulfilled' ? call.value : undefined));
}
