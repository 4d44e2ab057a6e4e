import { describe, expect, it } from '@jest/globals';
import { isNotModified, weakETag } from '../../../lib/http/conditional-request.js';

const DAY = 'Sun, 22 Nov 2026 10:00:00 GMT';
const DAY_BEFORE = 'Sat, 21 Nov 2026 10:00:00 GMT';

describe('isNotModified()', () => {
  it.each([
    [{ 'if-none-match': '"a"' }, { etag: '"a"' }, true],
    [{ 'if-none-match': 'W/"a"' }, { etag: '"a"' }, true],
    [{ 'if-none-match': '"a"' }, { etag: 'W/"a"' }, true],
    [{ 'if-none-match': '"b", W/"a"' }, { etag: '"a"' }, true],
    [{ 'if-none-match': '"a,b"' }, { etag: '"a,b"' }, true],
    [{ 'if-none-match': ' * ' }, { etag: '"a"' }, true],
    [{ 'if-none-match': '*' }, {}, false],
    [{ 'if-none-match': '"b"' }, { etag: '"a"' }, false],
    [{ 'if-none-match': 'a' }, { etag: '"a"' }, false],
    [{ 'if-none-match': '"a' }, { etag: '"a"' }, false],
    [{ 'if-modified-since': DAY }, { lastModified: DAY }, true],
    [{ 'if-modified-since': DAY }, { lastModified: DAY_BEFORE }, true],
    [{ 'if-modified-since': DAY_BEFORE }, { lastModified: DAY }, false],
    [{ 'if-modified-since': 'yesterday' }, { lastModified: DAY }, false],
    [{ 'if-modified-since': DAY }, { lastModified: 'yesterday' }, false],
    [{ 'if-modified-since': DAY }, {}, false],
    [{ 'if-modified-since': '2030' }, { lastModified: DAY }, false],
    [{ 'if-modified-since': '2030-01-01T00:00:00Z' }, { lastModified: DAY }, false],
    [{ 'if-modified-since': 'Sun Nov 22 10:00:00 2026' }, { lastModified: DAY }, true],
    [{ 'if-modified-since': DAY }, { lastModified: '2020' }, false],
    [{}, { etag: '"a"', lastModified: DAY }, false],
  ])('of %j and %j is %s [H20]', (headers, page, expected) => {
    expect(isNotModified(headers, page)).toBe(expected);
  });

  it('lets If-None-Match decide alone where it is sent', () => {
    const headers = { 'if-none-match': '"b"', 'if-modified-since': DAY };

    expect(isNotModified(headers, { etag: '"a"', lastModified: DAY })).toBe(false);
  });

  it('is false for a client that says no-cache', () => {
    const headers = { 'if-none-match': '"a"', 'cache-control': 'No-Cache' };

    expect(isNotModified(headers, { etag: '"a"' })).toBe(false);
  });
});

describe('weakETag()', () => {
  it('is the same for the same bytes and another for others', () => {
    const etag = weakETag(Buffer.from('page'));

    expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
    expect(weakETag(Buffer.from('page'))).toBe(etag);
    expect(weakETag(Buffer.from('Page'))).not.toBe(etag);
  });
});
