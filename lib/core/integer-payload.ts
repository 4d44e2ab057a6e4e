import type { Payload } from './cache-backend.interface.js';
import { CacheTypeError, shortKey } from './cache.errors.js';

const INTEGER = /^-?\d+ *$/;

/**
 * The integer in a payload, or undefined if it is none.
 *
 * An integer is any payload of the form `-?digits`, whatever its flags; memcached pads a number that became shorter
 * with blanks, so trailing ones are ignored.
 */
export function integerOf(payload: Payload): bigint | undefined {
  const text = typeof payload.data === 'string' ? payload.data : payload.data.toString('latin1');
  return text.length <= 400 && INTEGER.test(text) ? BigInt(text.trimEnd()) : undefined;
}

/**
 * The payload after adding `delta`, with the flags it had, and its value.
 *
 * @throws {CacheTypeError} if the payload is not an integer. @throws {RangeError} if the sum is not a safe integer.
 */
export function addToPayload(
  payload: Payload,
  delta: number,
  key: string,
): { readonly payload: Payload; readonly value: number } {
  const current = integerOf(payload);
  if (current === undefined) throw notAnInteger(key);
  const value = safeSum(current + BigInt(delta), key);
  return { payload: { flags: payload.flags, data: String(value) }, value };
}

/** The error for a counter operation on an entry that holds something else. */
export function notAnInteger(key: string): CacheTypeError {
  return new CacheTypeError(
    'CACHE_NOT_AN_INTEGER',
    `The entry "${shortKey(key)}" does not hold an integer, so it cannot be incremented. Store a whole number first, or use another key for the counter.`,
    { key },
  );
}

/** The sum as a number. @throws {RangeError} if it is not a safe integer. */
export function safeSum(sum: bigint, key: string): number {
  const value = Number(sum);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `The counter "${shortKey(key)}" would become ${sum}, which is beyond the safe integers (2^53 - 1). Nothing was changed.`,
    );
  }
  return value;
}
