import { verdict } from '../harness/report.mjs';

export const name = 'file';
export const keepsFiles = true;
export const title = 'file: get, set, and set on a full store (culling)';

const ASYNC = { name: 'ours, async', contestant: 'ours-file', ours: true };
const SYNC = { ...ASYNC, name: 'ours, sync', options: { io: 'sync' } };
const PEERS = [
  { name: 'Django filebased', django: 'filebased' },
  { name: 'bentocache file', contestant: 'bentocache-file' },
  { name: 'keyv-file', contestant: 'keyv-file' },
  { name: 'cacache', contestant: 'cacache' },
];
const DJANGO = PEERS[0];

export function scenes({ short, inMemory }) {
  // A disk is waited for; memory is not.
  const clock = inMemory ? 'cpu' : 'wall';
  const sizes = short ? [1_000] : [1_000, 10_000, 50_000];
  return sizes.flatMap((size) => {
    const entries = `${size.toLocaleString('en')} entries`;
    const atCapacity = { atCapacity: true };
    return [
      {
        name: entries,
        kind: 'object',
        clock,
        size,
        contestants: [ASYNC, SYNC, ...PEERS],
        rows: [
          { op: 'get', title: `get, one at a time, ${entries}` },
          { op: 'get16', title: `get, 16 at once, ${entries}` },
          { op: 'set', title: `set, ${entries}` },
        ],
      },
      {
        name: `${entries}, full`,
        kind: 'object',
        clock,
        size,
        contestants: [
          { ...ASYNC, options: atCapacity },
          { ...SYNC, options: { ...SYNC.options, ...atCapacity } },
          { ...DJANGO, options: atCapacity },
        ],
        rows: [{ op: 'setNew', title: `set of new keys, full at ${entries}` }],
      },
    ];
  });
}

const SET_GOALS = { '1,000': 4, '10,000': 40, '50,000': 150 };

export const goals = [
  ...Object.entries(SET_GOALS).map(([entries, atLeast]) => ({
    of: (row) => row.op === 'set' && row.scene === `${entries} entries`,
    ours: 'ours, async',
    peers: [DJANGO.name],
    atLeast,
  })),
  { of: (row) => row.op === 'get', ours: 'ours, sync', peers: [DJANGO.name], atLeast: 1.2 },
  { of: (row) => row.op === 'get', ours: 'ours, sync', peers: ['bentocache file'], atLeast: 8 },
  { of: (row) => row.op === 'get16', ours: 'ours, async', peers: [DJANGO.name], atLeast: 0.8 },
  {
    of: (row) => row.op === 'get16',
    ours: 'ours, async',
    peers: ['bentocache file'],
    atLeast: 1.8,
  },
];

/** A set among 50,000 entries costs at most 1.5 times what one among 1,000 does. */
export function growth(rows) {
  return ['ours, async', 'ours, sync'].flatMap((ours) => {
    const [small, large] = ['1,000 entries', '50,000 entries'].map((scene) =>
      rows
        .find((row) => row.op === 'set' && row.scene === scene)
        ?.figures.find((figure) => figure.name === ours),
    );
    if (!small || !large) return [];
    const text = `${ours}: cost of set at 50,000 ÷ at 1,000 entries`;
    return [verdict(text, small.median / large.median, { atMost: 1.5 })];
  });
}
