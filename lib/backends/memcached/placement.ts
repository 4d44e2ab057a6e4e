import { ketama } from './ketama.placement.js';
import { modula } from './modula.placement.js';
import { pythonMemcached } from './python-memcached.placement.js';
import { rendezvous } from './rendezvous.placement.js';

/** How a server is chosen for a key. Applications that share servers must choose alike. */
export type PlacementName = keyof typeof PLACEMENTS;

/** Answers the index of a key's server. */
export type Placement = (key: string) => number;

const PLACEMENTS = { rendezvous, modula, ketama, 'python-memcached': pythonMemcached };

/** The names of the placements. */
export const PLACEMENT_NAMES = Object.keys(PLACEMENTS) as PlacementName[];

/**
 * A placement over servers.
 *
 * @param nodes The servers in the order of the location, as Python's clients write them: `host:port` without brackets.
 */
export function placementOf(name: PlacementName, nodes: readonly string[]): Placement {
  return nodes.length === 1 ? () => 0 : PLACEMENTS[name](nodes);
}
