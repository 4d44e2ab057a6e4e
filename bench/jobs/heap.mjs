export const name = 'heap';
export const title =
  'memory: bytes of heap an entry of 100 characters takes, key included (less is better)';

const OURS = { name: 'ours', contestant: 'ours-memory', ours: true };
const PEERS = [
  { name: 'bentocache', contestant: 'bentocache' },
  { name: 'cache-manager', contestant: 'cache-manager' },
  { name: 'keyv', contestant: 'keyv' },
  { name: 'cacheable', contestant: 'cacheable' },
  { name: 'node-cache', contestant: 'node-cache' },
  { name: 'lru-cache', contestant: 'lru-cache' },
];

export function scenes({ short }) {
  const size = short ? 20_000 : 200_000;
  const perEntry = {
    name: `${size.toLocaleString('en')} entries`,
    kind: 'string',
    size,
    fill: 'none',
    contestants: [OURS, ...PEERS],
    rows: [
      {
        op: 'heap',
        title: `bytes an entry, ${size.toLocaleString('en')} entries`,
        unit: 'bytes',
        once: true,
        lessIsBetter: true,
        sample: ({ bytes, count }) => bytes / count,
      },
    ],
  };
  const bounded = {
    name: '1,000,000 entries, maxBytes',
    kind: 'string',
    size: 1_000_000,
    fill: 'none',
    contestants: [{ ...OURS, options: { limitBytes: 256 * 2 ** 20 } }],
    rows: [
      {
        op: 'heap',
        title: '1,000,000 entries into maxBytes of 256 MiB: heap ÷ maxBytes',
        unit: '×',
        once: true,
        lessIsBetter: true,
        sample: ({ bytes, limitBytes }) => bytes / limitBytes,
      },
    ],
  };
  return short ? [perEntry] : [perEntry, bounded];
}

export const goals = [
  {
    of: (row) => row.unit === 'bytes',
    ours: 'ours',
    peers: ['bentocache', 'cache-manager', 'keyv'],
    atMost: 1,
  },
  { of: (row) => row.unit === '×', ours: 'ours', atMost: 1.3 },
];
