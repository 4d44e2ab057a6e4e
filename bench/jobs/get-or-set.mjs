export const name = 'get-or-set';
export const title =
  'memory: getOrSet hit, miss, and 10,000 callers at once on one key (callers per s)';

const PEERS = [
  { name: 'bentocache', contestant: 'bentocache' },
  { name: 'cacheable', contestant: 'cacheable' },
  { name: 'cache-manager', contestant: 'cache-manager' },
  { name: 'Django locmem', django: 'locmem', without: ['stampede'] },
];

export function scenes({ short }) {
  const all = ['string', 'object'].map((kind) => ({
    name: `${kind}, 1,000 entries`,
    kind,
    clock: 'cpu',
    size: 1_000,
    contestants: [{ name: 'ours', contestant: 'ours-memory', ours: true }, ...PEERS],
    rows: [
      { op: 'getOrSetHit', title: `getOrSet hit, ${kind}` },
      { op: 'getOrSetMiss', title: `getOrSet miss, ${kind}` },
      { op: 'stampede', title: `10,000 callers on one key, ${kind}` },
    ],
  }));
  return short ? all.slice(0, 1) : all;
}

export const goals = [{ of: () => true, ours: 'ours', peers: ['bentocache'], atLeast: 3 }];
