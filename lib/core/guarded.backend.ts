import { performance } from 'node:perf_hooks';
import type { BackendContext, CacheBackend } from './cache-backend.interface.js';
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
import { WrappedBackend, type BackendOperation } from './wrapped.backend.js';

const DEADLINE_MS = 1_000;
// Removing everything takes as long as there is much to remove.
const CLEAR_DEADLINE_MS = 30_000;
const TAKES_LONG: ReadonlySet<BackendOperation> = new Set(['clear', 'flushServer']);
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
 */
export class GuardedBackend extends WrappedBackend {
  readonly #alias: string;
  readonly #report: BackendContext['report'];
  readonly #deadlineMs: number;
  #isDown = false;

  constructor(inner: CacheBackend, context: Pick<BackendContext, 'alias' | 'report'>) {
    super(inner);
    this.#alias = context.alias;
    this.#report = context.report;
    this.#deadlineMs = inner.deadlineMs ?? DEADLINE_MS;
  }

  protected around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T> {
    const deadlineMs = TAKES_LONG.has(operation) ? CLEAR_DEADLINE_MS : this.#deadlineMs;
    const started = performance.now();
    return new Promise<T>((resolve, reject) => {
      const fail = (cause: unknown): void => {
        clearTimeout(timer);
        reject(this.#failed(cause, operation, keys[0], started));
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
    if (!this.#isDown && !this.inner.reportsServers && !(error instanceof CacheCorruptError)) {
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
