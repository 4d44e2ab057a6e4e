import { describe, expect, it } from '@jest/globals';
import type { HeaderField } from '../../../lib/http/http-head.js';
import { isNeverStored, pageHeaders } from '../../../lib/http/page-headers.js';

describe('pageHeaders()', () => {
  it('keeps what the handler set, spelt as it was', () => {
    const head: HeaderField[] = [
      ['Content-Type', 'text/html'],
      ['Link', ['</a>; rel=preload', '</b>; rel=preload']],
    ];

    expect(pageHeaders(head, [])).toEqual({ fields: head, removed: [] });
  });

  it('leaves out what was there before and has not changed', () => {
    const before: HeaderField[] = [
      ['X-Powered-By', 'Express'],
      ['access-control-allow-origin', 'https://a.example'],
      ['X-Lang', 'en'],
    ];
    const head: HeaderField[] = [
      ['x-powered-by', 'Express'],
      ['Access-Control-Allow-Origin', 'https://a.example'],
      ['X-Lang', 'fr'],
    ];

    expect(pageHeaders(head, before)).toEqual({ fields: [['X-Lang', 'fr']], removed: [] });
  });

  it('remembers what the handler removed', () => {
    expect(
      pageHeaders(
        [],
        [
          ['X-Frame-Options', 'DENY'],
          ['X-Request-Id', '1'],
        ],
      ),
    ).toEqual({
      fields: [],
      removed: ['x-frame-options'],
    });
  });

  it('leaves out what Connection names [V1]', () => {
    const head: HeaderField[] = [
      ['Connection', 'close, X-Hop'],
      ['X-Hop', '1'],
      ['X-End', '2'],
    ];

    expect(pageHeaders(head, []).fields).toEqual([['X-End', '2']]);
  });
});

describe('isNeverStored()', () => {
  it.each([
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Authenticate',
    'Proxy-Connection',
    'Set-Cookie',
    'Set-Cookie2',
    'Authentication-Info',
    'WWW-Authenticate',
    'Clear-Site-Data',
    'Date',
    'Age',
    'X-Request-Id',
    'traceparent',
    'X-B3-TraceId',
    'RateLimit-Limit',
    'X-RateLimit-Remaining',
    'Content-Length',
    'Content-Range',
    'X-Cache',
  ])('is true for %s [V1]', (name) => {
    expect(isNeverStored(name)).toBe(true);
  });

  it.each(['Content-Type', 'ETag', 'Cache-Control', 'Expires', 'Vary', 'Location', 'Link'])(
    'is false for %s',
    (name) => {
      expect(isNeverStored(name)).toBe(false);
    },
  );
});
