import { describe, expect, it } from '@jest/globals';
import { from, isObservable, lastValueFrom, of, toArray } from 'rxjs';
import { INERT_VALUE } from '../../../lib/http/inert-value.js';

// What it is made for is code that takes it for anything.
// oxlint-disable-next-line typescript/no-explicit-any
const inert = INERT_VALUE as any;

describe('the inert value', () => {
  it('gives itself for every property and every call', () => {
    expect(inert.user.names[0].toUpperCase().trim() === inert).toBe(true);
  });

  it('iterates and spreads to nothing', () => {
    expect([...inert]).toEqual([]);
    expect({ ...inert }).toEqual({});
    expect(Object.keys(inert as object)).toEqual([]);
  });

  it('is no promise, no Observable and no stream', async () => {
    expect((await inert) === inert).toBe(true);
    expect(isObservable(INERT_VALUE)).toBe(false);
    expect((await lastValueFrom(of(INERT_VALUE))) === inert).toBe(true);
    expect(inert[Symbol.asyncIterator]).toBeUndefined();
    expect(await lastValueFrom(from(inert as never[]).pipe(toArray()))).toEqual([]);
  });

  it('is empty as text, not a number as a number, and nothing as JSON', () => {
    expect(`${inert}`).toBe('');
    expect(inert > 0 || inert <= 0).toBe(false);
    expect(JSON.stringify({ data: inert })).toBe('{}');
  });

  it('takes every change and keeps none', () => {
    inert.stamp = 1;
    Object.assign(inert as object, { more: 2 });
    delete inert.stamp;

    expect(Object.keys(inert as object)).toEqual([]);
    expect(inert.stamp === inert).toBe(true);
  });
});
