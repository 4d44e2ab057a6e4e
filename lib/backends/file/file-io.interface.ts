import type { Dirent, Stats } from 'node:fs';

/** An answer that may be there already. */
export type Answer<T> = T | Promise<T>;

/** The beginning of a file. */
export interface FileContent {
  readonly bytes: Buffer;
  /** The size of the whole file. */
  readonly size: number;
}

/** What all that write for one backend agree on. */
export interface WriteModes {
  /** True: the mode of a new file is set by a call of its own, because the umask takes away what its owner needs. */
  areSet: boolean;
}

/**
 * The file system as the file backend needs it: asynchronous or synchronous. No call follows a symbolic link in the last
 * part of a path, and none waits for the other end of a FIFO.
 */
export interface FileIo {
  /**
   * The beginning of a regular file: all of it if it has at most `whole` bytes, its first `head` bytes otherwise.
   * Undefined if nothing is there, or something that is no regular file.
   */
  read(path: string, whole: number, head: number): Answer<FileContent | undefined>;
  /** Makes a file of mode 0600 that was not there before. If that fails, nothing is left of it. */
  write(path: string, bytes: Buffer): Answer<void>;
  rename(from: string, to: string): Answer<void>;
  /** False if it was not there. */
  unlink(path: string): Answer<boolean>;
  /** What the path itself is; undefined if nothing is there. */
  stat(path: string): Answer<Stats | undefined>;
  /** What a directory holds; nothing if it is not there. */
  list(path: string): Answer<Dirent[]>;
  /** Makes one directory of mode 0700, whatever the umask. False if something is there already. */
  makeDirectory(path: string): Answer<boolean>;
}
