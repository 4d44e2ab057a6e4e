import { describe, expect, it } from '@jest/globals';
import { ServerResponse, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { weakETag } from '../../../lib/http/conditional-request.js';
import { getConditionalStatus, setResponseETag } from '../../../lib/http/conditional-response.js';

const OLD = 'Thu, 01 Jan 2026 00:00:00 GMT';
const NEW = 'Fri, 02 Jan 2026 00:00:00 GMT';
const STRONG = { etag: '"a"', lastModified: OLD };

describe('getConditionalStatus()', () => {
  it.each([
    ['GET', {}, undefined],
    ['GET', { 'if-none-match': 'W/"a"' }, 304],
    ['HEAD', { 'if-none-match': '"b", "a"' }, 304],
    ['GET', { 'if-none-match': '"b"', 'if-modified-since': NEW }, undefined],
    ['GET', { 'if-modified-since': OLD }, 304],
    ['PUT', { 'if-none-match': '*' }, 412],
    ['PUT', { 'if-none-match': '"b"' }, undefined],
    ['PUT', { 'if-modified-since': NEW }, undefined],
    ['PUT', { 'if-match': '"a"' }, undefined],
    ['PUT', { 'if-match': '*' }, undefined],
    ['PUT', { 'if-match': '"b"' }, 412],
    ['PUT', { 'if-match': 'W/"a"' }, 412],
    ['GET', { 'if-match': '"b"', 'if-none-match': '"a"' }, 412],
    ['PUT', { 'if-unmodified-since': 'Wed, 31 Dec 2025 23:59:59 GMT' }, 412],
    ['PUT', { 'if-unmodified-since': OLD }, undefined],
    ['PUT', { 'if-unmodified-since': 'yesterday' }, undefined],
    [
      'PUT',
      { 'if-match': '"a"', 'if-unmodified-since': 'Wed, 31 Dec 2025 23:59:59 GMT' },
      undefined,
    ],
  ])('of %s with %j is %s', (method, headers, status) => {
    expect(getConditionalStatus({ method, headers }, STRONG)).toBe(status);
  });

  it('meets no weak tag with If-Match', () => {
    const request = { method: 'PUT', headers: { 'if-match': 'W/"a"' } };

    expect(getConditionalStatus(request, { etag: 'W/"a"' })).toBe(412);
  });

  it('does not judge by a date if none is known', () => {
    const request = { method: 'PUT', headers: { 'if-unmodified-since': OLD } };

    expect(getConditionalStatus(request, {})).toBeUndefined();
  });

  it('finds no match of If-Match where nothing is there', () => {
    expect(getConditionalStatus({ method: 'PUT', headers: { 'if-match': '*' } }, {})).toBe(412);
  });
});

describe('setResponseETag()', () => {
  it('gives text and its bytes the same tag', () => {
    const one = response();
    const other = response();

    setResponseETag(one, 'größe');
    setResponseETag(other, Buffer.from('größe'));

    expect(one.getHeader('ETag')).toBe(weakETag(Buffer.from('größe')));
    expect(other.getHeader('ETag')).toBe(one.getHeader('ETag'));
  });

  it('keeps a tag that is there', () => {
    const tagged = response().setHeader('ETag', '"mine"');

    setResponseETag(tagged, 'text');

    expect(tagged.getHeader('ETag')).toBe('"mine"');
  });

  it('gives no tag to no body', () => {
    const empty = response();

    setResponseETag(empty, '');

    expect(empty.hasHeader('ETag')).toBe(false);
  });
});

function response(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}
