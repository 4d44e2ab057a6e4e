import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { CacheUnavailableError } from '../../core/cache.errors.js';
import type { FileIo, WriteModes } from './file-io.interface.js';
import type { FileLayout } from './file-layout.js';
import { FILE_MODE, isAbsent } from './io-errors.js';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const MOST_TRIES = 8;

/**
 * The directories of one scope: makes them with mode 0700 at every level, and refuses to use one that another user could
 * have put there or could write to.
 */
export class CacheDirectories {
  readonly #location: string;
  readonly #layout: FileLayout;
  readonly #io: FileIo;
  readonly #modes: WriteModes;
  readonly #checked = new Set<number>();

  constructor(location: string, layout: FileLayout, io: FileIo, modes: WriteModes) {
    this.#location = location;
    this.#layout = layout;
    this.#io = io;
    this.#modes = modes;
  }

  /** Makes the location and the scope's directory. @throws {CacheUnavailableError} if one is not safe. */
  async open(): Promise<void> {
    await this.#make(this.#location, true);
    await this.#check(this.#location);
    await this.#make(this.#layout.scopeDirectory, false);
    await this.#check(this.#layout.scopeDirectory);
  }

  /** Writes and removes a file, to see whether that can be done and what mode it gets. */
  async probe(): Promise<void> {
    const path = this.#layout.probe();
    await this.#io.write(path, Buffer.from('probe'));
    const stats = await this.#io.stat(path);
    await this.#io.unlink(path);
    if (stats && (stats.mode & 0o777) !== FILE_MODE) this.#modes.areSet = true;
  }

  /** True once a leaf was found safe by this process. */
  isChecked(leaf: number): boolean {
    return this.#checked.has(leaf);
  }

  /** Checks the scope's directory, if it is there, before it is listed. @throws {CacheUnavailableError} */
  async checkScope(): Promise<void> {
    await this.#check(this.#layout.scopeDirectory);
  }

  /** Checks the directories that lead to a leaf, if they are there. @throws {CacheUnavailableError} */
  async check(leaf: number): Promise<void> {
    await this.#check(this.#layout.scopeDirectory);
    await this.#check(this.#layout.branchDirectory(leaf));
    if (await this.#check(this.#layout.leafDirectory(leaf))) this.#checked.add(leaf);
  }

  /** Makes a leaf and whatever is missing above it. @throws {CacheUnavailableError} if something there is not safe. */
  async makeLeaf(leaf: number): Promise<void> {
    this.#checked.delete(leaf);
    await this.open();
    await this.#make(this.#layout.branchDirectory(leaf), false);
    await this.#make(this.#layout.leafDirectory(leaf), false);
    await this.check(leaf);
  }

  async #make(path: string, withParents: boolean): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#io.makeDirectory(path);
        return;
      } catch (error) {
        if (!withParents || !isAbsent(error) || tries > MOST_TRIES) throw error;
        await this.#make(dirname(path), true);
      }
    }
  }

  async #check(path: string): Promise<boolean> {
    const stats = await this.#io.stat(path);
    const fault = stats && faultOf(stats, path === this.#location);
    if (fault) {
      throw new CacheUnavailableError('CACHE_UNSAFE_DIRECTORY', `the directory "${path}" ${fault}`);
    }
    return stats !== undefined;
  }
}

/** Why a directory must not be used, as the end of a sentence; undefined if it may. */
function faultOf(stats: Stats, isLocation: boolean): string | undefined {
  if (stats.isSymbolicLink()) return 'is a symbolic link; name the directory that it leads to';
  if (!stats.isDirectory()) return 'is no directory; remove what is there or choose another';
  const user = process.geteuid?.();
  // Windows has neither owners nor modes that Node could tell.
  if (user === undefined) return undefined;
  if (stats.uid !== user) {
    return `belongs to the user ${stats.uid}, not to the user ${user} of this process; choose a directory of its own`;
  }
  const isSticky = isLocation && (stats.mode & STICKY) !== 0;
  return (stats.mode & WRITABLE_BY_OTHERS) === 0 || isSticky
    ? undefined
    : `can be written to by other users (mode ${(stats.mode & 0o7777).toString(8)}); take that away with chmod go-w`;
}
