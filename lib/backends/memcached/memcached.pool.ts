import type { MemcachedServer } from './memcached.server.js';
import { placementOf } from './placement.js';
import type { Placement, PlacementName } from './placement.js';
import type { ServerAddress } from './server-address.js';

/** How the servers of a cache are chosen from. */
export interface MemcachedPoolOptions {
  readonly placement: PlacementName;
  /** `next`: another server takes the place of one that is down. */
  readonly failover: 'miss' | 'next';
  /** Makes the server of an address. */
  readonly serverOf: (address: ServerAddress) => MemcachedServer;
}

/** Where a change of an entry goes. */
export interface Place {
  readonly server: MemcachedServer;
  /** True if the server takes the place of one that is down. */
  readonly isStandIn: boolean;
}

/**
 * The servers of a cache, and which of them is a key's.
 *
 * Without the servers that are down, the same placement chooses another for their keys, and for theirs only.
 */
export class MemcachedPool {
  readonly #options: MemcachedPoolOptions;
  #servers: readonly MemcachedServer[] = [];
  #addresses: readonly ServerAddress[] = [];
  #placement: Placement | undefined;
  /** The placement over the servers that are up, and which these were. */
  #standIns: { readonly up: readonly MemcachedServer[]; readonly placement: Placement } | undefined;

  constructor(options: MemcachedPoolOptions) {
    this.#options = options;
  }

  /** The servers as they are now. */
  get servers(): readonly MemcachedServer[] {
    return this.#servers;
  }

  /** Takes these servers, in this order. Those that are there already stay as they are; those that are left out are closed. */
  use(addresses: readonly ServerAddress[]): void {
    const known = new Map(this.#servers.map((server) => [server.name, server]));
    this.#servers = addresses.map(
      (address) => known.get(address.name) ?? this.#options.serverOf(address),
    );
    this.#addresses = addresses;
    this.#placement = placementOf(
      this.#options.placement,
      addresses.map(({ node }) => node),
    );
    this.#standIns = undefined;
    for (const server of this.#servers) known.delete(server.name);
    for (const server of known.values()) server.close();
  }

  /** The server of a key, whether it is up or not. */
  homeOf(wire: string): MemcachedServer {
    return this.#servers[this.#placement!(wire)]!;
  }

  /** The server to ask about a key. @throws never while there are servers. */
  serverOf(wire: string): MemcachedServer {
    const home = this.homeOf(wire);
    if (home.isUp || this.#options.failover === 'miss') return home;
    return this.#standInOf(wire) ?? home;
  }

  /**
   * The server on which to change what is under a key. A server that is down is told to delete it when it is back, if another
   * takes the change in its place.
   */
  placeOf(wire: string): Place {
    const home = this.homeOf(wire);
    const server = this.serverOf(wire);
    if (server === home) return { server, isStandIn: false };
    home.remember(wire);
    return { server, isStandIn: true };
  }

  /** Ends all connections. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  #standInOf(wire: string): MemcachedServer | undefined {
    const up = this.#servers.filter((server) => server.isUp);
    if (up.length === 0) return undefined;
    if (!this.#standIns || !isSame(this.#standIns.up, up)) {
      const nodes = this.#addresses.filter((_, index) => this.#servers[index]!.isUp);
      const placement = placementOf(
        this.#options.placement,
        nodes.map(({ node }) => node),
      );
      this.#standIns = { up, placement };
    }
    return up[this.#standIns.placement(wire)];
  }
}

function isSame<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
