import { channel } from 'node:diagnostics_channel';

/** What is published on the channel `nestjs-cache:operation`. Never a value; a key only within an error. */
export interface CacheOperationEvent {
  /** The name of the cache. */
  readonly alias: string;
  /** The backend's name. */
  readonly backend: string;
  /**
   * The method, such as `get`; or `server` and `decode` for what the backend tells by itself, and `reload` for a stale value
   * that could not be loaded again.
   */
  readonly operation: string;
  /**
   * `hit`, `miss`: what a read found. `done`: a write or another call that did what it says. `refused`: it answered false.
   * `error`: it failed; in the default mode the caller saw a miss or false. `up`, `down`: the state of a server.
   */
  readonly result: 'hit' | 'miss' | 'done' | 'refused' | 'error' | 'up' | 'down';
  /** Milliseconds from the call to its end; 0 for what is no call. */
  readonly durationMs: number;
  /** With `error` and `down`. */
  readonly error?: unknown;
}

/** The name of the channel of `node:diagnostics_channel` on which every operation is published. */
export const CACHE_OPERATION_CHANNEL = 'nestjs-cache:operation';

const operations = channel(CACHE_OPERATION_CHANNEL);

/** True if somebody listens; otherwise nothing is measured or built. */
export function isWatched(): boolean {
  return operations.hasSubscribers;
}

/** Publishes one event. */
export function publish(event: CacheOperationEvent): void {
  operations.publish(event);
}
