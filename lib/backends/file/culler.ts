import type { Clock } from '../../core/clock.js';
import { HEADER_BYTES, isExpired, readHeader } from './entry-format.js';
import type { FileIo } from './file-io.interface.js';
import { LEAVES } from './file-layout.js';
import { inParallel } from './in-parallel.js';
import type { LeafFiles } from './leaf-files.js';

/** What the culler works with. */
export interface CullerParts {
  readonly io: FileIo;
  readonly leaves: LeafFiles;
  readonly clock: Clock;
  /** Removes an entry, a lease or a lock that cannot be read or has expired, unless it was replaced meanwhile. */
  removeDead(path: string): Promise<void>;
}

interface Candidate {
  readonly path: string;
  readonly isDead: boolean;
  readonly writtenAt: number;
}

// How many entries a leaf gets scatters by the root of its share. So shares are kept large: a small cache is counted by
// branches of 16 leaves, or as a whole, which is cheap because it is small.
const LEAST_SHARE = 128;

/**
 * Keeps a scope within `maxEntries`, without listing it. Leaves are counted in groups, each with its share of the entries
 * and its own count of sets. A group is listed when those sets could have filled it, but not before a sixteenth of its
 * share was set; so it counts as full that much earlier.
 */
export class Culler {
  /** Live entries removed to make room. */
  evictions = 0;
  readonly #parts: CullerParts;
  readonly #leavesInGroup: number;
  readonly #limit: number;
  readonly #atOnce: number;
  readonly #leastInterval: number;
  readonly #mostInterval: number;
  readonly #setsLeft: number[];
  readonly #running = new Set<number>();

  constructor(parts: CullerParts, maxEntries: number, cullFrequency: number) {
    this.#parts = parts;
    this.#leavesInGroup =
      [1, 16].find((leaves) => (maxEntries * leaves) / LEAVES >= LEAST_SHARE) ?? LEAVES;
    const groups = LEAVES / this.#leavesInGroup;
    const share = Math.floor(maxEntries / groups);
    this.#leastInterval = Math.max(1, Math.floor(share / 16));
    this.#mostInterval = Math.max(1, Math.floor(share / 3));
    this.#limit = share + 1 - this.#leastInterval;
    this.#atOnce = cullFrequency === 0 ? Infinity : Math.floor(share / cullFrequency);
    this.#setsLeft = Array.from({ length: groups }, () => this.#firstLook(share));
  }

  /** To be told of each entry written. Resolves when what had to go has gone; undefined if it was not time to look. */
  wrote(leaf: number, path: string): Promise<void> | undefined {
    const group = Math.floor(leaf / this.#leavesInGroup);
    this.#setsLeft[group]! -= 1;
    if (this.#setsLeft[group]! > 0 || this.#running.has(group)) return undefined;
    this.#running.add(group);
    return this.#look(group, path).finally(() => {
      this.#running.delete(group);
      // Also after a look that failed, so that not each set tries anew.
      if (this.#setsLeft[group]! <= 0) this.#setsLeft[group] = this.#leastInterval;
    });
  }

  // A process that lives for a few sets must look now and then as well, or many of them would fill the disk.
  #firstLook(share: number): number {
    return share < LEAST_SHARE ? 1 : 1 + Math.floor(Math.random() * this.#mostInterval);
  }

  async #look(group: number, written: string): Promise<void> {
    // Sets that come while this runs count towards the next look.
    this.#setsLeft[group] = 0;
    const left = await this.#countAndCull(group, written);
    const room = this.#limit - left + 1;
    this.#setsLeft[group] += Math.min(Math.max(room, this.#leastInterval), this.#mostInterval);
  }

  /** How many entries are left. */
  async #countAndCull(group: number, written: string): Promise<number> {
    const { leaves } = this.#parts;
    const existing = await leaves.existing(group * this.#leavesInGroup, this.#leavesInGroup);
    const listings = await inParallel(existing, (leaf) => leaves.list(leaf));
    await leaves.sweep(listings.flatMap(({ leftovers }) => leftovers));
    await this.#removeDead(listings.flatMap(({ leases, held }) => [...leases, ...held]));
    const entries = listings.flatMap((listing) => listing.entries);
    return entries.length > this.#limit ? this.#cull(entries, written) : entries.length;
  }

  /** What those who were killed, or forgot it, held for a time that is over. */
  async #removeDead(paths: readonly string[]): Promise<void> {
    await inParallel(paths, async (path) => {
      if ((await this.#candidate(path))?.isDead === true) await this.#parts.removeDead(path);
    });
  }

  async #cull(entries: readonly string[], written: string): Promise<number> {
    const found = await inParallel(entries, (path) => this.#candidate(path));
    const own = found.filter((candidate) => candidate !== undefined);
    if (own.length <= this.#limit) return own.length;
    const goal = Math.max(own.length - this.#limit, this.#atOnce);
    const others = own.filter(({ path }) => path !== written);
    const dead = others.filter(({ isDead }) => isDead);
    const live = others.filter(({ isDead }) => !isDead);
    live.sort((a, b) => a.writtenAt - b.writtenAt);
    const evicted = live.slice(0, Math.max(0, goal - dead.length));
    await inParallel(dead, ({ path }) => this.#parts.removeDead(path));
    const removed = await inParallel(evicted, ({ path }) => this.#parts.io.unlink(path));
    this.evictions += removed.filter(Boolean).length;
    return own.length - dead.length - evicted.length;
  }

  /** Undefined for a file that is not ours. */
  async #candidate(path: string): Promise<Candidate | undefined> {
    const content = await this.#parts.io.read(path, 0, HEADER_BYTES);
    const header = content ? readHeader(content.bytes) : 'foreign';
    if (header === 'foreign') return undefined;
    if (header === 'corrupt') return { path, isDead: true, writtenAt: 0 };
    if (header === 'unknown') {
      // Another version's entry ages out with the rest; only its file tells how old it is.
      const stats = await this.#parts.io.stat(path);
      return { path, isDead: false, writtenAt: stats?.mtimeMs ?? 0 };
    }
    return {
      path,
      isDead: isExpired(header, this.#parts.clock.now()),
      writtenAt: header.writtenAt,
    };
  }
}
