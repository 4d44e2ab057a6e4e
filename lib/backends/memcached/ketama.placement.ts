import { createHash } from 'node:crypto';

const POINTS_PER_SERVER = 100;
const DEFAULT_PORT = ':11211';

/**
 * A ring of points, 100 for each server, on which a key belongs to the next point: the first four bytes of an MD5 each. A
 * server that comes or goes moves its own share of the keys only.
 *
 * @see libmemcached's ketama behaviour: `pylibmc.Client(servers, behaviors={'ketama': True})`
 */
export function ketama(nodes: readonly string[]): (key: string) => number {
  const ring = nodes
    .flatMap((node, server) =>
      Array.from({ length: POINTS_PER_SERVER }, (_, index) => ({
        point: md5Head(`${nameOf(node)}-${index}`),
        server,
      })),
    )
    .toSorted((a, b) => a.point - b.point);
  const points = Uint32Array.from(ring, ({ point }) => point);
  return (key) => {
    const hash = md5Head(key);
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

// libmemcached leaves the usual port out of a server's name.
function nameOf(node: string): string {
  return node.endsWith(DEFAULT_PORT) ? node.slice(0, -DEFAULT_PORT.length) : node;
}

function md5Head(text: string): number {
  return createHash('md5').update(text).digest().readUInt32LE(0);
}
