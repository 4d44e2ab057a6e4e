import {
  chmodSync,
  closeSync,
  type Dirent,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { FileContent, FileIo, WriteModes } from './file-io.interface.js';
import {
  DIRECTORY_MODE,
  FILE_MODE,
  hasNoLinks,
  isAbsent,
  isNotRegular,
  isTaken,
  OPEN_TO_CHANGE,
  OPEN_TO_READ,
} from './io-errors.js';

/** A file that is open for as long as the work on it takes, so that its inode cannot be given to another file. */
export interface OpenFile {
  readonly content: FileContent;
  /** True if the path still leads to this file, and not to one that was put in its place. */
  readonly isInPlace: () => boolean;
  /** Replaces bytes of the file. */
  readonly patch: (bytes: Buffer, position: number) => void;
}

/** The file system in the calling turn. Also what the work under a key's lock uses, in either mode. */
export class SyncFileIo implements FileIo {
  readonly #modes: WriteModes;

  constructor(modes: WriteModes = { areSet: false }) {
    this.#modes = modes;
  }

  read(path: string, whole: number, head: number): FileContent | undefined {
    return withFile(path, OPEN_TO_READ, (fd) => contentOf(fd, whole, head));
  }

  /** Does work on a regular file while it is open; undefined if there is none. Arguments as in `read`. */
  hold<T>(path: string, whole: number, head: number, work: (file: OpenFile) => T): T | undefined {
    return withFile(path, OPEN_TO_CHANGE, (fd) => {
      const content = contentOf(fd, whole, head);
      if (!content) return undefined;
      return work({
        content,
        isInPlace: () => isSameFile(fd, path),
        patch: (bytes, position) => patch(fd, bytes, position),
      });
    });
  }

  /** Gives a file a further name. False if that name is taken, or there are no such names here. */
  link(from: string, to: string): boolean {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if (isTaken(error) || hasNoLinks(error)) return false;
      throw error;
    }
  }

  write(path: string, bytes: Buffer): void {
    try {
      writeFileSync(path, bytes, { flag: 'wx', mode: FILE_MODE });
      if (this.#modes.areSet) chmodSync(path, FILE_MODE);
    } catch (error) {
      if (!isTaken(error)) this.#discard(path);
      throw error;
    }
  }

  rename(from: string, to: string): void {
    renameSync(from, to);
  }

  unlink(path: string): boolean {
    try {
      unlinkSync(path);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  stat(path: string): Stats | undefined {
    return lstatSync(path, { throwIfNoEntry: false });
  }

  list(path: string): Dirent[] {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  makeDirectory(path: string): boolean {
    try {
      mkdirSync(path, DIRECTORY_MODE);
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
    chmodSync(path, DIRECTORY_MODE);
    return true;
  }

  #discard(path: string): void {
    try {
      unlinkSync(path);
    } catch {
      // The error that is being thrown says more; what is left is swept with the leftovers of killed processes.
    }
  }
}

function withFile<T>(path: string, flags: number, work: (fd: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (error) {
    if (isAbsent(error) || isNotRegular(error)) return undefined;
    throw error;
  }
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

function contentOf(fd: number, whole: number, head: number): FileContent | undefined {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return undefined;
  const { size } = stats;
  const wanted = size <= whole ? size : Math.min(size, head);
  const bytes = Buffer.allocUnsafe(wanted);
  const read = readSync(fd, bytes, 0, wanted, 0);
  return { bytes: read === wanted ? bytes : bytes.subarray(0, read), size };
}

function isSameFile(fd: number, path: string): boolean {
  const open = fstatSync(fd);
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there !== undefined && there.ino === open.ino && there.dev === open.dev;
}

function patch(fd: number, bytes: Buffer, position: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, position);
  if (written === bytes.length) return;
  throw new Error(`only ${written} of ${bytes.length} bytes were written`);
}
