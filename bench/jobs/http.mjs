export const name = 'http';
/** What can be had from within an interceptor of Nest. */
export const floor = 'bare interceptor';
export const title =
  'HTTP: hits of a cached page, 64 clients at once (requests per second of the core the server has)';
export const servers = ['memcached'];
// A server has its own, the framework's and Node's code to warm up.
export const pace = { ms: 250, rounds: 11, warmUps: 5 };

const PLATFORMS = { express: 'Express', fastify: 'Fastify' };
const SIZES = { record: ['1 KiB', 1_000], records: ['64 KiB', 100] };
const BACKENDS = ['memory', 'memcached'];

const OURS = { name: 'ours', contestant: 'ours-http', ours: true };
const EARLY = {
  name: 'ours, early',
  contestant: 'ours-http',
  ours: true,
  options: { early: true },
};
const PEER = without('known', { name: '@nestjs/cache-manager', contestant: 'nest-cache-manager' });
const UNCACHED = without('known', { name: 'Nest uncached', contestant: 'nest' });
const FLOOR = without('known', { name: floor, contestant: 'bare-interceptor' });
const WHOLE = without('hit', {
  name: 'its own 200',
  contestant: 'ours-http',
  options: { forgets: true },
});

export function scenes({ short }) {
  const all = Object.keys(SIZES).flatMap((kind) =>
    BACKENDS.flatMap((backend) =>
      Object.keys(PLATFORMS).map((platform) => scene(kind, backend, platform)),
    ),
  );
  // Each framework and each backend once.
  return short ? [all[0], all[3]].map((it) => Object.assign(it, { size: 100 })) : all;
}

function scene(kind, backend, platform) {
  const [weight, size] = SIZES[kind];
  const what = `${weight}, ${PLATFORMS[platform]}, ${backend}`;
  const needs = backend === 'memcached' ? ['memcached'] : [];
  const entrant = ({ options, ...contestant }) => ({
    ...contestant,
    options: { ...options, platform, backend },
  });
  const cached = (contestant) => entrant({ ...contestant, needs });
  const bare = { name: `bare ${PLATFORMS[platform]}`, contestant: `bare-${platform}` };
  return {
    name: what,
    kind,
    size,
    fill: 'none',
    clock: 'cpu',
    contestants: [
      cached(OURS),
      cached(EARLY),
      cached(PEER),
      entrant(UNCACHED),
      entrant(FLOOR),
      entrant(without('known', bare)),
      cached(WHOLE),
    ],
    rows: [
      { op: 'hit', title: `hit, ${what}` },
      { op: 'known', title: `304, ${what}` },
    ],
  };
}

function without(op, contestant) {
  return { ...contestant, without: [op] };
}

export const goals = [
  { of: on('Express'), ours: OURS.name, peers: [PEER.name], atLeast: 1.3 },
  { of: on('Fastify'), ours: OURS.name, peers: [PEER.name], atLeast: 1.5 },
  { of: on('Express'), ours: EARLY.name, peers: [PEER.name], atLeast: 1.8 },
  { of: on('Fastify'), ours: EARLY.name, peers: [PEER.name], atLeast: 2.4 },
  { of: () => true, ours: OURS.name, peers: [UNCACHED.name, WHOLE.name], atLeast: 1 },
];

function on(platform) {
  return (row) => row.scene.includes(platform);
}
