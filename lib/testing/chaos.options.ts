import { badOption, checkInteger, checkOptionNames, givenOf } from '../core/option-checks.js';
import type { BackendOperation } from '../core/wrapped.backend.js';

/** What `chaos()` does to calls. Without options it does nothing. */
export interface ChaosOptions {
  /** How likely a call fails before the backend hears of it: from 0 to 1. Default: 0. */
  readonly failBefore?: number;
  /**
   * How likely a call that reached the backend fails all the same, from 0 to 1: it was carried out, and its answer is lost.
   * Default: 0.
   */
  readonly failAfter?: number;
  /**
   * How many **milliseconds** a call takes longer: that many, or at random between two. One part of them passes before the
   * backend is asked and the rest before its answer arrives, so calls that are made together are carried out in any order.
   * A call of which the guard does not await the answer is carried out all the same. Default: 0.
   */
  readonly delayMs?: number | readonly [least: number, most: number];
  /** A whole number: with the same one, the same calls in the same order have the same fate. Default: 1. */
  readonly seed?: number;
  /**
   * Asked before each call; where it answers false, the call goes through as it is. A lease that was given out is used by the
   * operations `fill`, `renew` and `release`. Default: all calls are meant.
   */
  readonly when?: (operation: BackendOperation, keys: readonly string[]) => boolean;
  /**
   * Makes what a call fails with. Default: a `CacheUnavailableError` where the backend did not hear of it, a
   * `CacheTimeoutError` where its answer was lost.
   */
  readonly error?: (operation: BackendOperation, keys: readonly string[]) => unknown;
  /** Lets milliseconds pass. Default: `setTimeout`. */
  readonly wait?: (ms: number) => Promise<void>;
}

/** Checked options. */
export type ResolvedChaosOptions = Required<Omit<ChaosOptions, 'error' | 'delayMs'>> &
  Pick<ChaosOptions, 'error'> & { readonly delayMs: readonly [least: number, most: number] };

const DEFAULTS = {
  failBefore: 0,
  failAfter: 0,
  delayMs: 0,
  seed: 1,
  when: () => true,
  wait: (ms: number) =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, ms);
    }),
} as const satisfies ChaosOptions;

const WHERE = 'the options of chaos()';
const FUNCTIONS = ['when', 'error', 'wait'] as const;

/** Merges the options with their defaults and checks them. @throws {CacheConfigError} */
export function resolveChaosOptions(options: ChaosOptions): ResolvedChaosOptions {
  checkOptionNames(WHERE, options, [...Object.keys(DEFAULTS), 'error']);
  for (const name of ['failBefore', 'failAfter'] as const) {
    const value: unknown = options[name] ?? 0;
    if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
      throw badOption(WHERE, name, value, 'a number from 0 to 1');
    }
  }
  checkInteger(WHERE, 'seed', options.seed, Number.MIN_SAFE_INTEGER);
  for (const name of FUNCTIONS) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw badOption(WHERE, name, options[name], 'a function');
    }
  }
  return {
    ...DEFAULTS,
    ...givenOf(options),
    delayMs: rangeOf(options.delayMs ?? DEFAULTS.delayMs),
  };
}

function rangeOf(delayMs: unknown): readonly [number, number] {
  const [least, most] = (Array.isArray(delayMs) ? delayMs : [delayMs, delayMs]) as unknown[];
  const isRange = Number.isFinite(least) && Number.isFinite(most);
  if (isRange && (least as number) >= 0 && (least as number) <= (most as number)) {
    return [least as number, most as number];
  }
  throw badOption(WHERE, 'delayMs', delayMs, 'milliseconds of at least 0, or [least, most]');
}
