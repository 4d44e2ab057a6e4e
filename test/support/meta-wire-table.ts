import type { MetaCommands } from '../../lib/backends/memcached/meta.commands.js';

/** One command as it goes over the wire. `<cas>`: the item's CAS number before it; `<new>`: after it. */
export interface WireExchange {
  readonly is: string;
  /** What is put on the server before, under the key `k`. */
  readonly before?: string;
  readonly ask: (commands: MetaCommands, cas: bigint) => Promise<unknown>;
  readonly sent: string;
  readonly received: string;
  /** Left out where it bears CAS numbers, which `received` shows. */
  readonly answer?: unknown;
}

const ABC = 'ms k 3 F16 T100\r\nabc';
const FIVE = 'ms k 1 F2 T0\r\n5';
const VALUE = { flags: 16, data: 'new' };
const OTHER = 987_654_321n;

/** Every line that the client can send, and every reply of memcached to it. */
export const WIRE: readonly WireExchange[] = [
  {
    is: 'mg: found',
    before: ABC,
    ask: (on) => on.payload('k'),
    sent: 'mg k v s f O1\r\n',
    received: 'VA 3 s3 f16 O1\r\nabc\r\n',
    answer: { flags: 16, data: 'abc' },
  },
  {
    is: 'mg: missing',
    ask: (on) => on.payload('k'),
    sent: 'mg k v s f O1\r\n',
    received: 'EN O1\r\n',
    answer: undefined,
  },
  {
    is: 'mg: several at once',
    before: ABC,
    ask: (on) => on.payloads(['k', 'l', 'k']),
    sent: 'mg k v s f O1\r\nmg l v s f O2\r\nmg k v s f O3\r\n',
    received: 'VA 3 s3 f16 O1\r\nabc\r\nEN O2\r\nVA 3 s3 f16 O3\r\nabc\r\n',
    answer: [{ flags: 16, data: 'abc' }, undefined, { flags: 16, data: 'abc' }],
  },
  {
    is: 'mg with the CAS number',
    before: ABC,
    ask: (on) => on.item('k'),
    sent: 'mg k v s f c O1\r\n',
    received: 'VA 3 s3 f16 c<cas> O1\r\nabc\r\n',
  },
  {
    is: 'mg with the CAS number and the time',
    before: ABC,
    ask: (on) => on.find('k'),
    sent: 'mg k v s f c t O1\r\n',
    received: 'VA 3 s3 f16 c<cas> t100 O1\r\nabc\r\n',
  },
  {
    is: 'mg without the value',
    before: ABC,
    ask: (on) => on.look('k'),
    sent: 'mg k s f c t O1\r\n',
    received: 'HD s3 f16 c<cas> t100 O1\r\n',
  },
  {
    is: 'mg without the value: for ever',
    before: FIVE,
    ask: (on) => on.look('k'),
    sent: 'mg k s f c t O1\r\n',
    received: 'HD s1 f2 c<cas> t-1 O1\r\n',
  },
  {
    is: 'mg that touches',
    before: ABC,
    ask: (on) => on.touch('k', 60),
    sent: 'mg k s f c t T60 O1\r\n',
    // The time that was left before: the flags are worked through in their order.
    received: 'HD s3 f16 c<cas> t100 O1\r\n',
  },
  {
    is: 'mg that touches what is missing',
    ask: (on) => on.touch('k', 60),
    sent: 'mg k s f c t T60 O1\r\n',
    received: 'EN O1\r\n',
    answer: undefined,
  },
  {
    is: 'mg that wins a lease',
    ask: (on) => on.lease('k', 10),
    sent: 'mg k v s f c t N10 O1\r\n',
    received: 'VA 0 s0 f0 c<new> t-1 O1 W\r\n\r\n',
  },
  {
    is: 'mg that finds a lease taken',
    before: 'mg k N100',
    ask: (on) => on.lease('k', 10),
    sent: 'mg k v s f c t N10 O1\r\n',
    received: 'VA 0 s0 f0 c<cas> t100 O1 Z\r\n\r\n',
  },
  {
    is: 'mg that wins the lease of a value near its end',
    before: ABC,
    ask: (on) => on.lease('k', 10, 200),
    sent: 'mg k v s f c t N10 R200 O1\r\n',
    received: 'VA 3 s3 f16 c<cas> t100 O1 W\r\nabc\r\n',
  },
  {
    is: 'mg that wins the lease of a value marked stale',
    before: `${ABC}\r\nmd k I`,
    ask: (on) => on.lease('k', 10),
    sent: 'mg k v s f c t N10 O1\r\n',
    received: 'VA 3 s3 f16 c<cas> t100 O1 X W\r\nabc\r\n',
  },
  {
    is: 'mg that finds the lease of a stale value taken',
    before: `${ABC}\r\nmd k I\r\nmg k N10`,
    ask: (on) => on.lease('k', 10),
    sent: 'mg k v s f c t N10 O1\r\n',
    received: 'VA 3 s3 f16 c<cas> t100 O1 Z X\r\nabc\r\n',
  },
  {
    is: 'ms',
    ask: (on) => on.set('k', VALUE, 60),
    sent: 'ms k 3 F16 T60 O1\r\nnew\r\n',
    received: 'HD O1\r\n',
    answer: true,
  },
  {
    is: 'ms of nothing',
    ask: (on) => on.set('k', { flags: 1024, data: '' }, 0),
    sent: 'ms k 0 F1024 T0 O1\r\n\r\n',
    received: 'HD O1\r\n',
    answer: true,
  },
  {
    is: 'ms of what is too large',
    ask: (on) => on.set('k', { flags: 0, data: 'x'.repeat(1 << 20) }, 0),
    sent: `ms k 1048576 F0 T0 O1\r\n${'x'.repeat(1 << 20)}\r\n`,
    received: 'SERVER_ERROR object too large for cache\r\n',
    answer: false,
  },
  {
    is: 'ms by CAS number',
    before: ABC,
    ask: (on, cas) => on.set('k', VALUE, 60, cas),
    sent: 'ms k 3 F16 T60 C<cas> O1\r\nnew\r\n',
    received: 'HD O1\r\n',
    answer: true,
  },
  {
    is: 'ms by another CAS number',
    before: ABC,
    ask: (on) => on.set('k', VALUE, 60, OTHER),
    sent: 'ms k 3 F16 T60 C987654321 O1\r\nnew\r\n',
    received: 'EX O1\r\n',
    answer: false,
  },
  {
    is: 'ms by the CAS number of what has gone',
    ask: (on) => on.set('k', VALUE, 60, OTHER),
    sent: 'ms k 3 F16 T60 C987654321 O1\r\nnew\r\n',
    received: 'NF O1\r\n',
    answer: false,
  },
  {
    is: 'ms that adds',
    ask: (on) => on.put('add', 'k', VALUE, 60),
    sent: 'ms k 3 F16 T60 ME c O1\r\nnew\r\n',
    received: 'HD c<new> O1\r\n',
  },
  {
    is: 'ms that does not add',
    before: ABC,
    ask: (on) => on.put('add', 'k', VALUE, 60),
    sent: 'ms k 3 F16 T60 ME c O1\r\nnew\r\n',
    received: 'NS c0 O1\r\n',
    answer: { is: 'exists', cas: 0n },
  },
  {
    is: 'ms that tells the new CAS number',
    before: ABC,
    ask: (on, cas) => on.put('set', 'k', VALUE, 60, cas),
    sent: 'ms k 3 F16 T60 C<cas> c O1\r\nnew\r\n',
    received: 'HD c<new> O1\r\n',
  },
  {
    is: 'ms that would tell the new CAS number',
    before: ABC,
    ask: (on) => on.put('set', 'k', VALUE, 60, OTHER),
    sent: 'ms k 3 F16 T60 C987654321 c O1\r\nnew\r\n',
    received: 'EX c0 O1\r\n',
    answer: { is: 'other', cas: 0n },
  },
  {
    is: 'ms that renews a lease',
    before: 'mg k N100',
    ask: (on, cas) => on.put('set', 'k', { flags: 2048, data: '' }, 10, cas),
    sent: 'ms k 0 F2048 T10 C<cas> c O1\r\n\r\n',
    received: 'HD c<new> O1\r\n',
  },
  {
    is: 'md',
    before: ABC,
    ask: (on) => on.delete('k'),
    sent: 'md k O1\r\n',
    received: 'HD O1\r\n',
    answer: true,
  },
  {
    is: 'md of what is missing',
    ask: (on) => on.delete('k'),
    sent: 'md k O1\r\n',
    received: 'NF O1\r\n',
    answer: false,
  },
  {
    is: 'md by CAS number',
    before: ABC,
    ask: (on, cas) => on.delete('k', cas),
    sent: 'md k C<cas> O1\r\n',
    received: 'HD O1\r\n',
    answer: true,
  },
  {
    is: 'md by another CAS number',
    before: ABC,
    ask: (on) => on.delete('k', OTHER),
    sent: 'md k C987654321 O1\r\n',
    received: 'EX O1\r\n',
    answer: false,
  },
  {
    is: 'md that marks stale',
    before: ABC,
    ask: (on, cas) => on.markStale('k', cas),
    sent: 'md k I C<cas> O1\r\n',
    received: 'HD O1\r\n',
    answer: true,
  },
  {
    is: 'md that would mark another stale',
    before: ABC,
    ask: (on) => on.markStale('k', OTHER),
    sent: 'md k I C987654321 O1\r\n',
    received: 'EX O1\r\n',
    answer: false,
  },
  {
    is: 'md that would mark stale what has gone',
    ask: (on) => on.markStale('k', OTHER),
    sent: 'md k I C987654321 O1\r\n',
    received: 'NF O1\r\n',
    answer: false,
  },
  {
    is: 'ma up',
    before: FIVE,
    ask: (on) => on.count('k', 'MI', 37n),
    sent: 'ma k MI D37 v O1\r\n',
    received: 'VA 2 O1\r\n42\r\n',
    answer: 42n,
  },
  {
    is: 'ma up by nearly 2^64, which wraps',
    before: FIVE,
    ask: (on) => on.count('k', 'MI', 2n ** 64n - 1n),
    sent: 'ma k MI D18446744073709551615 v O1\r\n',
    received: 'VA 1 O1\r\n4\r\n',
    answer: 4n,
  },
  {
    is: 'ma up by CAS number',
    before: FIVE,
    ask: (on, cas) => on.count('k', 'MI', 1n, cas),
    sent: 'ma k MI D1 C<cas> v O1\r\n',
    received: 'VA 1 O1\r\n6\r\n',
    answer: 6n,
  },
  {
    is: 'ma down by CAS number',
    before: FIVE,
    ask: (on, cas) => on.count('k', 'MD', 2n, cas),
    sent: 'ma k MD D2 C<cas> v O1\r\n',
    received: 'VA 1 O1\r\n3\r\n',
    answer: 3n,
  },
  {
    is: 'ma by another CAS number',
    before: FIVE,
    ask: (on) => on.count('k', 'MD', 2n, OTHER),
    sent: 'ma k MD D2 C987654321 v O1\r\n',
    received: 'EX O1\r\n',
    answer: 'other',
  },
  {
    is: 'ma on what is missing',
    ask: (on) => on.count('k', 'MI', 1n),
    sent: 'ma k MI D1 v O1\r\n',
    received: 'NF O1\r\n',
    answer: 'missing',
  },
  {
    is: 'ma on what is no number',
    before: ABC,
    ask: (on) => on.count('k', 'MI', 1n),
    sent: 'ma k MI D1 v O1\r\n',
    received: 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
    answer: 'no number',
  },
  { is: 'mn', ask: (on) => on.ping(), sent: 'mn\r\n', received: 'MN\r\n', answer: undefined },
  {
    is: 'flush_all',
    ask: (on) => on.flush(),
    sent: 'flush_all\r\n',
    received: 'OK\r\n',
    answer: undefined,
  },
];
