import type { ServerStats } from '../../core/cache-backend.interface.js';
import type { MemcachedServer } from './memcached.server.js';

type Figure = 'items' | 'bytes' | 'hits' | 'misses' | 'evictions';

const MEMCACHED_NAMES: Readonly<Record<Figure, string>> = {
  items: 'curr_items',
  bytes: 'bytes',
  hits: 'get_hits',
  misses: 'get_misses',
  evictions: 'evictions',
};

/** What a server says about itself; `down` if it does not answer. Never rejects. */
export async function statsOf(server: MemcachedServer): Promise<ServerStats> {
  try {
    const details = await server.read((client) => client.stats());
    const figures: Partial<Record<Figure, number>> = {};
    for (const [figure, name] of Object.entries(MEMCACHED_NAMES) as [Figure, string][]) {
      const value = details[name];
      if (value !== undefined) figures[figure] = Number(value);
    }
    return { server: server.name, state: 'up', ...figures, details };
  } catch {
    return { server: server.name, state: 'down' };
  }
}
