import type { MetaCommands } from '../../lib/backends/memcached/meta.commands.js';

/** One request, what an honest server replies, and what is to come out. */
export interface MetaExchange {
  readonly is: string;
  readonly ask: (on: MetaCommands) => Promise<unknown>;
  /** One for each line of the request, with "O#" for the number of the request. Read as one byte a character. */
  readonly replies: readonly string[];
  readonly answer: unknown;
}

const BYTES = Buffer.from(Array.from({ length: 150 }, (_, index) => (index * 7) % 256));
const LOOKS_LIKE_REPLIES = 'EN O3\r\nHD O4\r\nVA 2 s2 f16 O5\r\n';
const ITEM = { flags: 16, data: 'abc' };
const BEYOND_ASCII = Buffer.from('né 日本').toString('latin1');

/** Every command that the client can send, and every reply that it takes for an answer. */
export const EXCHANGES: readonly MetaExchange[] = [
  {
    is: 'a value',
    ask: (on) => on.payload('k'),
    replies: ['VA 3 s3 f16 O#\r\nabc\r\n'],
    answer: ITEM,
  },
  {
    is: 'an empty value',
    ask: (on) => on.payload('k'),
    replies: ['VA 0 s0 f1024 O#\r\n\r\n'],
    answer: { flags: 1024, data: Buffer.alloc(0) },
  },
  {
    is: 'a value of bytes',
    ask: (on) => on.payload('k'),
    replies: [`VA 150 s150 f0 O#\r\n${BYTES.toString('latin1')}\r\n`],
    answer: { flags: 0, data: BYTES },
  },
  {
    is: 'a value that looks like replies',
    ask: (on) => on.payload('k'),
    replies: [
      `VA ${LOOKS_LIKE_REPLIES.length} s${LOOKS_LIKE_REPLIES.length} f16 O#\r\n${LOOKS_LIKE_REPLIES}\r\n`,
    ],
    answer: { flags: 16, data: LOOKS_LIKE_REPLIES },
  },
  { is: 'no value', ask: (on) => on.payload('k'), replies: ['EN O#\r\n'], answer: undefined },
  {
    is: 'a batch of values',
    ask: (on) => on.payloads(['a', 'b', 'c', 'd']),
    replies: [
      'VA 3 s3 f16 O#\r\nabc\r\n',
      'EN O#\r\n',
      `VA ${BEYOND_ASCII.length} s${BEYOND_ASCII.length} f16 O#\r\n${BEYOND_ASCII}\r\n`,
      'VA 2 s2 f16 O#\r\n\r\n\r\n',
    ],
    answer: [ITEM, undefined, { flags: 16, data: 'né 日本' }, { flags: 16, data: '\r\n' }],
  },
  {
    is: 'an item',
    ask: (on) => on.item('k'),
    replies: ['VA 3 s3 f16 c18446744073709551615 O#\r\nabc\r\n'],
    answer: { payload: ITEM, cas: 18446744073709551615n },
  },
  {
    is: 'a look',
    ask: (on) => on.look('k'),
    replies: ['HD s3 f16 c1234567 t100 O#\r\n'],
    answer: { isLease: false, flags: 16, cas: 1234567n, ttl: 100 },
  },
  {
    is: 'a touch',
    ask: (on) => on.touch('k', 60),
    replies: ['HD s3 f16 c1234567 t-1 O#\r\n'],
    answer: { isLease: false, flags: 16, cas: 1234567n, ttl: -1 },
  },
  {
    is: 'a lease',
    ask: (on) => on.lease('k', 10),
    replies: ['VA 0 s0 f0 c9 t-1 O# W\r\n\r\n'],
    answer: found({ flags: 0, data: Buffer.alloc(0) }, -1, { isLease: true, isWon: true }),
  },
  {
    is: 'the lease of a stale value',
    ask: (on) => on.lease('k', 10, 30),
    replies: ['VA 3 s3 f16 c9 t20 O# X W\r\nabc\r\n'],
    answer: found(ITEM, 20, { isWon: true, isStale: true }),
  },
  {
    is: 'a value under the lease of another',
    ask: (on) => on.lease('k', 10, 30),
    replies: ['VA 3 s3 f16 c9 t20 O# Z\r\nabc\r\n'],
    answer: found(ITEM, 20, { isTaken: true }),
  },
  {
    is: 'a set',
    ask: (on) => on.set('k', ITEM, 60),
    replies: ['HD O#\r\n'],
    answer: true,
  },
  {
    is: 'a set that came too late',
    ask: (on) => on.set('k', ITEM, 60, 5n),
    replies: ['EX O#\r\n'],
    answer: false,
  },
  {
    is: 'a set that is too large',
    ask: (on) => on.set('k', ITEM, 60),
    replies: ['SERVER_ERROR object too large for cache\r\n'],
    answer: false,
  },
  {
    is: 'an add',
    ask: (on) => on.put('add', 'k', ITEM, 60),
    replies: ['HD c8 O#\r\n'],
    answer: { is: 'done', cas: 8n },
  },
  {
    is: 'an add over what is there',
    ask: (on) => on.put('add', 'k', ITEM, 60),
    replies: ['NS c0 O#\r\n'],
    answer: { is: 'exists', cas: 0n },
  },
  { is: 'a delete', ask: (on) => on.delete('k'), replies: ['HD O#\r\n'], answer: true },
  {
    is: 'a delete of nothing',
    ask: (on) => on.delete('k'),
    replies: ['NF O#\r\n'],
    answer: false,
  },
  {
    is: 'a mark',
    ask: (on) => on.markStale('k', 5n),
    replies: ['HD O#\r\n'],
    answer: true,
  },
  {
    is: 'a count',
    ask: (on) => on.count('k', 'MI', 1n),
    replies: ['VA 20 O#\r\n18446744073709551615\r\n'],
    answer: 18446744073709551615n,
  },
  {
    is: 'a count of nothing',
    ask: (on) => on.count('k', 'MD', 1n, 5n),
    replies: ['NF O#\r\n'],
    answer: 'missing',
  },
  {
    is: 'a count of what is no number',
    ask: (on) => on.count('k', 'MI', 1n),
    replies: ['CLIENT_ERROR cannot increment or decrement non-numeric value\r\n'],
    answer: 'no number',
  },
  {
    is: 'statistics',
    ask: (on) => on.stats(),
    replies: ['STAT pid 4711\r\nSTAT version 1.6.18\r\nSTAT curr_items 3\r\nEND\r\n'],
    answer: { pid: '4711', version: '1.6.18', curr_items: '3' },
  },
  { is: 'an emptying', ask: (on) => on.flush(), replies: ['OK\r\n'], answer: undefined },
  { is: 'a ping', ask: (on) => on.ping(), replies: ['MN\r\n'], answer: undefined },
];

/** The bytes of a reply to the request that bears this number, such as `O7`. */
export function replyBytes(reply: string, opaque: string): Buffer {
  return Buffer.from(reply.replace('O#', opaque), 'latin1');
}

/** True if two answers are the same, down to the bytes. */
export function isSameAnswer(a: unknown, b: unknown): boolean {
  return asText(a) === asText(b);
}

function asText(answer: unknown): string | undefined {
  return JSON.stringify(answer, (_, each: unknown) =>
    typeof each === 'bigint' ? `${each}n` : each,
  );
}

function found(payload: object, ttl: number, marks: object): object {
  return {
    payload,
    cas: 9n,
    ttl,
    isLease: false,
    isWon: false,
    isTaken: false,
    isStale: false,
    ...marks,
  };
}
