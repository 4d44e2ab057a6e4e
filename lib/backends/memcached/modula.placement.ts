import { oneAtATime } from './one-at-a-time.js';

/**
 * A hash of the key, modulo the number of servers. Another number of servers moves most keys.
 *
 * @see libmemcached's default, which pylibmc and Django's PyLibMCCache use
 */
export function modula(nodes: readonly string[]): (key: string) => number {
  return (key) => oneAtATime(key) % nodes.length;
}
