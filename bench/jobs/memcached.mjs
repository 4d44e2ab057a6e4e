export const name = 'memcached';
/** What one socket gives with next to no work. */
export const floor = 'bare socket';
export const title =
  'memcached: get with 64 and 1,000 callers at once, getMany(100), one call at a time';
export const servers = ['memcached', 'redis'];
// Time is the clock's on the wall here, so that what else the machine does counts: more rounds, to come between it.
export const pace = { ms: 100, rounds: 15, warmUps: 3 };

const MEMCACHED = ['memcached'];
const OURS = { name: 'ours', contestant: 'ours-memcached', needs: MEMCACHED, ours: true };
const CLIENTS = [
  { name: 'memjs', contestant: 'memjs', needs: MEMCACHED },
  { name: 'memcache', contestant: 'memcache', needs: MEMCACHED },
  { name: 'memcache-client', contestant: 'memcache-client', needs: MEMCACHED },
  { name: 'memcached', contestant: 'memcached', needs: MEMCACHED },
  { name: '@keyv/memcache', contestant: 'keyv-memcache', needs: MEMCACHED },
];
const REDIS = [
  { name: 'ioredis', contestant: 'ioredis', needs: ['redis'] },
  {
    name: 'ioredis pipelined',
    contestant: 'ioredis',
    needs: ['redis'],
    options: { autoPipelining: true },
  },
];
const BARE = { name: 'bare socket', contestant: 'bare-socket', needs: MEMCACHED };
// A Django process makes one call at a time.
const DJANGO = ['pymemcache', 'pylibmc'].map((module) => ({
  name: `Django ${module}`,
  django: module,
  needs: MEMCACHED,
  without: ['getBy64', 'getBy1000'],
}));
export const notes = [
  'Django takes part where one call is made at a time.',
  'without memcached at 100 KiB: with 1,000 in flight it takes the server for dead.',
];

const AT_ONCE = [row('getBy64', 'get, 64 in flight'), row('getBy1000', 'get, 1,000 in flight')];
const MANY = row('getMany', 'getMany(100)');
const ONE_BY_ONE = [
  row('get', 'get, one by one'),
  row('set', 'set, one by one'),
  latencyRow('getLatency', 'get, p50'),
  latencyRow('setLatency', 'set, p50'),
];

export function scenes({ short }) {
  const all = [
    scene('string', '100 B', 1_000, [...AT_ONCE, MANY, ...ONE_BY_ONE]),
    scene('text1Ki', '1 KiB', 1_000, [...AT_ONCE, MANY]),
    scene('text10Ki', '10 KiB', 1_000, AT_ONCE),
    without('memcached', scene('text100Ki', '100 KiB', 100, AT_ONCE)),
    scene('record', 'JSON of 1 KiB', 1_000, AT_ONCE),
  ];
  return short ? all.slice(0, 1) : all;
}

function scene(kind, what, size, rows) {
  const alone = rows.some(({ op }) => !DJANGO[0].without.includes(op));
  return {
    name: what,
    kind,
    size,
    contestants: [OURS, ...CLIENTS, ...REDIS, BARE, ...(alone ? DJANGO : [])],
    rows: rows.map((it) => ({ ...it, title: `${it.call}, ${what}` })),
  };
}

function without(peer, it) {
  return { ...it, contestants: it.contestants.filter(({ name: own }) => own !== peer) };
}

function row(op, call) {
  return { op, call };
}

function latencyRow(op, call) {
  return { op, call, unit: 'µs', lessIsBetter: true, sample: ({ p50 }) => p50 };
}

const NODE_CLIENTS = CLIENTS.map((client) => client.name);
const STRINGS = ['100 B', '1 KiB', '10 KiB', '100 KiB'];
const SMALL = ['100 B', '1 KiB'];
const RECORD = ['JSON of 1 KiB'];

export const goals = [
  goal('getBy1000', ['100 B'], { peers: ['memjs'], atLeast: 5 }),
  goal('getBy1000', ['1 KiB'], { peers: ['memjs'], atLeast: 4 }),
  goal('getBy1000', SMALL, { bestOf: NODE_CLIENTS, atLeast: 2.5 }),
  goal('getBy1000', SMALL, { peers: ['ioredis'], atLeast: 3 }),
  goal('getBy1000', SMALL, { peers: [BARE.name], atLeast: 0.7 }),
  goal('getBy64', ['100 B'], { peers: ['memjs'], atLeast: 3 }),
  goal('getBy64', ['1 KiB'], { peers: ['memjs'], atLeast: 2 }),
  ...['getBy64', 'getBy1000'].map((op) =>
    goal(op, ['10 KiB', '100 KiB'], { peers: ['memjs'], atLeast: 1 }),
  ),
  goal('getBy64', RECORD, { peers: ['memjs'], atLeast: 1.35 }),
  goal('getBy1000', RECORD, { peers: ['memjs'], atLeast: 1.6 }),
  goal('getMany', ['100 B'], { peers: ['memjs'], atLeast: 3.5 }),
  goal('getMany', ['1 KiB'], { peers: ['memjs'], atLeast: 2.5 }),
  goal('getMany', SMALL, { peers: ['Django pylibmc'], atLeast: 1.1 }),
  goal('getMany', SMALL, { peers: ['Django pymemcache'], atLeast: 4 }),
  goal('getMany', SMALL, { peers: [BARE.name], atLeast: 0.8 }),
  ...['get', 'set'].map((op) => goal(op, STRINGS, { peers: ['memjs'], atLeast: 1.1 })),
  ...['getLatency', 'setLatency'].map((op) =>
    goal(op, STRINGS, { peers: ['Django pylibmc'], atMost: 1.5 }),
  ),
];

function goal(op, among, limit) {
  return { of: (it) => it.op === op && among.includes(it.scene), ours: OURS.name, ...limit };
}
