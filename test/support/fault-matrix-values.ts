import type { FaultRow } from './fault-matrix.js';

const JSON_SPECS = 'test/unit/json/json';

/** What may be wrong with values and keys. */
export const VALUE_FAULTS: readonly FaultRow[] = [
  { id: 'C1', fault: 'circular', proofs: [[`${JSON_SPECS}.refusal.spec`, 'what is circular']] },
  {
    id: 'C2',
    fault: 'bigint',
    proofs: [['lib/testing/cache-value.cases', 'keeps a value equal: ${what}']],
  },
  {
    id: 'C3',
    fault: 'functions and symbols',
    proofs: [
      [
        'lib/testing/cache-value.cases',
        'refuses what it could not give back, and nothing changes: ${what}',
      ],
      [`${JSON_SPECS}.refusal.spec`, '%s, naming where it is'],
    ],
  },
  {
    id: 'C4',
    fault: 'instances of classes',
    proofs: [
      [`${JSON_SPECS}.refusal.spec`, 'an instance of a class, naming path, class and the ways out'],
      [
        'test/security/hostile-keys.spec',
        'touch no prototype and revive no class, whatever a payload says',
      ],
    ],
  },
  {
    id: 'C5',
    fault: 'dates, maps, bytes, errors',
    proofs: [
      [
        'lib/testing/cache-value.cases',
        'keeps values of every kind equal through setMany() and getMany()',
      ],
    ],
  },
  {
    id: 'C6',
    fault: 'undefined and null',
    proofs: [
      ['lib/testing/cache-value.cases', 'refuses undefined with a TypeError'],
      [
        'lib/testing/cache-access.cases',
        'takes null for a value: the default is not used, and has() is true',
      ],
    ],
  },
  {
    id: 'C7',
    fault: 'NaN, infinities, -0',
    proofs: [['lib/testing/cache-value.cases', 'keeps a value equal: ${what}']],
  },
  {
    id: 'C8',
    fault: '__proto__ in a value',
    proofs: [[`${JSON_SPECS}.hostile.spec`, 'an own property %s is data, plain and beside tags']],
  },
  {
    id: 'C9',
    fault: 'half of a surrogate pair',
    proofs: [['lib/testing/cache-value.cases', 'keeps a value equal: ${what}']],
  },
  {
    id: 'C10',
    fault: 'a caller changes what it got',
    proofs: [
      [
        'lib/testing/cache-isolation.cases',
        'is not changed by what a caller does to a value it gave',
      ],
      [
        'lib/testing/cache-isolation.cases',
        'is not changed by what a caller does to a value it got',
      ],
    ],
  },
  {
    id: 'C11',
    fault: 'too large',
    proofs: [
      [
        'lib/testing/backend-payload.cases',
        'answers false to set() of a payload that is too large, and the old one is gone',
      ],
    ],
  },
  {
    id: 'C12',
    fault: 'timeouts at and beyond their bounds',
    proofs: [
      [
        'lib/testing/cache-timeout.cases',
        'stores nothing with the timeout ${JSON.stringify(timeout)}, and removes what is there',
      ],
      [
        'lib/testing/cache-timeout.cases',
        'refuses the timeout ${shown(timeout)} with a TypeError, before anything is changed',
      ],
      [
        'lib/testing/backend-time.cases',
        'keeps lives beyond 30 days, where memcached begins to read dates',
      ],
      [
        'lib/testing/backend-time.cases',
        'ends a life of a fraction of a second: it never becomes "for ever"',
      ],
    ],
  },
  {
    id: 'C13',
    fault: 'commands in keys',
    proofs: [
      [
        'test/security/hostile-keys.spec',
        'say nothing to the server, whatever the key or the prefix',
      ],
      ['lib/testing/cache-key.cases', 'takes a key with ${what} in every method'],
    ],
  },
  {
    id: 'C14',
    fault: 'numbers that are text',
    proofs: [
      ['test/security/hostile-keys.spec', 'are refused before anything is done'],
      ['test/security/hostile-keys.spec', 'are not followed by commands in numbers'],
    ],
  },
  {
    id: 'C15',
    fault: 'keys that are too long, in bytes',
    proofs: [
      ['test/unit/core/key-builder.spec', 'counts bytes, not characters'],
      ['lib/testing/backend-key.cases', 'takes a key as long as its limits allow'],
    ],
  },
  {
    id: 'C16',
    fault: 'keys that are empty or no text',
    proofs: [
      [
        'lib/testing/cache-key.cases',
        'refuses a key that is no text, or empty, before anything is sent',
      ],
    ],
  },
  {
    id: 'C17',
    fault: 'names of inherited properties',
    proofs: [
      ['test/security/hostile-keys.spec', 'touch no prototype'],
      [
        'test/unit/memory/memory.backend.spec',
        'takes the names of inherited properties as ordinary keys',
      ],
    ],
  },
  {
    id: 'C18',
    fault: 'paths in keys',
    proofs: [
      [
        'test/security/hostile-keys.spec',
        'reach nothing outside of the directory, whatever the key or the prefix',
      ],
      [
        'test/integration/file/file-keys.spec',
        'are ordinary ones, and reach nothing outside the directory',
      ],
    ],
  },
  {
    id: 'C19',
    fault: 'prefix, version and key that run together',
    proofs: [
      [
        'test/security/key-triples.spec',
        'do not meet in ${COUNT} triples of prefix, version and key (seed ${SEED})',
      ],
    ],
  },
  {
    id: 'C20',
    fault: 'letters that look alike',
    proofs: [
      [
        'lib/testing/backend-key.cases',
        'keeps keys apart that look alike to a file system or a parser',
      ],
    ],
  },
  {
    id: 'C21',
    fault: 'a million keys',
    proofs: [
      ['test/unit/memory/memory.capacity.spec', 'holds for any number of keys'],
      ['test/unit/memory/memory.capacity.spec', 'is never passed'],
    ],
  },
  {
    id: 'C22',
    fault: 'keys of digits, of which V8 hashes many alike',
    proofs: [
      [
        'test/unit/core/key-builder.spec',
        'never makes a key that is a number, which V8 would hash by its value',
      ],
    ],
  },
];
