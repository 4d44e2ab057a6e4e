import { performance } from 'node:perf_hooks';
import { BackendFailures, kindOf, type OperationKind } from './backend-failures.js';
import { isWatched } from './cache-events.js';
import type { BackendContext, CacheBackend, Payload } from './cache-backend.interface.js';
import { CacheBackendError, CacheTimeoutError } from './cache.errors.js';
import type { OnError } from './cache-options.interface.js';
import { PartialAnswer } from './partial-answer.js';
import { WrappedBackend, type BackendOperation } from './wrapped.backend.js';

/** How long one call may take, in milliseconds, where the backend does not say. */
export const DEFAULT_DEADLINE_MS = 1_000;

// Removing everything takes as long as there is much to remove.
const CLEAR_DEADLINE_MS = 30_000;
const PARTS_OF_DEADLINE = 4;
const TAKES_LONG: ReadonlySet<BackendOperation> = new Set(['clear', 'flushServer']);

/** A backend behind its guard, once for each `onError`. */
export interface GuardedBackends {
  /** Throws when the backend fails. */
  readonly strict: CacheBackend;
  /** Answers misses and false when the backend fails, and throws where an answer would decide something. */
  readonly forgiving: CacheBackend;
}

/** Puts a backend behind its guard. One that works in this process and cannot hang needs none. */
export function guarded(
  backend: CacheBackend,
  context: Pick<BackendContext, 'alias' | 'report'>,
): GuardedBackends {
  if (backend.deadlineMs === null) return { strict: backend, forgiving: backend };
  const failures = new BackendFailures(backend, context);
  return {
    strict: new GuardedBackend(backend, failures, 'throw'),
    forgiving: new GuardedBackend(backend, failures, 'miss'),
  };
}

/**
 * Stands in front of a backend that can fail: every call settles before a deadline, and every failure becomes a typed
 * error and an event, or with `onError: 'miss'` what a cache without the entry would answer.
 */
class GuardedBackend extends WrappedBackend {
  override readonly deadlineMs = null;
  override readonly reportsServers = true;
  readonly #failures: BackendFailures;
  readonly #isForgiving: boolean;
  readonly #limitMs: number;
  /** Takes note of an answer, and gives it on. Made once, as it stands behind every call. */
  readonly #answered: Readonly<Record<OperationKind, <T>(answer: T) => T>>;

  constructor(inner: CacheBackend, failures: BackendFailures, onError: OnError) {
    super(inner);
    this.#failures = failures;
    this.#isForgiving = onError === 'miss';
    this.#limitMs = inner.deadlineMs ?? DEFAULT_DEADLINE_MS;
    const answered =
      (kind: OperationKind) =>
      <T>(answer: T): T => {
        failures.answered(kind, answer);
        return answer;
      };
    this.#answered = { read: answered('read'), write: answered('write') };
  }

  // What is called most makes the least of it.
  override get(key: string): Promise<Payload | undefined> {
    if (this.#limitMs !== Infinity) return super.get(key);
    const started = isWatched() ? performance.now() : 0;
    return this.inner
      .get(key)
      .then(undefined, (cause: unknown) => this.#failed<undefined>(cause, 'get', [key], started));
  }

  protected around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T> {
    const started = isWatched() ? performance.now() : 0;
    return this.#inTime(operation, call).then(
      this.#answered[kindOf(operation)]<T>,
      (cause: unknown) => this.#failed<T>(cause, operation, keys, started),
    );
  }

  #inTime<T>(operation: BackendOperation, call: () => Promise<T>): Promise<T> {
    if (this.#limitMs === Infinity) return call();
    const deadlineMs = TAKES_LONG.has(operation) ? CLEAR_DEADLINE_MS : this.#limitMs;
    return new Promise<T>((resolve, reject) => {
      // Time in which this process was held up has not been waited: each part of the deadline passes in a turn of its own, in
      // which an operation of several steps goes on. What the last one brought is read before time is up.
      let partsLeft = PARTS_OF_DEADLINE;
      const timer = setTimeout(() => {
        partsLeft -= 1;
        if (partsLeft > 0) timer.refresh();
        else setImmediate(() => reject(overdue(deadlineMs)));
      }, deadlineMs / PARTS_OF_DEADLINE);
      call()
        .finally(() => clearTimeout(timer))
        .then(resolve, reject);
    });
  }

  /** True if nobody is told of a failure: the backend reports its servers itself, and nobody listens for events. */
  get #isQuiet(): boolean {
    return this.inner.reportsServers === true && !isWatched();
  }

  /** What the caller sees instead of an answer. */
  #failed<T>(
    cause: unknown,
    operation: BackendOperation,
    keys: readonly string[],
    started: number,
  ): T {
    const isPartial = cause instanceof PartialAnswer;
    const failure = isPartial ? cause.cause : cause;
    const fallback = this.#isForgiving ? FALLBACKS[operation] : undefined;
    if (!fallback) throw this.#failures.failed(failure, operation, keys[0], started);
    // While a server is down, its calls fail by the thousand: no error is made that nobody sees.
    if (!this.#isQuiet || !(failure instanceof CacheBackendError)) {
      const error = this.#failures.failed(failure, operation, keys[0], started);
      if (!(error instanceof CacheBackendError)) throw error;
    }
    return (isPartial ? cause.answer : fallback(keys)) as T;
  }
}

function overdue(deadlineMs: number): CacheTimeoutError {
  return new CacheTimeoutError('CACHE_TIMEOUT', `no answer within ${deadlineMs} ms`);
}

type Fallback = (keys: readonly string[]) => unknown;

const refused: Fallback = () => false;
const missing: Fallback = () => undefined;

/** What the caller of a forgiving cache sees instead of a failure. An operation that is not here decides something: it fails. */
const FALLBACKS: Readonly<Partial<Record<BackendOperation, Fallback>>> = {
  get: missing,
  getMany: () => new Map(),
  flags: missing,
  ttl: missing,
  set: refused,
  setMany: (keys) => [...keys],
  touch: refused,
  delete: refused,
  deleteMany: () => 0,
};
