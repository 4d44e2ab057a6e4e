import {
  chmodSync,
  closeSync,
  type Dirent,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type { FileContent, FileIo } from './file-io.interface.js';
import {
  DIRECTORY_MODE,
  FILE_MODE,
  isAbsent,
  isNotRegular,
  isTaken,
  OPEN_TO_READ,
} from './io-errors.js';

/** The file system in the calling turn. Also what the work under a key's lock uses, in either mode. */
export class SyncFileIo implements FileIo {
  #setsModes = false;

  read(path: string, whole: number, head: number): FileContent | undefined {
    let fd: number;
    try {
      fd = openSync(path, OPEN_TO_READ);
    } catch (error) {
      if (isAbsent(error) || isNotRegular(error)) return undefined;
      throw error;
    }
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return undefined;
      const { size } = stats;
      const wanted = size <= whole ? size : Math.min(size, head);
      const bytes = Buffer.allocUnsafe(wanted);
      const read = readSync(fd, bytes, 0, wanted, 0);
      return { bytes: read === wanted ? bytes : bytes.subarray(0, read), size };
    } finally {
      closeSync(fd);
    }
  }

  write(path: string, bytes: Buffer): void {
    try {
      writeFileSync(path, bytes, { flag: 'wx', mode: FILE_MODE });
      if (this.#setsModes) chmodSync(path, FILE_MODE);
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

  setModes(): void {
    this.#setsModes = true;
  }

  #discard(path: string): void {
    try {
      unlinkSync(path);
    } catch {
      // The error that is being thrown says more; what is left is swept with the leftovers of killed processes.
    }
  }
}
