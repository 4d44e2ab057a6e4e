import type { CacheBackend, CacheBackendFactory } from '../core/cache-backend.interface.js';
import { type BackendOperation, WrappedBackend } from '../core/wrapped.backend.js';

/** One call on a backend. While it is under way it has neither a result nor an error. */
export interface RecordedCall {
  readonly operation: BackendOperation;
  /** The final keys, as the backend sees them; none for a call about the whole backend. */
  readonly keys: readonly string[];
  /** What the backend answered, payloads as they are. There, and undefined, for a `get` that missed. */
  readonly result?: unknown;
  /** What the call rejected with. */
  readonly error?: unknown;
}

/** What `recording()` has seen. */
export interface Recording {
  /** All calls, in the order in which they were made. */
  readonly calls: readonly RecordedCall[];
  /** The calls of these operations. */
  callsOf(...operations: readonly BackendOperation[]): RecordedCall[];
  /** Forgets all calls, those under way too. */
  forget(): void;
}

/**
 * A backend, or the factory of one, that writes down the calls it gets and passes them on: to see in a test what an
 * application asks of its cache.
 *
 * All backends that one factory makes write into one list. It lacks the two methods that answer at once, so that each call
 * is seen.
 *
 * @example
 * const backend = recording(memory());
 * const cache = await createCache({ backend, keyPrefix: 'shop' });
 * await cache.getOrSet('price', () => 42);
 * backend.calls.map(({ operation }) => operation); // ['get', 'lease', 'fill']
 */
export function recording(inner: CacheBackend): CacheBackend & Recording;
export function recording(inner: CacheBackendFactory): CacheBackendFactory & Recording;
export function recording(
  inner: CacheBackend | CacheBackendFactory,
): (CacheBackend | CacheBackendFactory) & Recording {
  const calls: RecordedCall[] = [];
  if (typeof inner !== 'function') return new RecordingBackend(inner, calls);
  const factory: CacheBackendFactory = async (context) =>
    new RecordingBackend(await inner(context), calls);
  return Object.assign(factory, recordingOf(calls));
}

class RecordingBackend extends WrappedBackend implements Recording {
  readonly calls: RecordedCall[];
  readonly callsOf: Recording['callsOf'];
  readonly forget: Recording['forget'];

  constructor(inner: CacheBackend, calls: RecordedCall[]) {
    super(inner);
    ({ calls: this.calls, callsOf: this.callsOf, forget: this.forget } = recordingOf(calls));
  }

  protected async around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T> {
    const made: { -readonly [Name in keyof RecordedCall]: RecordedCall[Name] } = {
      operation,
      keys: [...keys],
    };
    this.calls.push(made);
    try {
      const result = await call();
      made.result = result;
      return result;
    } catch (error) {
      made.error = error;
      throw error;
    }
  }
}

function recordingOf(calls: RecordedCall[]) {
  return {
    calls,
    callsOf: (...operations: readonly BackendOperation[]) =>
      calls.filter(({ operation }) => operations.includes(operation)),
    forget: () => {
      calls.length = 0;
    },
  };
}
