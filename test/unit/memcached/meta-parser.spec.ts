import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { MetaParser } from '../../../lib/backends/memcached/meta.parser.js';
import { CODE, SEEN, type MetaReply } from '../../../lib/backends/memcached/meta.reply.js';

const LIMIT = 4 << 20;

/** What a test keeps of a reply, which is gone when its handler returns. */
interface Kept {
  readonly code: string;
  readonly seen: string[];
  readonly opaque?: number;
  readonly flags?: number;
  readonly cas?: bigint;
  readonly ttl?: number;
  readonly size?: number;
  readonly marks?: string;
  readonly text?: string;
  readonly value?: string;
}

function kept(reply: MetaReply): Kept {
  const code = Object.entries(CODE).find(([, value]) => value === reply.code)![0];
  if (code === 'line' || code === 'error') return { code, seen: [], text: reply.text };
  const seen = Object.entries(SEEN)
    .filter(([, bit]) => (reply.seen & bit) !== 0)
    .map(([name]) => name);
  const has = (name: string) => seen.includes(name);
  const marks = `${reply.isWon ? 'W' : ''}${reply.isStale ? 'X' : ''}${reply.isTaken ? 'Z' : ''}`;
  const { body, bodyStart, size } = reply;
  return {
    code,
    seen,
    ...(has('opaque') ? { opaque: reply.opaque } : {}),
    ...(has('flags') ? { flags: reply.flags } : {}),
    ...(has('cas') ? { cas: reply.cas } : {}),
    ...(has('ttl') ? { ttl: reply.ttl } : {}),
    ...(has('size') ? { size } : {}),
    ...(marks === '' ? {} : { marks }),
    ...(code === 'VA' ? { value: body.toString('latin1', bodyStart, bodyStart + size) } : {}),
  };
}

/**
 * What comes out when the bytes arrive in these pieces, in a buffer that is used again and that holds, behind what arrived,
 * what looks like the next replies.
 */
function parsed(bytes: Buffer, cuts: readonly number[] = [], limit = LIMIT): Kept[] {
  const replies: Kept[] = [];
  const parser = new MetaParser((reply) => replies.push(kept(reply)), limit);
  const buffer = Buffer.alloc(bytes.length + 64);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    buffer.fill('9 O9 f9\r\nVA 1\r\n1\r\n');
    bytes.copy(buffer, 0, from, to);
    parser.push(buffer, to - from);
    from = to;
  }
  return replies;
}

function replyTo(text: string): Kept[] {
  return parsed(Buffer.from(text, 'latin1'));
}

function fault(text: string, limit = LIMIT): unknown {
  try {
    parsed(Buffer.from(text, 'latin1'), [], limit);
  } catch (error) {
    return (error as { what?: unknown }).what ?? error;
  }
  return undefined;
}

// As a real server sends it: every kind of reply, one after the other.
const SESSION = Buffer.from(
  [
    'VERSION 1.6.18\r\n',
    'HD O1 c1\r\n',
    'VA 5 f16 O1\r\nhello\r\n',
    'EN O2\r\n',
    'EN\r\n',
    'VA 0 f1024 O3\r\n\r\n',
    'VA 13 f0 c18446744073709551615 t-1 s13 O4\r\nEN\r\nVA 3\r\n\r\nx\r\n',
    'NS O1\r\n',
    'EX O1 c0\r\n',
    'NF O2\r\n',
    'VA 0 f0 s0 c25 t-1 O5 W\r\n\r\n',
    'VA 3 f5 O6 X W\r\nold\r\n',
    'VA 3 f4294967295 O6 Z X\r\nold\r\n',
    'HD s3 f16 c9007199254740993 t100 O7\r\n',
    'HD\r\n',
    'MN\r\n',
    'OK\r\n',
    'STORED\r\n',
    'STAT pid 4711\r\n',
    'STAT version 1.6.18\r\n',
    'END\r\n',
    'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
    'SERVER_ERROR object too large for cache\r\n',
    'ERROR\r\n',
    'ERROR Too many open connections\r\n',
    'VA 20 O8\r\n18446744073709551615\r\n',
  ].join(''),
);

describe('MetaParser', () => {
  it('tells what each reply of a session says', () => {
    expect(parsed(SESSION)).toEqual([
      { code: 'line', seen: [], text: 'VERSION 1.6.18' },
      { code: 'HD', seen: ['cas', 'opaque'], opaque: 1, cas: 1n },
      { code: 'VA', seen: ['flags', 'opaque'], opaque: 1, flags: 16, value: 'hello' },
      { code: 'EN', seen: ['opaque'], opaque: 2 },
      { code: 'EN', seen: [] },
      { code: 'VA', seen: ['flags', 'opaque'], opaque: 3, flags: 1024, value: '' },
      {
        code: 'VA',
        seen: ['flags', 'cas', 'ttl', 'size', 'opaque'],
        opaque: 4,
        flags: 0,
        cas: 18446744073709551615n,
        ttl: -1,
        size: 13,
        value: 'EN\r\nVA 3\r\n\r\nx',
      },
      { code: 'NS', seen: ['opaque'], opaque: 1 },
      { code: 'EX', seen: ['cas', 'opaque'], opaque: 1, cas: 0n },
      { code: 'NF', seen: ['opaque'], opaque: 2 },
      {
        code: 'VA',
        seen: ['flags', 'cas', 'ttl', 'size', 'opaque'],
        opaque: 5,
        flags: 0,
        cas: 25n,
        ttl: -1,
        size: 0,
        marks: 'W',
        value: '',
      },
      { code: 'VA', seen: ['flags', 'opaque'], opaque: 6, flags: 5, marks: 'WX', value: 'old' },
      {
        code: 'VA',
        seen: ['flags', 'opaque'],
        opaque: 6,
        flags: 0xffff_ffff,
        marks: 'XZ',
        value: 'old',
      },
      {
        code: 'HD',
        seen: ['flags', 'cas', 'ttl', 'size', 'opaque'],
        opaque: 7,
        flags: 16,
        cas: 9007199254740993n,
        ttl: 100,
        size: 3,
      },
      { code: 'HD', seen: [] },
      { code: 'MN', seen: [] },
      { code: 'OK', seen: [] },
      { code: 'line', seen: [], text: 'STORED' },
      { code: 'line', seen: [], text: 'STAT pid 4711' },
      { code: 'line', seen: [], text: 'STAT version 1.6.18' },
      { code: 'line', seen: [], text: 'END' },
      {
        code: 'error',
        seen: [],
        text: 'CLIENT_ERROR cannot increment or decrement non-numeric value',
      },
      { code: 'error', seen: [], text: 'SERVER_ERROR object too large for cache' },
      { code: 'error', seen: [], text: 'ERROR' },
      { code: 'error', seen: [], text: 'ERROR Too many open connections' },
      { code: 'VA', seen: ['opaque'], opaque: 8, value: '18446744073709551615' },
    ]);
  });

  it('says the same when the session arrives in two pieces, cut at any byte', () => {
    const whole = parsed(SESSION);

    for (let cut = 1; cut < SESSION.length; cut += 1) {
      expect([cut, parsed(SESSION, [cut])]).toEqual([cut, whole]);
    }
  });

  it('says the same when the session arrives in three pieces, cut at any two bytes', () => {
    const part = SESSION.subarray(0, SESSION.indexOf('NS'));
    const whole = parsed(part);

    const different: unknown[] = [];
    for (let first = 1; first < part.length; first += 1) {
      for (let second = first + 1; second < part.length; second += 3) {
        const replies = parsed(part, [first, second]);
        if (!isDeepStrictEqual(replies, whole)) different.push([first, second, replies]);
      }
    }

    expect(different).toEqual([]);
  });

  it('says the same when the session arrives byte by byte', () => {
    const cuts = Array.from({ length: SESSION.length - 1 }, (_, index) => index + 1);

    expect(parsed(SESSION, cuts)).toEqual(parsed(SESSION));
  });

  it('hands out nothing of a value whose end has not arrived', () => {
    const bytes = Buffer.from('VA 5 f16 O9\r\nhello\r\n');

    for (let end = 0; end < bytes.length; end += 1) {
      expect(parsed(bytes.subarray(0, end))).toEqual([]);
    }
  });

  it('puts a large value together from any pieces', () => {
    const value = Buffer.alloc(3_000_000, 'abcdefg');
    const bytes = Buffer.concat([
      Buffer.from(`VA ${value.length} f0 O10\r\n`),
      value,
      Buffer.from('\r\nMN\r\n'),
    ]);
    const cuts = Array.from({ length: 45 }, (_, index) => (index + 1) * 65_536);

    const [big, end] = parsed(bytes, cuts);

    expect(big!.value === value.toString()).toBe(true);
    expect(end!.code).toBe('MN');
  });

  it('gives a value that came in pieces memory of its own', () => {
    const owned: boolean[] = [];
    const parser = new MetaParser((reply) => owned.push(reply.ownsBody), LIMIT);
    const bytes = Buffer.from('VA 5 f0 O9\r\nhello\r\n');

    parser.push(bytes, bytes.length);
    parser.push(bytes, 16);
    parser.push(bytes.subarray(16), bytes.length - 16);

    expect(owned).toEqual([false, true]);
  });

  it('takes no memory for a length alone', () => {
    const before = process.memoryUsage().arrayBuffers;
    const parser = new MetaParser(() => undefined, 1 << 30);
    const bytes = Buffer.from(`VA ${1 << 30} f0 O9\r\n`);

    parser.push(bytes, bytes.length);

    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
  });

  it.each([
    ['a length beyond the limit', 'VA 4194305 f0 O9\r\n', 'a value of 4194305 bytes'],
    ['a length of 2^53', 'VA 9007199254740992 f0 O9\r\n', 'a reply that cannot be read'],
    ['a negative length', 'VA -5 f0 O9\r\n', 'a reply that cannot be read'],
    ['no length', 'VA  f0 O9\r\n', 'a reply that cannot be read'],
    ['no length at all', 'VA\r\n', 'a reply that cannot be read'],
    ['a length that is no number', 'VA 5x f0 O9\r\n', 'a reply that cannot be read'],
    [
      'a value shorter than said',
      'VA 6 f0 O9\r\nhello\r\nMN\r\n',
      'a value of another length than it said',
    ],
    [
      'a value longer than said',
      'VA 4 f0 O9\r\nhello\r\n',
      'a value of another length than it said',
    ],
    ['flags beyond 32 bits', 'VA 0 f4294967296 O9\r\n\r\n', 'a reply that cannot be read'],
    ['flags that are no number', 'HD f1x O9\r\n', 'a reply that cannot be read'],
    ['flags without a number', 'HD f O9\r\n', 'a reply that cannot be read'],
    ['the same flag twice', 'HD f1 f1\r\n', 'a reply that cannot be read'],
    ['a number that is none', 'HD O f1\r\n', 'a reply that cannot be read'],
    ['a CAS number of 21 digits', 'HD c123456789012345678901\r\n', 'a reply that cannot be read'],
    ['a negative time other than -1', 'HD t-2\r\n', 'a reply that cannot be read'],
    ['a time of a minus alone', 'HD t-\r\n', 'a reply that cannot be read'],
    ['two sizes that differ', 'VA 2 s3 O9\r\nab\r\n', 'a reply that cannot be read'],
    ['a flag nobody asked for', 'HD kxyz\r\n', 'a reply that cannot be read'],
    ['two blanks', 'HD  O9\r\n', 'a reply that cannot be read'],
    ['a line feed alone', 'HD O9\nMN\r\n', 'a reply that cannot be read'],
    ['a carriage return alone', 'HD O9\rMN\r\n', 'a reply that cannot be read'],
    [
      'a text line that ends with a line feed alone',
      'STORED\nMN\r\n',
      'a reply that cannot be read',
    ],
    ['another code', 'XX O9\r\n', 'something that is not the meta protocol'],
    ['a binary protocol', '\u0081\u0000\u0000\u0000', 'something that is not the meta protocol'],
    ['one wrong byte', '\u0000', 'something that is not the meta protocol'],
    ['small letters', 'hd O9\r\n', 'something that is not the meta protocol'],
    ['a line that has no end', `STAT ${'x'.repeat(2_100)}`, 'a line of an impossible length'],
    ['a line of 1 MiB', `STAT ${'x'.repeat(1 << 20)}\r\n`, 'a line of an impossible length'],
    ['a number that has no end', `HD O${'1'.repeat(2_100)}`, 'a line of an impossible length'],
  ])('refuses %s', (_, text, what) => {
    expect(fault(text)).toBe(what);
  });

  it.each([
    ['a line that ends with a line feed alone', 'HD O9\nMN\r\n', 7],
    ['three bytes and a line feed', 'HD\nMN\r\n', 2],
    ['a line that grows too long', `STAT ${'x'.repeat(2_100)}\r\n`, 1_500],
    ['a value of another length', 'VA 4 f0 O9\r\nhello\r\n', 15],
  ])('refuses %s also in two pieces', (_, text, cut) => {
    expect(() => parsed(Buffer.from(text), [cut])).toThrow();
  });

  it('takes what lies behind the bytes that arrived for nothing', () => {
    expect(replyTo('VA 1')).toEqual([]);
    expect(replyTo('VA 1 f')).toEqual([]);
    expect(replyTo('HD ')).toEqual([]);
    expect(replyTo('HD O')).toEqual([]);
    expect(replyTo('HD O1')).toEqual([]);
    expect(replyTo('ERR')).toEqual([]);
  });
});
