import type { Clock } from '../../core/clock.js';
import { CacheBackendError, CacheUnavailableError, reasonOf } from '../../core/cache.errors.js';
import { FLAG_INTEGER } from '../../core/payload-flags.js';
import { NEVER } from './expiry.js';
import type { MemcachedClient, MemcachedItem } from './memcached-client.interface.js';
import type { MemcachedServer } from './memcached.server.js';
import { numberKey } from './wire-key.js';

const FRESH_MS = 1_000;
const REFRESH_MS = 750;
const IDLE_REFRESH_MS = 5_000;
const TRIES = 10;
// In the year 2255. What is beyond leaves no room to move on, so it is none of ours.
const HIGHEST = 9e15;

/** The servers as they are now. */
export interface MemcachedServers {
  readonly servers: readonly MemcachedServer[];
}

/**
 * The number by which `clear()` works: it stands in front of every key of its scope, so that raising it leaves all older
 * entries behind, to be evicted by the servers.
 *
 * It is kept on every server and counts as the highest of them, and this process never goes below the highest it saw, so
 * one server's loss of it brings nothing back. It is the time in microseconds rather than a count, so it is never the same
 * again even if all servers lost it; then it moves, because another process may have raised it before it was lost. A server's
 * number is only ever raised, by compare-and-swap, so two who clear at the same moment do not undo each other. Before the
 * first `clear()` of a scope there is none, and nothing stands in front.
 *
 * It is known for a second at most: that is how long another process may go on seeing what was cleared. A process that is
 * not used looks after it every few seconds, and puts it back where it was lost.
 */
export class Generation {
  readonly #key: string;
  readonly #scope: string;
  readonly #pool: MemcachedServers;
  readonly #clock: Clock;
  #current = 0;
  #knownAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isUsed = false;
  #isClosed = false;

  constructor(scope: string, pool: MemcachedServers, clock: Clock) {
    this.#key = numberKey(scope);
    this.#scope = scope;
    this.#pool = pool;
    this.#clock = clock;
  }

  /** The number as far as this process knows; 0 before the first `clear()`. */
  get current(): number {
    return this.#current;
  }

  /** The same for who is about to use it; undefined if it has to be read first. */
  known(): number | undefined {
    this.#isUsed = true;
    return this.#isFresh() ? this.#current : undefined;
  }

  /**
   * Runs an operation under the number, and again under the new one if it moved meanwhile. A number that is not known to be
   * fresh is read in the same breath.
   */
  async under<T>(operation: (generation: number) => Promise<T>): Promise<T> {
    this.#isUsed = true;
    const before = this.#current;
    const reading = this.#isFresh() ? undefined : this.#refresh();
    try {
      const answer = await operation(before);
      if (reading) await reading;
      if (this.#current === before) return answer;
    } catch (error) {
      if (reading) await reading;
      if (this.#current === before) throw error;
    }
    return operation(this.#current);
  }

  /**
   * Leaves all entries of the scope behind.
   *
   * @throws {CacheUnavailableError} if a server could not be told. This process no longer sees the entries all the same, and
   * the server is told before it is used again.
   */
  async move(): Promise<void> {
    const startedAt = this.#clock.now();
    const { servers } = this.#pool;
    const numbers = await Promise.allSettled(servers.map((server) => this.#read(server)));
    for (const number of numbers) {
      if (number.status === 'fulfilled') this.#saw(number.value);
    }
    const next = this.#next();
    this.#saw(next);
    const raised = await Promise.allSettled(
      servers.map((server) => server.run((client) => this.#raise(client, next))),
    );
    for (const number of raised) {
      if (number.status === 'fulfilled') this.#saw(number.value);
    }
    this.#knownAt = startedAt;
    this.#keepFresh();
    // A number that could not be read might have been higher than the one written.
    const failures = servers.flatMap((server, index) => {
      const failed = [numbers[index]!, raised[index]!].find(({ status }) => status === 'rejected');
      return failed
        ? [{ server: server.name, reason: (failed as PromiseRejectedResult).reason }]
        : [];
    });
    if (failures.length > 0) throw this.#notEverywhere(failures);
  }

  /** Gives a server that was away the number before it is used. */
  async restore(client: MemcachedClient): Promise<void> {
    if (this.#current > 0) this.#saw(await this.#raise(client, this.#current));
  }

  /** Moves on because of one server whose entries can no longer be trusted; the others follow. */
  async moveOn(client: MemcachedClient): Promise<void> {
    this.#saw(await this.#raise(client, this.#next()));
    this.#knownAt = Number.NEGATIVE_INFINITY;
  }

  /** Stops reading the number in the background. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #isFresh(): boolean {
    const age = this.#clock.now() - this.#knownAt;
    // A clock that was set back says nothing about the age.
    return age >= 0 && age < FRESH_MS;
  }

  #next(): number {
    return Math.max(this.#current + 1, Math.floor(this.#clock.now() * 1_000));
  }

  #saw(number: number): void {
    if (number > this.#current) this.#current = number;
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readAll(): Promise<void> {
    const startedAt = this.#clock.now();
    const { servers } = this.#pool;
    const numbers = await Promise.allSettled(servers.map((server) => this.#read(server)));
    const found = numbers.map((number) =>
      number.status === 'fulfilled' ? number.value : undefined,
    );
    for (const number of found) this.#saw(number ?? 0);
    // What this process remembers may be older than what was lost.
    if (this.#current > 0 && found.every((number) => number === 0)) this.#saw(this.#next());
    const highest = this.#current;
    if (found.some((number) => number !== undefined)) this.#knownAt = startedAt;
    this.#keepFresh();
    servers.forEach((server, index) => {
      const number = found[index];
      if (number === undefined || number >= highest) return;
      // Nobody waits for this. If it fails, the next reading finds the number missing again.
      server.run((client) => this.#raise(client, highest)).catch(() => undefined);
    });
  }

  #keepFresh(): void {
    this.#wake(REFRESH_MS, () => {
      if (this.#isUsed) this.#refreshUnasked();
      else if (this.#current > 0) this.#wake(IDLE_REFRESH_MS, () => this.#refreshUnasked());
    });
  }

  #refreshUnasked(): void {
    this.#isUsed = false;
    void this.#refresh();
  }

  #wake(ms: number, work: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(work, ms).unref();
  }

  /** The server's number; 0 if it has none. */
  async #read(server: MemcachedServer): Promise<number> {
    return numberOf(await server.read((client) => client.get(this.#key)));
  }

  /** Raises the server's number to at least this one, and answers what it is then. */
  async #raise(client: MemcachedClient, number: number): Promise<number> {
    const payload = { flags: FLAG_INTEGER, data: String(number) };
    for (let tries = 0; tries < TRIES; tries += 1) {
      const item = await client.get(this.#key);
      const found = numberOf(item);
      if (found >= number) return found;
      // A server without CAS is believed to hold what it held a moment ago; if not, the next reading puts it right.
      const cas = item?.cas === 0n ? undefined : item?.cas;
      if (await client.store(item ? 'set' : 'add', this.#key, payload, NEVER, cas)) return number;
    }
    throw new CacheBackendError(
      'CACHE_BACKEND',
      `memcached ${client.server} did not take the number for clear() in ${TRIES} tries. Check that it has room for small items.`,
      { backend: 'memcached', operation: 'clear' },
    );
  }

  #notEverywhere(
    failures: readonly { readonly server: string; readonly reason: unknown }[],
  ): CacheUnavailableError {
    const servers = failures.map(({ server }) => server).join(', ');
    return new CacheUnavailableError(
      'CACHE_UNAVAILABLE',
      `clear() of the scope "${this.#scope}" did not reach memcached ${servers}: ${reasonOf(failures[0]!.reason)}. This process no longer sees the entries; others may until the server is back, which is then told before it is used.`,
      { backend: 'memcached', operation: 'clear', cause: failures[0]!.reason },
    );
  }
}

function numberOf(item: MemcachedItem | undefined): number {
  const text = item?.payload.data.toString() ?? '';
  const number = /^\d{1,16} *$/.test(text) ? Number(text) : 0;
  return number < HIGHEST ? number : 0;
}
