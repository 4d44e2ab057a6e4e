import { constants } from 'node:fs';
import { constants as system } from 'node:os';

/** How entries are opened for reading: never through a symbolic link, never waiting at a FIFO. */
export const OPEN_TO_READ =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** The same for changing an entry in place. */
export const OPEN_TO_CHANGE =
  constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export const FILE_MODE = 0o600;
export const DIRECTORY_MODE = 0o700;

// Symbolic links (ELOOP, or EMLINK on BSD), sockets, devices without a driver, and directories when opened for change.
const NOT_REGULAR = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'ENODEV', 'EISDIR']);
// What a file system without hard links answers, or one that allows no more of them for this file.
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const OUT_OF_DESCRIPTORS = new Set(['EMFILE', 'ENFILE']);

/** The code of an error of the file system, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  const { code, errno } = (error ?? {}) as { readonly code?: unknown; readonly errno?: unknown };
  // Node has no name for this one: it is an "Unknown system error -122" to it.
  return errno === -system.errno.EDQUOT ? 'EDQUOT' : String(code);
}

/** Nothing is there. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** Something is there already. */
export function isTaken(error: unknown): boolean {
  return codeOf(error) === 'EEXIST';
}

/** What is there is nothing that could be an entry. */
export function isNotRegular(error: unknown): boolean {
  return NOT_REGULAR.has(codeOf(error));
}

/** A file cannot be given a further name here. */
export function hasNoLinks(error: unknown): boolean {
  return NO_LINKS.has(codeOf(error));
}

/** There is no room for what was to be written. */
export function isFull(error: unknown): boolean {
  return FULL.has(codeOf(error));
}

/** The process or the machine has no file descriptor left, which passes. */
export function isOutOfDescriptors(error: unknown): boolean {
  return OUT_OF_DESCRIPTORS.has(codeOf(error));
}
