import { performance } from 'node:perf_hooks';
import { GivenUp } from './given-up.js';
import { cannotConnect, closed } from './memcached.errors.js';
import { MetaConnection } from './meta.connection.js';
import type { MetaConnectionOptions } from './meta.connection.js';
import type { MemcachedVersion } from './meta.handshake.js';
import type { MetaRequest } from './meta.request.js';
import type { ServerAddress } from './server-address.js';

// How long a server that this client cannot use is taken to be the same still.
const UNUSABLE_MS = 1_000;

/** The way to one server: one connection at a time, made when there is something to send and the last one broke. */
export class MetaLink {
  readonly #address: ServerAddress;
  readonly #options: MetaConnectionOptions;
  readonly #givenUp = new GivenUp();
  #connection: MetaConnection | undefined;
  #connectedAt = 0;
  #isClosed = false;

  constructor(address: ServerAddress, options: MetaConnectionOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** The server's address without secrets, for messages. */
  get server(): string {
    return this.#address.name;
  }

  /** The server's version; undefined while there is no connection. */
  get version(): MemcachedVersion | undefined {
    return this.#connection?.version;
  }

  /** Sends a request, which settles in any case. */
  send(request: MetaRequest): void {
    if (this.#isClosed) {
      request.reject(closed());
      return;
    }
    if (this.#connection === undefined || this.#isToBeReplaced(this.#connection)) {
      try {
        this.#connection = new MetaConnection(this.#address, this.#options, this.#givenUp);
      } catch (error) {
        // Such as options for TLS that Node does not take.
        request.reject(cannotConnect(this.server, error));
        return;
      }
      this.#connectedAt = performance.now();
    }
    this.#connection.send(request);
  }

  /** As of `MemcachedClient`. */
  settled(): Promise<void> {
    return this.#givenUp.settled();
  }

  /** Ends the connection at once; what is in flight is rejected. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#givenUp.close();
  }

  #isToBeReplaced({ failure }: MetaConnection): boolean {
    if (failure === undefined) return false;
    const isUnusable = (failure as { code?: unknown }).code === 'CACHE_OLD_SERVER';
    return !isUnusable || performance.now() - this.#connectedAt > UNUSABLE_MS;
  }
}
