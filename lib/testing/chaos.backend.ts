import type { CacheBackend, CacheBackendFactory } from '../core/cache-backend.interface.js';
import { CacheTimeoutError, CacheUnavailableError } from '../core/cache.errors.js';
import { DEFAULT_DEADLINE_MS } from '../core/guarded.backend.js';
import { type BackendOperation, WrappedBackend } from '../core/wrapped.backend.js';
import {
  type ChaosOptions,
  resolveChaosOptions,
  type ResolvedChaosOptions,
} from './chaos.options.js';
import { seededRandom } from './seeded-random.js';

/**
 * A backend, or the factory of one, that fails and dawdles as it is told: to see what an application does when its cache
 * does. What is not failed is the inner backend's answer. `open` and `close` never fail.
 *
 * It is one that can fail, so a cache puts its guard in front, also where the inner one has none. It lacks the two methods
 * that answer at once.
 *
 * @example
 * let isAway = false;
 * const backend = chaos(memory(), { failBefore: 1, when: () => isAway });
 * const cache = await createCache({ backend });
 * await cache.set('code', '4711');
 * isAway = true;
 * await cache.get('code'); // undefined
 * @throws {CacheConfigError} for an unknown option or a value that is not allowed.
 */
export function chaos(inner: CacheBackend, options?: ChaosOptions): CacheBackend;
export function chaos(inner: CacheBackendFactory, options?: ChaosOptions): CacheBackendFactory;
export function chaos(
  inner: CacheBackend | CacheBackendFactory,
  options: ChaosOptions = {},
): CacheBackend | CacheBackendFactory {
  const resolved = resolveChaosOptions(options);
  if (typeof inner !== 'function') return new ChaosBackend(inner, resolved);
  return async (context) => new ChaosBackend(await inner(context), resolved);
}

/** What becomes of one call. */
interface Fate {
  readonly isRefused: boolean;
  readonly isLost: boolean;
  readonly msBefore: number;
  readonly msAfter: number;
}

class ChaosBackend extends WrappedBackend {
  override readonly description: string;
  override readonly deadlineMs: number;
  readonly #options: ResolvedChaosOptions;
  readonly #random: () => number;
  readonly #held = new Set<Promise<unknown>>();

  constructor(inner: CacheBackend, options: ResolvedChaosOptions) {
    super(inner);
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.description = `${inner.description ?? inner.name}, under chaos`;
    // Where the inner one says null it is because it cannot fail; now it can.
    this.deadlineMs = inner.deadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  /** Calls that are held up are in flight: they reach the backend before it is closed, and their answers arrive. */
  override async close(): Promise<void> {
    await Promise.allSettled(this.#held);
    await super.close();
    await Promise.allSettled(this.#held);
  }

  protected async around<T>(
    operation: BackendOperation,
    keys: readonly string[],
    call: () => Promise<T>,
  ): Promise<T> {
    if (!this.#options.when(operation, keys)) return call();
    const { isRefused, isLost, msBefore, msAfter } = this.#drawn();
    // In an object, so that what is held up ends when the call is made, not when it is answered.
    const asked = await this.#after(msBefore, () => {
      if (isRefused) throw this.#error(operation, keys, CacheUnavailableError, 'refused the call');
      return { answer: call() };
    });
    const answer = await asked.answer;
    return this.#after(msAfter, () => {
      if (isLost) throw this.#error(operation, keys, CacheTimeoutError, 'lost the answer');
      return answer;
    });
  }

  async #after<R>(ms: number, then: () => R): Promise<R> {
    if (ms === 0) return then();
    const held = this.#options.wait(ms).then(then);
    this.#held.add(held);
    try {
      return await held;
    } finally {
      this.#held.delete(held);
    }
  }

  // Always as many numbers, so that what one call meets does not depend on what became of those before.
  #drawn(): Fate {
    const { failBefore, failAfter, delayMs } = this.#options;
    const [refusal, loss, length, part] = [0, 0, 0, 0].map(this.#random) as [
      number,
      number,
      number,
      number,
    ];
    const [least, most] = delayMs;
    const ms = least + length * (most - least);
    return {
      isRefused: refusal < failBefore,
      isLost: loss < failAfter,
      msBefore: ms * part,
      msAfter: ms * (1 - part),
    };
  }

  #error(
    operation: BackendOperation,
    keys: readonly string[],
    Default: typeof CacheUnavailableError | typeof CacheTimeoutError,
    what: string,
  ): unknown {
    const { error } = this.#options;
    return error ? error(operation, keys) : new Default('CACHE_CHAOS', `chaos ${what}`);
  }
}
