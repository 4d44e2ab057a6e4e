import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheDeadlockError, shortKey } from './cache.errors.js';
import { LoadStop } from './load-stop.js';

interface Flight {
  readonly key: string;
  /** The flights that this one's work is waiting for. */
  readonly waitsFor: Set<Flight>;
}

interface RunningFlight<T> extends Flight {
  readonly trip: Trip;
  promise: Promise<T>;
}

/** Work that is under way, for one key or for several. */
export class Trip {
  /** How many wait for it. */
  waiting = 0;
  readonly limitMs: number;
  readonly #overdue: () => Error;
  #stop: LoadStop | undefined;

  constructor(
    readonly keys: readonly string[],
    { limitMs, overdue }: Patience,
  ) {
    this.limitMs = limitMs;
    this.#overdue = overdue;
  }

  /** What stops the work. Made when it is first asked for: what finds its answer needs none. */
  get stop(): LoadStop {
    this.#stop ??= new LoadStop(this.limitMs, this.#overdue);
    return this.#stop;
  }

  /** The work has ended. */
  end(): void {
    this.#stop?.end();
  }
}

/** Calls a loader in a way that lets a flight know what the loader waits for. */
export type CallLoader = <R>(load: () => R) => R;

/** Work that is run once. */
export type FlightWork<T> = (callLoader: CallLoader, trip: Trip) => Promise<T>;

/** How long one who waits for a flight does so. */
export interface Patience {
  /** Milliseconds; `Infinity`: as long as it takes. It is also the time of a load that is begun. */
  readonly limitMs: number;
  /** What the caller gets when that is over. */
  readonly overdue: () => Error;
  /** Lets the caller go at once, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const ENDLESS: Patience = { limitMs: Infinity, overdue: () => new Error('The time is over.') };

// Across all caches: a loader in one cache may wait for a flight in another.
const current = new AsyncLocalStorage<Flight | undefined>();

/** Runs work once per key at a time: who comes while it runs waits for the same result. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, RunningFlight<T>>();

  /** How many flights are under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** True if work for the key is under way, so that `run()` would join it. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /**
   * The result of the work under way for the key, or of this work, which is begun then. A rejection reaches everybody who
   * waits, as the same error.
   *
   * @param work Is handed the way to call a loader, whose own calls are then watched for deadlocks, and what stops it. What
   * calls no loader pays nothing for that: following promises is dear.
   * @param patience Of this caller. When all who wait have lost theirs, the work is stopped. Default: endless.
   * @throws {CacheDeadlockError} if the loader that asks is what the flight is waiting for.
   */
  run(key: string, work: FlightWork<T>, patience: Patience = ENDLESS): Promise<T> {
    const asking = current.getStore();
    const joined = this.#flights.get(key);
    if (joined && asking && reaches(joined, asking)) return Promise.reject(deadlock(key));
    const flight = joined ?? this.#start(key, work, patience);
    const landing = this.#wait(flight.trip, flight.promise, patience);
    return asking ? whileWaiting(asking, flight, landing) : landing;
  }

  /**
   * One work for several keys, for none of which there is work under way. Who asks for one of them meanwhile waits for that.
   *
   * @param work What it brings for each key. @param absent What those get for whose key it brings nothing.
   */
  runMany(
    keys: readonly string[],
    work: FlightWork<ReadonlyMap<string, T>>,
    absent: T,
    patience: Patience,
  ): Promise<ReadonlyMap<string, T>> {
    const asking = current.getStore();
    const whole: Flight = { key: keys[0]!, waitsFor: new Set() };
    const trip = new Trip(keys, patience);
    const flights = keys.map((key) => {
      const flight = { key, waitsFor: new Set([whole]), trip } as unknown as RunningFlight<T>;
      this.#flights.set(key, flight);
      return flight;
    });
    const promise = work((load) => current.run(whole, load), trip);
    for (const flight of flights) {
      flight.promise = promise.then((brought) => brought.get(flight.key) ?? absent);
      this.#landing(flight);
    }
    const landing = this.#wait(trip, promise, patience);
    return asking ? whileWaiting(asking, whole, landing) : landing;
  }

  /** `run()` for work that nobody waits for, the one who begins it least of all. */
  runInBackground(key: string, work: FlightWork<T>, patience: Patience): Promise<T> {
    return current.run(undefined, () => this.run(key, work, patience));
  }

  /** Lets what is under way for the key go on for those who wait for it; who comes from now on begins anew. */
  leave(key: string): void {
    this.#flights.delete(key);
  }

  #start(key: string, work: FlightWork<T>, patience: Patience): RunningFlight<T> {
    const trip = new Trip([key], patience);
    const flight = { key, waitsFor: new Set<Flight>(), trip } as unknown as RunningFlight<T>;
    // Known before its work begins, so that work which asks for its own key at once is found out.
    this.#flights.set(key, flight);
    flight.promise = work((load) => current.run(flight, load), trip);
    this.#landing(flight);
    return flight;
  }

  #landing(flight: RunningFlight<T>): void {
    const land = (): void => {
      flight.trip.end();
      if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
    };
    flight.promise.then(land, land);
  }

  /** What the work brings, for one who may leave before. */
  #wait<R>(trip: Trip, promise: Promise<R>, { limitMs, overdue, signal }: Patience): Promise<R> {
    trip.waiting += 1;
    // Who began the work has its limit, and who came later and has the same waits for less than that.
    if (signal === undefined && limitMs >= trip.limitMs) return promise;
    return new Promise<R>((resolve, reject) => {
      const leave = (reason: unknown): void => {
        done();
        reject(reason);
        trip.waiting -= 1;
        if (trip.waiting === 0) this.#abandon(trip, reason);
      };
      const onAbort = (): void => leave(signal!.reason);
      const timer =
        limitMs < trip.limitMs ? setTimeout(() => leave(overdue()), limitMs).unref() : undefined;
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort);
      promise.finally(done).then(resolve, reject);
    });
  }

  /** Nobody waits for the work any more: it is stopped, and who comes from now on begins anew. */
  #abandon(trip: Trip, reason: unknown): void {
    for (const key of trip.keys) {
      if (this.#flights.get(key)?.trip === trip) this.#flights.delete(key);
    }
    trip.stop.abandon(reason);
  }
}

async function whileWaiting<T>(asking: Flight, flight: Flight, landing: Promise<T>): Promise<T> {
  asking.waitsFor.add(flight);
  try {
    return await landing;
  } finally {
    asking.waitsFor.delete(flight);
  }
}

function reaches(from: Flight, to: Flight, seen = new Set<Flight>()): boolean {
  if (from === to) return true;
  seen.add(from);
  for (const next of from.waitsFor) {
    if (!seen.has(next) && reaches(next, to, seen)) return true;
  }
  return false;
}

function deadlock(key: string): CacheDeadlockError {
  return new CacheDeadlockError(
    'CACHE_DEADLOCK',
    `The loader of "${shortKey(key)}" asked for a key whose loader waits for it, so both would wait for ever. Load what both need outside of getOrSet(), or use another key.`,
    { key },
  );
}
