import {
  chmod,
  closeSync,
  type Dirent,
  fstatSync,
  lstat,
  mkdir,
  open,
  read,
  readdir,
  rename,
  type Stats,
  unlink,
  writeFile,
} from 'node:fs';
import type { FileContent, FileIo, WriteModes } from './file-io.interface.js';
import {
  DIRECTORY_MODE,
  FILE_MODE,
  isAbsent,
  isNotRegular,
  isTaken,
  OPEN_TO_READ,
} from './io-errors.js';

const WRITE = { flag: 'wx', mode: FILE_MODE } as const;
const LIST = { withFileTypes: true } as const;

/**
 * The file system in Node's thread pool, by the callback functions: measured with 16 reads at once, `fs.promises` and its
 * file handles take more than twice as long. What asks no disk is done at once, because a turn in the pool costs more than
 * the call: the attributes of a file that was just opened, and closing one that was only read.
 */
export class AsyncFileIo implements FileIo {
  readonly #modes: WriteModes;

  constructor(modes: WriteModes) {
    this.#modes = modes;
  }

  read(path: string, whole: number, head: number): Promise<FileContent | undefined> {
    return new Promise((resolve, reject) => {
      open(path, OPEN_TO_READ, (error, fd) => {
        if (!error) readFrom(fd, whole, head, resolve, reject);
        else if (isAbsent(error) || isNotRegular(error)) resolve(undefined);
        else reject(error);
      });
    });
  }

  write(path: string, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => {
        if (!error) resolve();
        else if (isTaken(error)) reject(error);
        else unlink(path, () => reject(error));
      };
      writeFile(path, bytes, WRITE, (error) => {
        if (error || !this.#modes.areSet) settle(error);
        else chmod(path, FILE_MODE, settle);
      });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return new Promise((resolve, reject) => {
      rename(from, to, (error) => (error ? reject(error) : resolve()));
    });
  }

  unlink(path: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      unlink(path, (error) => {
        if (!error) resolve(true);
        else if (isAbsent(error)) resolve(false);
        else reject(error);
      });
    });
  }

  stat(path: string): Promise<Stats | undefined> {
    return new Promise((resolve, reject) => {
      lstat(path, (error, stats) => {
        if (!error) resolve(stats);
        else if (isAbsent(error)) resolve(undefined);
        else reject(error);
      });
    });
  }

  list(path: string): Promise<Dirent[]> {
    return new Promise((resolve, reject) => {
      readdir(path, LIST, (error, names) => {
        if (!error) resolve(names);
        else if (isAbsent(error)) resolve([]);
        else reject(error);
      });
    });
  }

  makeDirectory(path: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      mkdir(path, DIRECTORY_MODE, (error) => {
        if (!error)
          chmod(path, DIRECTORY_MODE, (failed) => (failed ? reject(failed) : resolve(true)));
        else if (isTaken(error)) resolve(false);
        else reject(error);
      });
    });
  }
}

function readFrom(
  fd: number,
  whole: number,
  head: number,
  resolve: (content: FileContent | undefined) => void,
  reject: (error: unknown) => void,
): void {
  const stats = statOf(fd, reject);
  if (!stats?.isFile()) {
    closeSync(fd);
    resolve(undefined);
    return;
  }
  const { size } = stats;
  const wanted = size <= whole ? size : Math.min(size, head);
  const bytes = Buffer.allocUnsafe(wanted);
  read(fd, bytes, 0, wanted, 0, (error, count) => {
    closeSync(fd);
    if (error) reject(error);
    else resolve({ bytes: count === wanted ? bytes : bytes.subarray(0, count), size });
  });
}

function statOf(fd: number, reject: (error: unknown) => void): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch (error) {
    reject(error);
    return undefined;
  }
}
