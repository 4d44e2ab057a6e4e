import { performance } from 'node:perf_hooks';
import type {
  BackendContext,
  CacheBackend,
  KeyLimits,
  Payload,
  ServerStats,
  Ttl,
} from './cache-backend.interface.js';
import { publish } from './cache-events.js';
import {
  CacheBackendError,
  CacheClosedError,
  CacheCorruptError,
  CacheTimeoutError,
  CacheTypeError,
  CacheUnavailableError,
  CacheUnsupportedError,
  reasonOf,
  shortKey,
} from './cache.errors.js';

const DEADLINE_MS = 1_000;
// Removing everything takes as long as there is much to remove.
const CLEAR_DEADLINE_MS = 30_000;
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ENOSPC',
  'EROFS',
  'EACCES',
  'EPERM',
]);

/**
 * Stands in front of a backend that can fail: every call settles before a deadline, and every failure becomes a typed
 * error, an event, and one log line per change of state.
 *
 * It is a backend itself and has the native methods that the inner one has.
 */
export class GuardedBackend implements CacheBackend {
  readonly name: string;
  readonly description: string;
  readonly keyLimits?: KeyLimits;
  readonly deadlineMs = null;
  readonly reportsServers = true;

  readonly getMany?: (keys: readonly string[]) => Promise<Map<string, Payload>>;
  readonly setMany?: (entries: ReadonlyMap<string, Payload>, ttl: Ttl) => Promise<string[]>;
  readonly deleteMany?: (keys: readonly string[]) => Promise<number>;
  readonly has?: (key: string) => Promise<boolean>;
  readonly incr?: (key: string, delta: number) => Promise<number | undefined>;
  readonly ttl?: (key: string) => Promise<Ttl | undefined>;
  readonly ping?: () => Promise<void>;
  readonly stats?: () => Promise<ServerStats[]>;
  readonly flushServer?: () => Promise<void>;

  readonly #inner: CacheBackend;
  readonly #alias: string;
  readonly #report: BackendContext['report'];
  readonly #deadlineMs: number;
  #isDown = false;

  constructor(inner: CacheBackend, context: Pick<BackendContext, 'alias' | 'report'>) {
    this.#inner = inner;
    this.#alias = context.alias;
    this.#report = context.report;
    this.#deadlineMs = inner.deadlineMs ?? DEADLINE_MS;
    this.name = inner.name;
    this.description = inner.description ?? inner.name;
    if (inner.keyLimits) this.keyLimits = inner.keyLimits;
    if (inner.getMany) {
      this.getMany = (keys) => this.#call('getMany', keys[0], () => inner.getMany!(keys));
    }
    if (inner.setMany) {
      this.setMany = (entries, ttl) =>
        this.#call('setMany', entries.keys().next().value, () => inner.setMany!(entries, ttl));
    }
    if (inner.deleteMany) {
      this.deleteMany = (keys) => this.#call('deleteMany', keys[0], () => inner.deleteMany!(keys));
    }
    if (inner.has) this.has = (key) => this.#call('has', key, () => inner.has!(key));
    if (inner.incr) {
      this.incr = (key, delta) => this.#call('incr', key, () => inner.incr!(key, delta));
    }
    if (inner.ttl) this.ttl = (key) => this.#call('ttl', key, () => inner.ttl!(key));
    if (inner.ping) this.ping = () => this.#call('ping', undefined, () => inner.ping!());
    if (inner.stats) this.stats = () => this.#call('stats', undefined, () => inner.stats!());
    if (inner.flushServer) {
      this.flushServer = () =>
        this.#call('flushServer', undefined, () => inner.flushServer!(), CLEAR_DEADLINE_MS);
    }
  }

  get(key: string): Promise<Payload | undefined> {
    return this.#call('get', key, () => this.#inner.get(key));
  }

  set(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#call('set', key, () => this.#inner.set(key, payload, ttl));
  }

  add(key: string, payload: Payload, ttl: Ttl): Promise<boolean> {
    return this.#call('add', key, () => this.#inner.add(key, payload, ttl));
  }

  touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.#call('touch', key, () => this.#inner.touch(key, ttl));
  }

  delete(key: string): Promise<boolean> {
    return this.#call('delete', key, () => this.#inner.delete(key));
  }

  clear(): Promise<void> {
    return this.#call('clear', undefined, () => this.#inner.clear(), CLEAR_DEADLINE_MS);
  }

  async open(): Promise<void> {
    await this.#inner.open?.();
  }

  async close(): Promise<void> {
    await this.#inner.close?.();
  }

  #call<T>(
    operation: string,
    key: string | undefined,
    call: () => Promise<T>,
    deadlineMs = this.#deadlineMs,
  ): Promise<T> {
    const started = performance.now();
    return new Promise<T>((resolve, reject) => {
      const fail = (cause: unknown): void => {
        clearTimeout(timer);
        reject(this.#failed(cause, operation, key, started));
      };
      // If this process was held up, the answer may be there already: it gets one turn to be read before time is up.
      const timer = setTimeout(() => {
        setImmediate(() => {
          fail(new CacheTimeoutError('CACHE_TIMEOUT', `no answer within ${deadlineMs} ms`));
        });
      }, deadlineMs);
      const succeed = (answer: T): void => {
        clearTimeout(timer);
        if (this.#isDown) this.#cameBack();
        resolve(answer);
      };
      call().then(succeed, fail);
    });
  }

  #failed(cause: unknown, operation: string, key: string | undefined, started: number): unknown {
    if (isCallersFault(cause, operation)) return cause;
    const error = this.#typed(cause, operation, key);
    publish({
      alias: this.#alias,
      backend: this.name,
      operation,
      result: 'error',
      durationMs: performance.now() - started,
      error,
    });
    if (!this.#isDown && !this.#inner.reportsServers && !(error instanceof CacheCorruptError)) {
      this.#isDown = true;
      this.#report({ kind: 'server', server: this.description, state: 'down', error });
    }
    return error;
  }

  #cameBack(): void {
    this.#isDown = false;
    this.#report({ kind: 'server', server: this.description, state: 'up' });
  }

  #typed(cause: unknown, operation: string, key: string | undefined): CacheBackendError {
    const what = key === undefined ? operation : `${operation} "${shortKey(key)}"`;
    const message = `The ${this.name} backend of cache "${this.#alias}" failed to ${what}: ${reasonOf(cause)}.`;
    const details = {
      alias: this.#alias,
      backend: this.name,
      operation,
      ...(key === undefined ? {} : { key }),
      cause,
    };
    const code = (cause as { code?: unknown } | null | undefined)?.code;
    if (cause instanceof CacheTimeoutError) {
      return new CacheTimeoutError('CACHE_TIMEOUT', message, details);
    }
    if (cause instanceof CacheCorruptError) {
      return new CacheCorruptError('CACHE_CORRUPT', message, details);
    }
    if (cause instanceof CacheUnavailableError || UNREACHABLE.has(String(code))) {
      return new CacheUnavailableError('CACHE_UNAVAILABLE', message, details);
    }
    return new CacheBackendError('CACHE_BACKEND', message, details);
  }
}

/** True for what the contract lets a backend say about the call itself; it is no failure of the backend. */
function isCallersFault(cause: unknown, operation: string): boolean {
  return (
    cause instanceof CacheTypeError ||
    cause instanceof CacheUnsupportedError ||
    cause instanceof CacheClosedError ||
    (operation === 'incr' && cause instanceof RangeError)
  );
}
