import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';
const NEEDED_BYTES = 2 * 2 ** 30;

/**
 * Where files are kept while measuring: in memory if there is such a place with enough room, unless the disk is asked for.
 *
 * @returns { path, isMemory }
 */
export function filesDirectory(onDisk) {
  const disk = { path: tmpdir(), isMemory: false };
  if (onDisk) return disk;
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize >= NEEDED_BYTES ? { path: IN_MEMORY, isMemory: true } : disk;
  } catch {
    return disk;
  }
}
