import type { FaultRow } from './fault-matrix.js';

const MEMCACHED = 'test/integration/memcached';

/** What may go wrong with servers and networks. */
export const NETWORK_FAULTS: readonly FaultRow[] = [
  {
    id: 'A1',
    fault: 'away at boot',
    proofs: [
      [
        'test/faults/at-boot.spec',
        'starts, answers, and uses the server as soon as it is there, on %s',
      ],
      ['test/faults/at-boot.spec', 'starts although the server says nothing, and answers, on %s'],
      ['test/faults/at-boot.spec', 'makes it, for its own user only, on %s'],
      [`${MEMCACHED}/outage.spec`, 'is found by itself when it starts after the application'],
    ],
  },
  {
    id: 'A2',
    fault: 'one of several servers dies under load',
    proofs: [
      [
        `${MEMCACHED}/under-load.spec`,
        'throw nothing and give no wrong answer while one is killed and started again',
      ],
      [
        `${MEMCACHED}/failover.spec`,
        'keeps what is stored meanwhile on another one, for 60 seconds at most',
      ],
      [
        `${MEMCACHED}/failover.spec`,
        'brings no older value back with the server, whatever was done meanwhile',
      ],
      [`${MEMCACHED}/failover.spec`, 'leaves the keys of the other servers where they are'],
      [
        'test/unit/memcached/memcached-pool.spec',
        'gives the keys of a server that is down to the others, and theirs to nobody else',
      ],
      [
        'test/e2e/sample-app-memcached.spec',
        'goes on answering while they are killed under load, and uses them again when they are back',
      ],
    ],
  },
  {
    id: 'A3',
    fault: 'hangs',
    proofs: [
      [
        `${MEMCACHED}/under-load.spec`,
        'pair each of ${REPLIES} replies with its key after one was stopped and goes on',
      ],
      [
        `${MEMCACHED}/under-load.spec`,
        'refuse calls on one that is away (%s) in the turn in which they are made',
      ],
      [
        `${MEMCACHED}/meta-process.spec`,
        'mixes up no answer when the process is stopped and goes on',
      ],
      [
        `${MEMCACHED}/meta-process.spec`,
        'lets no call wait longer than the deadline while the process is stopped',
      ],
      [
        `${MEMCACHED}/memjs-slow-servers.spec`,
        'gives nobody an answer when each comes after the deadline',
      ],
      [
        `${MEMCACHED}/missed-writes.spec`,
        'do not come late: no set that was given up in ${LARGE_ROUNDS} rounds is found after the return',
      ],
      [
        'test/faults/hung-disk.spec',
        'has two operations at a time to do once one of them takes longer than the deadline',
      ],
      [
        'test/faults/hung-disk.spec',
        'and then goes on brings back no value that was replaced or deleted meanwhile: %s',
      ],
      [
        'test/e2e/http/peer-defects-failure.spec',
        'W22: a route answers though the server of the cache takes connections and never says a word',
      ],
    ],
  },
  {
    id: 'A4',
    fault: 'slow: 200 ms ± 200',
    proofs: [
      [
        'test/faults/network.spec',
        'that takes 200 ms ± 200 for an answer is asked over one connection at a time, for ${SLOW_MS / 1000} s',
      ],
      [
        `${MEMCACHED}/meta-slow-servers.spec`,
        'ends all that is in flight with one error at the first deadline',
      ],
    ],
  },
  {
    id: 'A5',
    fault: 'closes in the middle of a reply',
    proofs: [
      [`${MEMCACHED}/meta-cut-replies.spec`, 'gives no part of $is'],
      [`${MEMCACHED}/faults.spec`, 'gives no truncated value when its reply ends at any byte'],
      [`${MEMCACHED}/faults.spec`, 'does not repeat an add whose answer was lost'],
      [
        `${MEMCACHED}/flaky-network.spec`,
        'finds what was written last or nothing, and counts right, for ${RUN_MS / 1000} s from seed ${SEED} on',
      ],
    ],
  },
  {
    id: 'A6',
    fault: 'garbage for a reply',
    proofs: [
      [
        `${MEMCACHED}/meta-garbage.spec`,
        'is found out whatever it was asked, and believed again on another connection',
      ],
      [`${MEMCACHED}/meta-garbage.spec`, 'has no value larger than it may be taken from it'],
      [
        `${MEMCACHED}/meta-mutations.spec`,
        'gives no wrong answer and leaves no call open in ${ROUNDS} rounds with the seeds 0 to ${ROUNDS - 1}',
      ],
      [
        `${MEMCACHED}/mutated-replies.spec`,
        'settle each of ${COUNT} calls, with a known error or for the right key, and spoil no later one',
      ],
      [
        `${MEMCACHED}/cache-on-faulty-server.spec`,
        'misses with onError: "miss", and throws only what may not be invented',
      ],
      [`${MEMCACHED}/cache-on-faulty-server.spec`, 'throws a typed error with onError: "throw"'],
      ['test/unit/memcached/meta-parser.spec', 'takes no memory for a length alone'],
    ],
  },
  {
    id: 'A7',
    fault: 'an error before the body was sent',
    proofs: [
      [
        `${MEMCACHED}/server-kinds.spec`,
        'leaves no old value where the server itself refuses a size below the usual',
      ],
      [
        `${MEMCACHED}/meta-server.spec`,
        'does not store what is too large, and leaves no older value',
      ],
    ],
  },
  {
    id: 'A8',
    fault: 'a key of 251 bytes, or a bad line',
    proofs: [
      [`${MEMCACHED}/faults.spec`, 'gets no byte for a key that memcached cannot take'],
      [`${MEMCACHED}/meta-refused-arguments.spec`, 'sends no byte for %s'],
      [
        `${MEMCACHED}/meta-error-replies.spec`,
        'gives no answer to another request by sending two error lines',
      ],
    ],
  },
  {
    id: 'A9',
    fault: 'closes idle connections',
    proofs: [
      [
        `${MEMCACHED}/server-kinds.spec`,
        'is not disturbed by a server that closes idle connections',
      ],
      [
        `${MEMCACHED}/meta-connection.spec`,
        'is made again where the server closed it while it was idle',
      ],
      [
        `${MEMCACHED}/memjs-slow-servers.spec`,
        'is connected to again where it closed the connection while it was idle',
      ],
    ],
  },
  {
    id: 'A10',
    fault: 'never reads what is sent',
    proofs: [
      [
        `${MEMCACHED}/meta-slow-servers.spec`,
        'costs no memory and lets every call settle when it never reads',
      ],
      [
        `${MEMCACHED}/memjs-slow-servers.spec`,
        'costs no memory and lets every call settle when it never reads',
      ],
    ],
  },
  {
    id: 'A11',
    fault: 'comes and goes',
    proofs: [
      [
        'test/faults/network.spec',
        'that comes and goes ${TIMES} times is tried by one connection at a time, and told of once each time',
      ],
      [
        'test/unit/memcached/health.spec',
        'is tried after 250 ms, at doubling intervals up to 5 s, while nobody asks',
      ],
    ],
  },
  {
    id: 'A12',
    fault: 'its name leads to another address',
    proofs: [['test/faults/network.spec', 'is found where its name leads to by then']],
  },
  { id: 'A13', fault: 'the error replies of Redis', doesNotApply: 'there is no backend on Redis' },
  {
    id: 'A14',
    fault: 'deadlocks and busy tables',
    doesNotApply: 'there is no backend on a database',
  },
];
