import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { isEqual } from './equality.js';

/** What an error must be: told by its name or its stable `code`, never by `instanceof`. */
export interface ExpectedError {
  readonly name?: string;
  readonly code?: string;
}

/** Demands that two values are equal. @param what What the value is, for the message: `get() after touch()`. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isEqual(actual, expected)) return;
  throw new assert.AssertionError({
    message: `${what}: expected ${show(expected)}, but got ${show(actual)}.`,
    actual,
    expected,
    operator: 'equal',
  });
}

/** Demands that a statement holds. @param statement The statement, without a full stop. */
export function expectTrue(value: boolean, statement: string): void {
  if (value) return;
  throw new assert.AssertionError({
    message: `This does not hold: ${statement}`,
    actual: false,
    expected: true,
    operator: 'equal',
  });
}

/** Demands that a call rejects with this error and does not throw before it has given a promise. */
export async function expectRejection(
  call: () => Promise<unknown>,
  expected: ExpectedError,
  what: string,
): Promise<void> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    throw failure(what, `threw ${show(error)}`, 'gives a promise that rejects');
  }
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    const { name, code } = error as { name?: unknown; code?: unknown };
    if (expected.code !== undefined) expectEqual(code, expected.code, `${what}: code`);
    if (expected.name !== undefined) expectEqual(name, expected.name, `${what}: name`);
    return;
  }
  throw failure(what, `answered ${show(value)}`, 'rejects');
}

function failure(what: string, actual: string, expected: string): assert.AssertionError {
  const message = `${what} ${actual}. It must be so that it ${expected}.`;
  return new assert.AssertionError({ message, actual, expected, operator: 'equal' });
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 200 });
  return text.length <= 600 ? text : `${text.slice(0, 599)}…`;
}
