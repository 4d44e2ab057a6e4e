import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** Where one key's entry is kept. */
export interface EntryPlace {
  readonly key: string;
  /** The key as the entry bears it: UTF-8. */
  readonly keyBytes: Buffer;
  /** Number of the leaf, 0 to 255. */
  readonly leaf: number;
  /** The entry's file. */
  readonly path: string;
}

/** What a file in a leaf is, by its name alone. */
export type FileRole = 'entry' | 'lease' | 'held' | 'leftover' | 'foreign';

/** Leaves of one scope: 16 directories with 16 directories each. */
export const LEAVES = 256;

const ENTRY_SUFFIX = '.njcache';
const LEASE_SUFFIX = '.lease';
const HELD_SUFFIX = '.held';
const LOCK_SUFFIX = '.lock';
const NAME = /^[0-9a-f]{64}\.(njcache|lease|held)$/;
const ROLES: Readonly<Record<string, FileRole>> = {
  njcache: 'entry',
  lease: 'lease',
  held: 'held',
};
// Temporary files and locks; they outlive their operation only if its process was killed.
const LEFTOVER_NAME = /^[0-9a-f]{64}\.(?:[0-9a-z]+\.tmp|lock|lock\.steal)$/;
const HEX = '0123456789abcdef';

/**
 * Which file holds which key. Every name is made of hex digits of SHA-256, so no key or prefix can name a file outside,
 * and two keys never share one, whatever the file system thinks of case or Unicode.
 */
export class FileLayout {
  /** The directory of this scope. */
  readonly scopeDirectory: string;
  readonly #leaves: readonly string[];
  readonly #tag = randomBytes(8).toString('hex');
  #count = 0;

  constructor(location: string, scope: string) {
    this.scopeDirectory = join(location, scopeName(scope));
    this.#leaves = Array.from({ length: LEAVES }, (_, leaf) =>
      join(this.scopeDirectory, HEX[leaf >> 4]!, HEX[leaf & 15]!),
    );
  }

  /** The file of a key. */
  place(key: string): EntryPlace {
    const name = hash('sha256', key);
    const leaf = Number.parseInt(name.slice(0, 2), 16);
    return {
      key,
      keyBytes: Buffer.from(key),
      leaf,
      path: `${this.#leaves[leaf]!}/${name}${ENTRY_SUFFIX}`,
    };
  }

  /** The directory of a leaf. */
  leafDirectory(leaf: number): string {
    return this.#leaves[leaf]!;
  }

  /** The directory above a leaf. */
  branchDirectory(leaf: number): string {
    return join(this.scopeDirectory, HEX[leaf >> 4]!);
  }

  /** A new name beside an entry's file, never given twice. */
  temporary(entryPath: string): string {
    this.#count += 1;
    return `${withoutSuffix(entryPath)}.${this.#tag}${this.#count.toString(36)}.tmp`;
  }

  /** A new name beside the leaves, never given twice. */
  probe(): string {
    this.#count += 1;
    return join(this.scopeDirectory, `${this.#tag}${this.#count.toString(36)}.tmp`);
  }

  /** The lock of a key, under which its files are changed; from the path of any of them. */
  lock(path: string): string {
    return withoutSuffix(path) + LOCK_SUFFIX;
  }

  /** The file beside an entry that says who is loading it. */
  lease(entry: EntryPlace): EntryPlace {
    return { ...entry, path: withoutSuffix(entry.path) + LEASE_SUFFIX };
  }

  /** The file that says who holds the lock that users of the cache take on a key. */
  held(entry: EntryPlace): EntryPlace {
    return { ...entry, path: withoutSuffix(entry.path) + HELD_SUFFIX };
  }

  /** The entry's file beside a lease. */
  entryOf(leasePath: string): string {
    return withoutSuffix(leasePath) + ENTRY_SUFFIX;
  }

  /** What a file of a leaf is. A name of ours in another leaf than its own is foreign. */
  roleOf(leaf: number, name: string): FileRole {
    if (name[0] !== HEX[leaf >> 4] || name[1] !== HEX[leaf & 15]) return 'foreign';
    const suffix = NAME.exec(name)?.[1];
    if (suffix !== undefined) return ROLES[suffix]!;
    return LEFTOVER_NAME.test(name) ? 'leftover' : 'foreign';
  }
}

// The head is for people; the hash, over UTF-16 code units, is what makes two scopes two directories.
function scopeName(scope: string): string {
  const head =
    scope
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, '-')
      .slice(0, 32) || 'cache';
  return `${head}.${hash('sha256', Buffer.from(scope, 'utf16le')).slice(0, 40)}`;
}

// The name is hex digits, so its only dot begins the suffix.
function withoutSuffix(path: string): string {
  return path.slice(0, path.lastIndexOf('.'));
}
