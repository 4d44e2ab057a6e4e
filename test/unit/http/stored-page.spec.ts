import { describe, expect, it } from '@jest/globals';
import {
  decodeEntry,
  encodeIndex,
  encodePage,
  isVaryIndex,
  type StoredPage,
} from '../../../lib/http/stored-page.js';

const FLIPS = process.env['HEAVY'] ? 20_000 : 2_000;

const PAGE: StoredPage = {
  status: 200,
  fields: [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Link', ['</a>', '</b>']],
  ],
  removed: ['x-frame-options'],
  date: 'Sun, 22 Nov 2026 10:00:00 GMT',
  storedAt: 1_790_000_000_000,
  age: 3,
  freshUntil: 1_790_000_060_000,
  stale: { whileRevalidate: 30, ifError: 3600 },
  lifetimes: { maxAge: 60 },
  body: Buffer.from([0, 255, 10, 13]),
};

/** The bytes of a page whose head says something else. */
function forged(change: object, body = PAGE.body): Buffer {
  const bytes = encodePage('page:k', PAGE);
  const length = bytes.readUInt32BE(4);
  const head = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as object;
  const json = Buffer.from(JSON.stringify({ ...head, ...change }));
  const size = Buffer.alloc(4);
  size.writeUInt32BE(json.length);
  return Buffer.concat([bytes.subarray(0, 4), size, json, body]);
}

describe('a stored page', () => {
  it('comes back as it was', () => {
    expect(decodeEntry('page:k', encodePage('page:k', PAGE))).toEqual(PAGE);
  });

  it('comes back with an empty body', () => {
    const page = { ...PAGE, body: Buffer.alloc(0) };

    expect(decodeEntry('page:k', encodePage('page:k', page))).toEqual(page);
  });

  it('is a miss under any other key', () => {
    expect(decodeEntry('page:other', encodePage('page:k', PAGE))).toBeUndefined();
  });

  it('is a miss if any byte at its end is missing', () => {
    const bytes = encodePage('page:k', PAGE);
    const cut = Array.from({ length: bytes.length }, (_, length) =>
      decodeEntry('page:k', bytes.subarray(0, length)),
    );

    expect(cut.filter(Boolean)).toEqual([]);
  });

  it('is a miss if bytes were added', () => {
    const bytes = Buffer.concat([encodePage('page:k', PAGE), Buffer.from('x')]);

    expect(decodeEntry('page:k', bytes)).toBeUndefined();
  });

  it.each([
    ['a value that splits the response', { fields: [['X-A', 'x\r\nSet-Cookie: a=b']] }],
    ['a NUL', { fields: [['X-A', 'x\u0000']] }],
    ['a line feed in a list', { fields: [['X-A', ['a', 'x\ny']]] }],
    ['a name that is no name', { fields: [['X A', 'x']] }],
    ['an empty name', { fields: [['', 'x']] }],
    ['a cookie', { fields: [['Set-Cookie', 'sid=1']] }],
    ['a hop-by-hop header', { fields: [['transfer-encoding', 'chunked']] }],
    ['a length of its own', { fields: [['Content-Length', '1']] }],
    ['a field that is no pair', { fields: [['X-A']] }],
    ['a value that is no text', { fields: [['X-A', 1]] }],
    ['fields that are no list', { fields: { 'X-A': 'x' } }],
    ['an informational status', { status: 101 }],
    ['a status above all', { status: 600 }],
    ['a status that is no number', { status: '200' }],
    ['a 304', { status: 304 }],
    ['a moment that is none', { storedAt: -1 }],
    ['lifetimes that are none', { lifetimes: { maxAge: '5' } }],
    ['a lifetime below zero', { lifetimes: { sMaxAge: -1 } }],
    ['no date', { date: undefined }],
    ['a date that splits the response', { date: 'now\r\nSet-Cookie: a=b' }],
    ['an age that is none', { age: 0.5 }],
    ['removed headers that are none', { removed: [1] }],
    ['another length', { bodyLength: 3 }],
    ['another key', { key: 'page:other' }],
  ])('is a miss if it bears %s [V4]', (_what, change) => {
    expect(decodeEntry('page:k', forged(change))).toBeUndefined();
  });

  it('decodes from what was forged if nothing is wrong with it', () => {
    expect(decodeEntry('page:k', forged({}))).toEqual(PAGE);
  });

  it.each([
    ['undefined', undefined],
    ['text', 'NCP1'],
    ['an object', { status: 200 }],
    ['no bytes', Buffer.alloc(0)],
    ['bytes of another kind', Buffer.from('{"status":200,"body":"evil"}')],
    ['a length beyond the end', Buffer.from('NCP1\u00ff\u00ff\u00ff\u00ff{}', 'latin1')],
    ['JSON of another shape', Buffer.from('NCP1\u0000\u0000\u0000\u0002[]', 'latin1')],
    ['broken JSON', Buffer.from('NCP1\u0000\u0000\u0000\u0002{!', 'latin1')],
  ])('is not found in %s', (_what, bytes) => {
    expect(decodeEntry('page:k', bytes)).toBeUndefined();
  });

  it(`with one bit flipped is a miss or another page, ${FLIPS} times, and never an error`, () => {
    const bytes = encodePage('page:k', PAGE);
    const results = new Set<string>();
    for (let index = 0; index < FLIPS; index += 1) {
      const bit = (index * 7919) % (bytes.length * 8);
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const entry = decodeEntry('page:k', flipped);
      results.add(entry === undefined ? 'miss' : isVaryIndex(entry) ? 'index' : 'page');
    }

    expect([...results].toSorted()).toEqual(['miss', 'page']);
  });
});

describe('an index of variants', () => {
  const INDEX = {
    names: ['accept-language', 'x-a'],
    variants: [
      ['page:one', 1_790_000_000_000],
      ['page:two', null],
    ],
  } as const;

  it('comes back as it was', () => {
    const entry = decodeEntry('page:k', encodeIndex('page:k', INDEX));

    expect(entry).toEqual(INDEX);
    expect(entry && isVaryIndex(entry)).toBe(true);
  });

  it('is a miss under any other key', () => {
    expect(decodeEntry('page:other', encodeIndex('page:k', INDEX))).toBeUndefined();
  });

  it('is a miss if it lists no names or no variants', () => {
    const bare = { ...INDEX, names: [] };
    const broken = { ...INDEX, variants: [['page:one']] } as never;

    expect(decodeEntry('page:k', Buffer.from(encodeIndex('page:k', bare)))).toBeUndefined();
    expect(decodeEntry('page:k', Buffer.from(encodeIndex('page:k', broken)))).toBeUndefined();
  });
});
