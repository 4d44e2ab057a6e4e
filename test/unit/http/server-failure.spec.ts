import { describe, expect, it } from '@jest/globals';
import { isServerFailure } from '../../../lib/http/server-failure.js';

describe('isServerFailure()', () => {
  it.each([500, 502, 503, 504, 599])('is true for %d', (status) => {
    expect(isServerFailure(status, new Set([200]))).toBe(true);
  });

  it.each([200, 304, 400, 401, 403, 404, 408, 410, 429, 499])('is false for %d', (status) => {
    expect(isServerFailure(status, new Set([200]))).toBe(false);
  });

  it('is false for a status that makes a page', () => {
    expect(isServerFailure(501, new Set([200, 501]))).toBe(false);
  });
});
