import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheDeadlockError, shortKey } from './cache.errors.js';

interface Flight {
  readonly key: string;
  /** The flights that this one's work is waiting for. */
  readonly waitsFor: Set<Flight>;
}

interface RunningFlight<T> extends Flight {
  promise: Promise<T>;
}

/** Calls a loader in a way that lets a flight know what the loader waits for. */
export type CallLoader = <R>(load: () => R) => R;

// Across all caches: a loader in one cache may wait for a flight in another.
const current = new AsyncLocalStorage<Flight>();

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
   * @param work Is handed the way to call a loader, whose own calls are then watched for deadlocks. What calls no loader
   * pays nothing for that: following promises is dear.
   * @throws {CacheDeadlockError} if the loader that asks is what the flight is waiting for.
   */
  run(key: string, work: (callLoader: CallLoader) => Promise<T>): Promise<T> {
    const asking = current.getStore();
    let flight = this.#flights.get(key);
    if (flight && asking && reaches(flight, asking)) return Promise.reject(deadlock(key));
    flight ??= this.#start(key, work);
    return asking ? whileWaiting(asking, flight) : flight.promise;
  }

  /** Lets what is under way for the key go on for those who wait for it; who comes from now on begins anew. */
  leave(key: string): void {
    this.#flights.delete(key);
  }

  #start(key: string, work: (callLoader: CallLoader) => Promise<T>): RunningFlight<T> {
    const flight = { key, waitsFor: new Set<Flight>() } as RunningFlight<T>;
    // Known before its work begins, so that work which asks for its own key at once is found out.
    this.#flights.set(key, flight);
    const land = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.promise = work((load) => current.run(flight, load));
    flight.promise.then(land, land);
    return flight;
  }
}

async function whileWaiting<T>(asking: Flight, flight: RunningFlight<T>): Promise<T> {
  asking.waitsFor.add(flight);
  try {
    return await flight.promise;
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
