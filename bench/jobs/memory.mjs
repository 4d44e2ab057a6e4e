import { freemem } from 'node:os';

export const name = 'memory';
/** What ours is built on. */
export const floor = 'lru-cache';
export const title = 'memory: get, set with a TTL, 90 % get and 10 % set';

const OURS = { name: 'ours', contestant: 'ours-memory', ours: true };
const FROZEN = { ...OURS, name: 'ours, freeze', options: { isolation: 'freeze' } };
const PEERS = [
  { name: 'cache-manager', contestant: 'cache-manager' },
  { name: 'keyv', contestant: 'keyv' },
  { name: 'cacheable', contestant: 'cacheable' },
  { name: 'bentocache', contestant: 'bentocache' },
  { name: 'node-cache', contestant: 'node-cache' },
  { name: 'lru-cache', contestant: 'lru-cache' },
  { name: 'Django locmem', django: 'locmem' },
];
const GIB = 2 ** 30;

export function scenes({ short }) {
  const all = [
    scene('string', 1_000, [OURS]),
    scene('number', 1_000, [OURS]),
    scene('object', 1_000, [OURS, FROZEN]),
    scene('rows', 1_000, [OURS, FROZEN]),
    scene('string', 100_000, [OURS]),
    scene('object', 100_000, [OURS, FROZEN]),
    {
      ...scene('string', 1_000_000, [OURS]),
      skip: freemem() < 6 * GIB ? 'it needs 6 GiB of free memory' : undefined,
    },
  ];
  return short ? [all[0], all[2]] : all;
}

function scene(kind, size, ours) {
  const what = `${kind === 'rows' ? '100 rows' : kind}, ${size.toLocaleString('en')} entries`;
  return {
    name: what,
    kind,
    clock: 'cpu',
    size,
    contestants: [...ours, ...PEERS],
    rows: [
      { op: 'get', title: `get hit, ${what}` },
      { op: 'mix', title: `90/10, ${what}` },
      { op: 'set', title: `set, ${what}` },
    ],
  };
}

const PLAIN = (row) => /string|number/.test(row.scene);
const OBJECTS = (row) => /object|rows/.test(row.scene);

export const goals = [
  { of: PLAIN, ours: 'ours', peers: ['cache-manager'], atLeast: 1.2 },
  { of: PLAIN, ours: 'ours', peers: ['keyv', 'cacheable', 'bentocache'], atLeast: 4 },
  { of: PLAIN, ours: 'ours', peers: ['lru-cache'], atLeast: 0.65 },
  { of: OBJECTS, ours: 'ours, freeze', peers: ['cache-manager'], atLeast: 1.2 },
  { of: OBJECTS, ours: 'ours, freeze', peers: ['keyv', 'cacheable', 'bentocache'], atLeast: 4 },
  { of: OBJECTS, ours: 'ours, freeze', peers: ['lru-cache'], atLeast: 0.65 },
  { of: OBJECTS, ours: 'ours', peers: ['keyv', 'bentocache'], atLeast: 2 },
  { of: OBJECTS, ours: 'ours', peers: ['Django locmem'], atLeast: 2.5 },
];
