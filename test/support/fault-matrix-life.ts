import type { FaultRow } from './fault-matrix.js';

const CORE = 'test/unit/core';
const HTTP = 'test/e2e/http';
const LEASES = 'test/integration/leases';

/** What may go wrong with time, with many at once, and at the end. */
export const LIFE_FAULTS: readonly FaultRow[] = [
  {
    id: 'D1',
    fault: 'the clock is set',
    proofs: [
      [
        'test/unit/memory/memory.backend.spec',
        'keeps nothing longer than twice its time when the clock is set back',
      ],
      [
        'test/unit/file/file-backend.spec',
        'keeps nothing longer than twice its time when the clock is set back',
      ],
      [`${CORE}/clock.spec`, 'goes on from where it was when the clock is set back, however often'],
      ['test/unit/memcached/generation.spec', 'is read again when the clock was set back'],
    ],
  },
  {
    id: 'D2',
    fault: 'the process stands still',
    proofs: [
      [
        `${LEASES}/lease-owners.spec`,
        'that stood still for longer than its lease stores nothing, ${KEYS} of ${KEYS} times',
      ],
      [
        'test/faults/held-up.spec',
        'answers each call that was asked just before it happened a second time',
      ],
    ],
  },
  {
    id: 'D3',
    fault: 'the event loop is blocked',
    proofs: [
      ['test/faults/held-up.spec', 'answers each call that was under way'],
      ['test/unit/file/in-flight.spec', 'have not waited while this process was held up'],
      [
        'test/integration/memcached/outage.spec',
        'is not taken for hung when it is this process that was held up',
      ],
    ],
  },
  {
    id: 'D4',
    fault: 'ten thousand ask for one key',
    proofs: [
      [
        'test/faults/many-at-once.spec',
        'loads once for ${CALLERS} who ask at once, and gives each a value of its own',
      ],
      [
        `${LEASES}/lease-rounds.spec`,
        'by %s have one of ${PROCESSES} × ${CALLERS} callers load, in ${ROUNDS} of ${ROUNDS} rounds',
      ],
      [`${HTTP}/one-run.spec`, 'run the handler once, ${CROWD} of them too'],
    ],
  },
  {
    id: 'D5',
    fault: 'ten thousand ask for as many keys',
    proofs: [
      [
        'test/faults/many-at-once.spec',
        'loads ${KEYS} keys for ${KEYS} who ask at once, each once',
      ],
      ['test/faults/many-at-once.spec', 'are asked over a connection each, however many ask'],
    ],
  },
  {
    id: 'D6',
    fault: 'a loader throws',
    proofs: [
      [
        'lib/testing/cache-load.cases',
        'getOrSet() hands the error of its function to all who wait, and stores nothing',
      ],
      ['lib/testing/cache-load.cases', 'getOrSet() rejects for a function that throws at once'],
      [
        `${CORE}/cache-service.spec`,
        'brings the error of the load to everybody unchanged and stores nothing',
      ],
    ],
  },
  {
    id: 'D7',
    fault: 'what is loaded again in the background fails',
    proofs: [
      [
        `${HTTP}/stale-while-revalidate.spec`,
        'stays if the one that is made anew %s, which is tried again after a second',
      ],
    ],
  },
  {
    id: 'D8',
    fault: 'a loader never ends',
    proofs: [
      [
        'lib/testing/cache-deadline.cases',
        'a load that does not end in its time fails all who wait, and the next begins at once',
      ],
      ['test/unit/core/load-deadlines.spec', 'fail at 30 seconds, by default, and not before'],
      [
        'test/unit/core/load-deadlines.spec',
        'leave no timer and no lease behind, for ${KEYS.length} keys',
      ],
    ],
  },
  {
    id: 'D9',
    fault: 'a loader gives undefined',
    proofs: [
      ['lib/testing/cache-load.cases', 'getOrSet() gives undefined on and does not store it'],
    ],
  },
  {
    id: 'D10',
    fault: 'a loader asks for its own key',
    proofs: [
      ['lib/testing/cache-load.cases', 'getOrSet() refuses to wait for itself'],
      [
        `${CORE}/single-flight.spec`,
        'refuses two works that wait for each other, whoever began them',
      ],
    ],
  },
  {
    id: 'D11',
    fault: 'one of several who wait for a load gives up',
    proofs: [
      [
        'lib/testing/cache-deadline.cases',
        'a signal lets one caller go, and the load goes on for the others',
      ],
      [
        'lib/testing/cache-deadline.cases',
        'a load is stopped when all who waited have left, and the next begins anew',
      ],
    ],
  },
  {
    id: 'D12',
    fault: 'a client leaves before it has the page',
    proofs: [
      [
        `${HTTP}/disconnects.spec`,
        'never leave anything else behind than whole pages: ${LEAVING} of them',
      ],
      [`${HTTP}/one-run.spec`, 'are served by the next of them when the first one leaves'],
    ],
  },
  {
    id: 'D13',
    fault: 'streams, events and what is sent by hand',
    proofs: [
      [
        `${HTTP}/large-streams.spec`,
        '%s takes hardly more memory with the interceptor, and is not kept',
      ],
      [`${HTTP}/page-content.spec`, 'is never made of server-sent events [W14]'],
      [
        `${HTTP}/page-content.spec`,
        'is never made of an event stream that the handler writes itself [W14]',
      ],
    ],
  },
  {
    id: 'D14',
    fault: 'exceptions, and what guards and pipes refuse',
    proofs: [
      [`${HTTP}/page-content.spec`, 'is never made of an exception'],
      [`${HTTP}/hits.spec`, 'is not served to whom a guard refuses [H22]'],
      [
        `${HTTP}/hits.spec`,
        'runs no pipes, and what they refuse is stored under no other URL [W9]',
      ],
    ],
  },
  {
    id: 'D15',
    fault: 'a delete during a load',
    proofs: [
      [`${CORE}/load-fences.spec`, 'never outlives %s, in ${RACES} races'],
      [
        `${LEASES}/lease-rounds.spec`,
        'by %s store nothing from before a delete or a set, in ${CHANGES} of ${CHANGES} rounds',
      ],
      [
        'test/integration/memcached/meta-lease.spec',
        'never stores what was loaded before a delete, whichever comes first',
      ],
    ],
  },
  { id: 'D16', fault: 'two tiers disagree', doesNotApply: 'not built yet: there are no tiers' },
  {
    id: 'D17',
    fault: 'the end, with calls and loads under way',
    proofs: [
      [
        'test/faults/life-cycle.spec',
        'is closed with ${CALLS} calls and ${LOADS} loads under way: all settle, and the process ends by itself',
      ],
      [
        'test/faults/life-cycle.spec',
        'is closed while its server stands still: all settle, and the process ends by itself',
      ],
    ],
  },
  {
    id: 'D18',
    fault: 'used after the end',
    proofs: [
      ['lib/testing/cache-life.cases', 'refuses every call after close(), also through a view'],
    ],
  },
  {
    id: 'D19',
    fault: 'several processes and threads',
    proofs: [
      [
        'test/faults/life-cycle.spec',
        'is used by ${THREADS} threads of a process, which have one winner each time and count each call',
      ],
      [
        'test/integration/memcached/processes.spec',
        'have one winner in each of ${COUNT} rounds of add()',
      ],
      ['test/integration/file/file-atomic.spec', 'have one winner of ${TRIES} add() each'],
    ],
  },
  {
    id: 'D20',
    fault: 'memory at its limits',
    proofs: [['test/unit/memory/memory.capacity.spec', 'is never passed']],
  },
  {
    id: 'D21',
    fault: 'getMany() where one of three servers is away',
    proofs: [
      [
        'test/faults/many-at-once.spec',
        'of which one is away (%s) give what the others have, and wait for it once',
      ],
    ],
  },
  {
    id: 'D22',
    fault: 'clear() on servers that others use too',
    proofs: [
      [
        'test/integration/memcached/clear-beside-others.spec',
        'leaves the entries of other caches where "$cleared" is cleared',
      ],
      ['lib/testing/cache-access.cases', 'clear() leaves the caches with another keyPrefix alone'],
    ],
  },
];
