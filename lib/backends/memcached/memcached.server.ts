import type { BackendReport, Payload } from '../../core/cache-backend.interface.js';
import { CacheBackendError, type CacheUnavailableError } from '../../core/cache.errors.js';
import { DEFAULT_ITEM_BYTES, itemBytes } from './item-size.js';
import type { MemcachedClient } from './memcached-client.interface.js';
import { closed, faultOf, stillDown } from './memcached.errors.js';
import { MissedWrites } from './missed-writes.js';

/** What a server needs of the backend it belongs to. */
export interface MemcachedServerOptions {
  readonly client: MemcachedClient;
  /** The largest item in bytes; undefined: the server is asked when it matters. */
  readonly maxItemBytes?: number | undefined;
  /** How many missed writes are remembered. Default: 10,000. */
  readonly missedWrites?: number;
  report(report: BackendReport): void;
  /** Called before a server that was down is used again. */
  onReturn(client: MemcachedClient): Promise<void>;
  /** Called when more writes were missed than could be remembered: no older entry may be read there any more. */
  onOverflow(client: MemcachedClient): Promise<void>;
}

const SOFT_FAULTS = 3;
const FIRST_PROBE_MS = 250;
const LAST_PROBE_MS = 5_000;
const PROBE_ON_DEMAND_MS = 1_000;
const SETTLING_MS = 50;
const DELETES_AT_ONCE = 500;

/**
 * One server and its health.
 *
 * A server that cannot be reached or does not answer in time is down: calls on it are rejected at once, and it is tried in
 * the background after 250 ms, then at doubling intervals up to 5 s, and at most once a second when it is asked for. A lost
 * connection alone is not that; three in a row are. Each change of state is reported once.
 *
 * Writes that may have been missed are remembered, and deleted on the server before anything else is asked of it.
 */
export class MemcachedServer {
  readonly name: string;
  readonly #options: MemcachedServerOptions;
  readonly #missed: MissedWrites;
  #replaying: Promise<void> | undefined;
  #itemLimit: Promise<number> | undefined;
  /** Why the server is down; undefined while it is up. */
  #downBecause: unknown;
  /** What calls are rejected with while it is down: one for all, because making an error is dear. */
  #refusal: CacheUnavailableError | undefined;
  #lastFault: unknown;
  #softFaults = 0;
  #probeTimer: NodeJS.Timeout | undefined;
  #probeDelayMs = FIRST_PROBE_MS;
  #lastProbeAt = 0;
  #isProbing = false;
  #isClosed = false;

  constructor(options: MemcachedServerOptions) {
    this.name = options.client.server;
    this.#options = options;
    this.#missed = new MissedWrites(options.missedWrites);
    if (options.maxItemBytes !== undefined) {
      this.#itemLimit = Promise.resolve(options.maxItemBytes);
    }
  }

  /** False while calls on it are rejected at once. */
  get isUp(): boolean {
    return this.#downBecause === undefined;
  }

  /** True while it can be asked at once: up, and with nothing to make good before. */
  get isReady(): boolean {
    return (
      this.#downBecause === undefined &&
      this.#missed.isEmpty &&
      this.#replaying === undefined &&
      !this.#isClosed
    );
  }

  /** What speaks to it. Who asks it directly tells the outcome by `answered()` or `failed()`, and only while `isReady`. */
  get client(): MemcachedClient {
    return this.#options.client;
  }

  /** Loads the client's library. */
  open(): Promise<void> {
    return this.client.load();
  }

  /**
   * Asks the server something that changes nothing; once more if the connection was lost meanwhile.
   *
   * @throws {CacheUnavailableError} at once while it is down.
   */
  async read<T>(question: (client: MemcachedClient) => Promise<T>): Promise<T> {
    try {
      return await this.run(question);
    } catch (error) {
      if (faultOf(error) === 'soft' && this.isUp) return this.run(question);
      throw error;
    }
  }

  /**
   * Replaces or deletes what is under the key. If that fails, the key is remembered and deleted before it is next read.
   *
   * @param first Another key that is deleted ahead of it then.
   */
  async write<T>(
    key: string,
    change: (client: MemcachedClient) => Promise<T>,
    first?: string,
  ): Promise<T> {
    try {
      return await this.run(change);
    } catch (error) {
      if (first !== undefined) this.missed(first, error);
      this.missed(key, error);
      throw error;
    }
  }

  /** Remembers a replacement or delete that failed, unless it cannot have been sent. */
  missed(key: string, error: unknown): void {
    if (error instanceof CacheBackendError) this.remember(key);
  }

  /** Remembers that what is under the key was replaced or deleted elsewhere: it is deleted before it is next read. */
  remember(key: string): void {
    if (!this.#isClosed) this.#missed.add(key);
  }

  /** Runs an operation that is neither repeated nor remembered. */
  async run<T>(operation: (client: MemcachedClient) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    if (this.#downBecause !== undefined) {
      if (performance.now() - this.#lastProbeAt >= PROBE_ON_DEMAND_MS) void this.#probe();
      throw (this.#refusal ??= stillDown(this.name, this.#downBecause));
    }
    try {
      while (this.#replaying !== undefined || !this.#missed.isEmpty) await this.#replay();
      const answer = await operation(this.client);
      this.answered();
      return answer;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** Takes note of an answer. */
  answered(): void {
    this.#softFaults = 0;
  }

  /** Takes note of what a call failed with. */
  failed(error: unknown): void {
    const fault = faultOf(error);
    // All that was in flight on a connection fails with one and the same error.
    if (fault === undefined || error === this.#lastFault || this.#isClosed) return;
    this.#lastFault = error;
    this.#softFaults += 1;
    if (fault === 'hard' || this.#softFaults >= SOFT_FAULTS) this.#goDown(error);
  }

  /** True if the server's limit allows an item of this size. Asks the server only about items above the usual limit. */
  async canHold(key: string, payload: Payload): Promise<boolean> {
    const bytes = itemBytes(key, payload);
    if (this.#itemLimit === undefined && bytes <= DEFAULT_ITEM_BYTES) return true;
    this.#itemLimit ??= this.#askItemLimit();
    return bytes <= (await this.#itemLimit);
  }

  /** True if it is known without asking that an item of this size is allowed. */
  surelyHolds(key: string, payload: Payload): boolean {
    const usual = this.#itemLimit === undefined ? DEFAULT_ITEM_BYTES : 0;
    return itemBytes(key, payload) <= (this.#options.maxItemBytes ?? usual);
  }

  /** Ends the connection; what is in flight on it is rejected. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#probeTimer);
    this.client.close();
  }

  #goDown(error: unknown): void {
    if (this.#downBecause !== undefined) return;
    this.#downBecause = error;
    this.#refusal = undefined;
    this.#lastProbeAt = performance.now();
    this.#probeDelayMs = FIRST_PROBE_MS;
    this.#scheduleProbe();
    this.#options.report({ kind: 'server', server: this.name, state: 'down', error });
  }

  #scheduleProbe(): void {
    const jitter = 0.8 + Math.random() * 0.2;
    this.#probeTimer = setTimeout(() => void this.#probe(), this.#probeDelayMs * jitter).unref();
    this.#probeDelayMs = Math.min(this.#probeDelayMs * 2, LAST_PROBE_MS);
  }

  async #probe(): Promise<void> {
    if (this.#isProbing || this.#isClosed) return;
    this.#isProbing = true;
    clearTimeout(this.#probeTimer);
    try {
      await this.client.ping();
      if (faultOf(this.#downBecause) === 'hard') {
        // A server that was slow or stopped still works through what it has received or will, such as sets that were given up
        // here. None of them may come after what is sent from now on. Where no answer can tell, it gets a moment for that.
        await this.client.settled();
        await pause(SETTLING_MS);
        await this.client.ping();
      }
      await this.#options.onReturn(this.client);
      // Not left to the next call of this process: until then others would read what it deleted.
      if (!this.#missed.isEmpty) await this.#replay();
      this.#cameBack();
    } catch (error) {
      this.#lastFault = error;
      if (!this.#isClosed) this.#scheduleProbe();
    } finally {
      this.#lastProbeAt = performance.now();
      this.#isProbing = false;
    }
  }

  #cameBack(): void {
    if (this.#isClosed) return;
    this.#downBecause = undefined;
    this.#softFaults = 0;
    this.#options.report({ kind: 'server', server: this.name, state: 'up' });
  }

  #replay(): Promise<void> {
    this.#replaying ??= this.#makeGood().finally(() => {
      this.#replaying = undefined;
    });
    return this.#replaying;
  }

  async #makeGood(): Promise<void> {
    const batch = this.#missed.take();
    try {
      if (batch.isIncomplete) await this.#options.onOverflow(this.client);
      for (let from = 0; from < batch.keys.length; from += DELETES_AT_ONCE) {
        const keys = batch.keys.slice(from, from + DELETES_AT_ONCE);
        await Promise.all(keys.map((key) => this.client.delete(key)));
      }
    } catch (error) {
      this.#missed.putBack(batch);
      throw error;
    }
  }

  async #askItemLimit(): Promise<number> {
    try {
      const settings = await this.read((client) => client.stats('settings'));
      const limit = Number(settings['item_size_max']);
      return Number.isSafeInteger(limit) && limit > 0 ? limit : DEFAULT_ITEM_BYTES;
    } catch (error) {
      // Managed servers may refuse the question, which settles it; a server that is down is asked again later.
      if (faultOf(error) !== undefined) this.#itemLimit = undefined;
      return DEFAULT_ITEM_BYTES;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
