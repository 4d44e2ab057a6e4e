import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { HEADER_BYTES, readHeader } from './entry-format.js';
import type { FileIo } from './file-io.interface.js';
import { type FileLayout, type FileRole, LEAVES } from './file-layout.js';
import { inParallel } from './in-parallel.js';

/** The paths of our own files in one leaf. */
export interface LeafListing {
  readonly entries: string[];
  /** Says who is loading what. */
  readonly leases: string[];
  /** Says who holds which lock. */
  readonly held: string[];
  /** Temporary files and locks, those in use included. */
  readonly leftovers: string[];
}

/** What killed processes left is removed after this long. What is in use is never as old. */
export const LEFTOVER_AGE_MS = 3_600_000;

const LEAF_NAME = /^[0-9a-f]$/;
const LISTS: Readonly<Record<Exclude<FileRole, 'foreign'>, keyof LeafListing>> = {
  entry: 'entries',
  lease: 'leases',
  held: 'held',
  leftover: 'leftovers',
};

/** The files of the leaves, as culling, clearing and counting see them. Links are not followed, foreign files not touched. */
export class LeafFiles {
  readonly #layout: FileLayout;
  readonly #io: FileIo;

  constructor(layout: FileLayout, io: FileIo) {
    this.#layout = layout;
    this.#io = io;
  }

  /** The numbers of the leaves that are there, from `first` on. Default: of all. */
  async existing(first = 0, count = LEAVES): Promise<number[]> {
    const found: number[] = [];
    for (const branch of await this.#directories(this.#layout.scopeDirectory)) {
      if (branch * 16 + 16 <= first || branch * 16 >= first + count) continue;
      for (const leaf of await this.#directories(this.#layout.branchDirectory(branch * 16))) {
        const number = branch * 16 + leaf;
        if (number >= first && number < first + count) found.push(number);
      }
    }
    return found;
  }

  /** Our own files in a leaf. */
  async list(leaf: number): Promise<LeafListing> {
    const directory = this.#layout.leafDirectory(leaf);
    const listing: LeafListing = { entries: [], leases: [], held: [], leftovers: [] };
    for (const found of await this.#io.list(directory)) {
      const role = found.isFile() ? this.#layout.roleOf(leaf, found.name) : 'foreign';
      if (role !== 'foreign') listing[LISTS[role]].push(join(directory, found.name));
    }
    return listing;
  }

  /** Removes every entry of a leaf, and what killed processes left there. */
  async clear(leaf: number): Promise<void> {
    const { entries, leftovers } = await this.list(leaf);
    await inParallel(entries, async (path) => {
      const content = await this.#io.read(path, 0, HEADER_BYTES);
      if (content && readHeader(content.bytes) !== 'foreign') await this.#io.unlink(path);
    });
    await this.sweep(leftovers);
  }

  /** Removes those of the leftovers that no living operation can be using. */
  async sweep(leftovers: readonly string[]): Promise<void> {
    await inParallel(leftovers, async (path) => {
      const stats = await this.#io.stat(path);
      if (stats?.isFile() && Date.now() - madeAt(path, stats) > LEFTOVER_AGE_MS) {
        await this.#io.unlink(path);
      }
    });
  }

  async #directories(path: string): Promise<number[]> {
    const found = await this.#io.list(path);
    return found
      .filter((entry) => entry.isDirectory() && LEAF_NAME.test(entry.name))
      .map((entry) => Number.parseInt(entry.name, 16));
  }
}

// The time of a file is the machine's, whatever clock the cache runs on. A lock may be a name of an entry, with its mtime.
function madeAt(path: string, { ctimeMs, mtimeMs }: Stats): number {
  return path.endsWith('.tmp') ? mtimeMs : ctimeMs;
}
