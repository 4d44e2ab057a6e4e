import { oneAtATime } from './one-at-a-time.js';

const POINTS_PER_SERVER = 100;
const DEFAULT_PORT = ':11211';

/**
 * A ring of points, 100 for each server, on which a key belongs to the next point. A server that comes or goes
 * moves its own share of the keys only.
 *
 * @see libmemcached's ketama behaviour: `pylibmc.Client(servers, behaviors={'ketama': True})`
 */
export function ketama(nodes: readonly string[]): (key: string) => number {
  const ring = nodes
    .flatMap((node, server) =>
      Array.from({ length: POINTS_PER_SERVER }, (_, index) => ({
        point: oneAtATime(`${nameOf(node)}-${index}`),
        server,
      })),
    )
    .toSorted((a, b) => a.point - b.point);
  const points = Uint32Array.from(ring, ({ point }) => point);
  return (key) => {
    const hash = oneAtATime(key);
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return ring[low === points.length ? 0 : low]!.server;
  };
}

// libmemcached leaves the usual port out of a server's name, and gives a socket the port 0.
function nameOf(node: string): string {
  if (node.startsWith('/')) return `${node}:0`;
  return node.endsWith(DEFAULT_PORT) ? node.slice(0, -DEFAULT_PORT.length) : node;
}
