import type { BackendReport } from '../../core/cache-backend.interface.js';
import { askElasticache } from './elasticache.exchange.js';
import type { AskElasticache, ElasticacheOptions } from './elasticache.exchange.js';
import type { ElasticacheCluster } from './elasticache.reply.js';
import { closed, stillDown } from './memcached.errors.js';
import { checkCredentials } from './meta.handshake.js';
import type { ServerAddress } from './server-address.js';

/** Who wants to know the servers. */
export interface ElasticacheListener {
  /** Called with each list that differs from the last, the first one included. Must not throw. */
  onServers(servers: readonly ServerAddress[]): void;
  report(report: BackendReport): void;
}

const POLL_MS = 60_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const ASK_ON_DEMAND_MS = 1_000;
// While the servers are known, an endpoint that cannot be asked is news only when it goes on.
const FAILURES_OF_OUTAGE = 3;
const BACKWARDS_TO_BELIEVE = 3;

/**
 * Knows the servers of a cluster: asks its configuration endpoint when they are first wanted, and once a minute from then on.
 *
 * An endpoint that cannot be asked is asked again soon, and later at longer intervals. Until it has answered once there are no
 * servers; later its last answer holds, and an outage is reported once. Timers do not keep the process alive.
 *
 * Servers are known by their host names, so that a key stays where it is when a server is replaced. The endpoint's login is
 * used for the servers too.
 *
 * @see ElastiCache User Guide, "How Auto Discovery Works"; Memorystore for Memcached has the same
 */
export class ElasticacheDiscovery {
  readonly #endpoint: ServerAddress;
  readonly #options: ElasticacheOptions;
  readonly #listener: ElasticacheListener;
  readonly #ask: AskElasticache;
  readonly #ending = new AbortController();
  #servers: readonly ServerAddress[] | undefined;
  #version = 0;
  /** How many answers in a row were of a version before that. */
  #backwards = 0;
  #asking: Promise<void> | undefined;
  #lastAskedAt = 0;
  /** Why the last question failed; undefined if it was answered. */
  #failure: unknown;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param ask For tests.
   * @throws {CacheConfigError} if the endpoint has a login that the text protocol cannot transport.
   */
  constructor(
    endpoint: ServerAddress,
    options: ElasticacheOptions,
    listener: ElasticacheListener,
    ask: AskElasticache = askElasticache,
  ) {
    checkCredentials(endpoint);
    this.#endpoint = endpoint;
    this.#options = options;
    this.#listener = listener;
    this.#ask = ask;
  }

  /**
   * The servers as they are known. Waits only for the first question.
   *
   * @throws {CacheUnavailableError} at once while the endpoint has answered no question and the last one failed.
   * @throws {CacheError} what the first question failed with. @throws {CacheClosedError} after `close()`.
   */
  async servers(): Promise<readonly ServerAddress[]> {
    if (this.#ending.signal.aborted) throw closed();
    if (this.#servers) return this.#servers;
    if (this.#failures === 0) {
      await this.#askOnce();
      if (this.#servers) return this.#servers;
      throw this.#failure ?? closed();
    }
    if (performance.now() - this.#lastAskedAt >= ASK_ON_DEMAND_MS) void this.#askOnce();
    throw stillDown(this.#endpoint.name, this.#failure);
  }

  /** Asks no more; a question under way is given up. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    this.#ending.abort();
  }

  #askOnce(): Promise<void> {
    this.#asking ??= this.#askNow().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askNow(): Promise<void> {
    clearTimeout(this.#timer);
    const { signal } = this.#ending;
    try {
      const cluster = await this.#ask(this.#endpoint, this.#options, signal);
      if (!signal.aborted) this.#onAnswer(cluster);
    } catch (error) {
      this.#onFailure(error);
    }
    this.#lastAskedAt = performance.now();
    if (!signal.aborted)
      this.#timer = setTimeout(() => void this.#askOnce(), this.#pauseMs()).unref();
  }

  #onAnswer({ version, servers }: ElasticacheCluster): void {
    const wasDown = this.#servers === undefined && this.#failures > 0;
    this.#failure = undefined;
    this.#failures = 0;
    if (wasDown) {
      this.#listener.report({ kind: 'server', server: this.#endpoint.name, state: 'up' });
    }
    if (this.#isBackwards(version)) return;
    this.#version = version;
    if (this.#servers && namesOf(this.#servers) === namesOf(servers)) return;
    const { credentials } = this.#endpoint;
    this.#servers = credentials ? servers.map((server) => ({ ...server, credentials })) : servers;
    this.#listener.onServers(this.#servers);
  }

  // A server may not have heard of the last change yet, so it is believed only when it insists: then the cluster is another.
  #isBackwards(version: number): boolean {
    this.#backwards = version < this.#version ? this.#backwards + 1 : 0;
    if (this.#backwards === BACKWARDS_TO_BELIEVE) this.#backwards = 0;
    return this.#backwards > 0;
  }

  #onFailure(error: unknown): void {
    this.#failure = error;
    if (this.#ending.signal.aborted) return;
    this.#failures += 1;
    if (this.#servers === undefined) {
      if (this.#failures > 1) return;
      const { name } = this.#endpoint;
      this.#listener.report({ kind: 'server', server: name, state: 'down', error });
    } else if (this.#failures === FAILURES_OF_OUTAGE) {
      this.#listener.report({
        kind: 'warning',
        message: `The servers that the configuration endpoint ${this.#endpoint.name} told last are used, because it tells them no more.`,
        error,
      });
    }
  }

  /** Processes that were started together must not ask together for ever. */
  #pauseMs(): number {
    if (this.#failures === 0) return POLL_MS * (0.9 + Math.random() * 0.2);
    const most = this.#servers === undefined ? LAST_RETRY_MS : POLL_MS;
    return Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), most) * (0.8 + Math.random() * 0.2);
  }
}

function namesOf(servers: readonly ServerAddress[]): string {
  return servers.map(({ name }) => name).join(' ');
}
