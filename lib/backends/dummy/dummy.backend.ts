import type {
  BackendLock,
  CacheBackend,
  CacheBackendFactory,
  Payload,
  ServerStats,
  Ttl,
} from '../../core/cache-backend.interface.js';
import { checkDummyOptions, type DummyOptions } from './dummy.options.js';

/**
 * Keeps nothing: reads miss, writes succeed. For development and tests in which caching would be in the way.
 *
 * @throws {CacheConfigError} for an option other than `location`, which is accepted and without effect.
 * @see Django, DummyCache
 */
export function dummy(options: DummyOptions = {}): CacheBackendFactory {
  checkDummyOptions(options);
  return () => new DummyBackend();
}

const LOCK: BackendLock = {
  extend: () => Promise.resolve(true),
  release: () => Promise.resolve(true),
};

/** The backend made by `dummy()`. */
export class DummyBackend implements CacheBackend {
  readonly name = 'dummy';
  readonly description = 'dummy, which keeps nothing';
  readonly deadlineMs = null;

  get(): Promise<Payload | undefined> {
    return Promise.resolve(undefined);
  }

  set(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** Always true, as the key is always free. */
  add(): Promise<boolean> {
    return Promise.resolve(true);
  }

  touch(): Promise<boolean> {
    return Promise.resolve(false);
  }

  delete(): Promise<boolean> {
    return Promise.resolve(false);
  }

  clear(): Promise<void> {
    return Promise.resolve();
  }

  flags(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  incr(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  /** Always had, as nobody else has it: it excludes nobody. */
  lock(): Promise<BackendLock | undefined> {
    return Promise.resolve(LOCK);
  }

  ttl(): Promise<Ttl | undefined> {
    return Promise.resolve(undefined);
  }

  stats(): Promise<ServerStats[]> {
    return Promise.resolve([{ server: this.name, state: 'up', items: 0, bytes: 0 }]);
  }
}
