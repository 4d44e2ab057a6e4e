import { performance } from 'node:perf_hooks';
import type { BackendContext, CacheBackend } from './cache-backend.interface.js';
import { publish } from './cache-events.js';
import {
  CacheBackendError,
  CacheClosedError,
  CacheConfigError,
  CacheCorruptError,
  CacheTimeoutError,
  CacheTypeError,
  CacheUnavailableError,
  CacheUnsupportedError,
  reasonOf,
  shortKey,
} from './cache.errors.js';
import type { BackendOperation } from './wrapped.backend.js';

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

/** What failed to be done, where the name of the operation is no verb. */
const IN_WORDS: { readonly [Operation in BackendOperation]?: string } = {
  flags: 'look for',
  ttl: 'tell the time left of',
  stats: 'tell its statistics',
};

/** What an operation needs of a backend: a full or read-only disk can do the one and not the other. */
export type OperationKind = 'read' | 'write';

const READS: ReadonlySet<BackendOperation> = new Set([
  'get',
  'getMany',
  'flags',
  'ttl',
  'ping',
  'stats',
]);

/** What an operation needs of a backend. */
export function kindOf(operation: BackendOperation): OperationKind {
  return READS.has(operation) ? 'read' : 'write';
}

/**
 * What becomes of the failures of one backend: a typed error, an event, and one report per change of its state. It is back when
 * what failed works again.
 */
export class BackendFailures {
  readonly #backend: CacheBackend;
  readonly #alias: string;
  readonly #report: BackendContext['report'];
  readonly #failing = new Set<OperationKind>();

  constructor(backend: CacheBackend, context: Pick<BackendContext, 'alias' | 'report'>) {
    this.#backend = backend;
    this.#alias = context.alias;
    this.#report = context.report;
  }

  /** Takes note of a call that was answered. A write that changed nothing does not tell whether one could. */
  answered(kind: OperationKind, answer: unknown): void {
    if (this.#failing.size === 0 || (kind === 'write' && !answer)) return;
    if (!this.#failing.delete(kind) || this.#failing.size > 0) return;
    this.#report({ kind: 'server', server: this.#description, state: 'up' });
  }

  /**
   * Takes note of a call that failed.
   *
   * @param started When it began, on the clock of `performance.now()`.
   * @returns what the caller is to see: a `CacheBackendError`, or what is the caller's fault as it is.
   */
  failed(
    cause: unknown,
    operation: BackendOperation,
    key: string | undefined,
    started: number,
  ): unknown {
    if (isCallersFault(cause, operation)) return cause;
    const error = this.#typed(cause, operation, key);
    publish({
      alias: this.#alias,
      backend: this.#backend.name,
      operation,
      result: 'error',
      durationMs: performance.now() - started,
      error,
    });
    const isAnswer = error instanceof CacheCorruptError;
    if (!this.#backend.reportsServers && !isAnswer) this.#fails(operation, error);
    return error;
  }

  #fails(operation: BackendOperation, error: unknown): void {
    const wasDown = this.#failing.size > 0;
    this.#failing.add(kindOf(operation));
    if (wasDown) return;
    this.#report({ kind: 'server', server: this.#description, state: 'down', error });
  }

  get #description(): string {
    return this.#backend.description ?? this.#backend.name;
  }

  #typed(cause: unknown, operation: BackendOperation, key: string | undefined): CacheBackendError {
    const { name } = this.#backend;
    const call = IN_WORDS[operation] ?? operation;
    const what = key === undefined ? call : `${call} "${shortKey(key)}"`;
    const message = `The ${name} backend of cache "${this.#alias}" failed to ${what}: ${reasonOf(cause)}.`;
    const details = {
      alias: this.#alias,
      backend: name,
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

/** True for what the contract lets a backend say about the call or the configuration; it is no failure of the backend. */
function isCallersFault(cause: unknown, operation: string): boolean {
  return (
    cause instanceof CacheTypeError ||
    cause instanceof CacheUnsupportedError ||
    cause instanceof CacheClosedError ||
    cause instanceof CacheConfigError ||
    (operation === 'incr' && cause instanceof RangeError)
  );
}
