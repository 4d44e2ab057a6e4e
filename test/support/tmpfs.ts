import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, in memory and of a size. */
export interface Tmpfs {
  readonly directory: string;
  /** Lets it only be read, or be written again. */
  remount(mode: 'ro' | 'rw'): void;
  remove(): void;
}

/** Mounts one of so many KiB. @throws {Error} with what `mount` says, where that is not allowed. */
export function mountTmpfs(kibibytes: number): Tmpfs {
  const directory = mkdtempSync(join(tmpdir(), 'tmpfs-'));
  try {
    run('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k,mode=0700`, 'tmpfs', directory]);
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
  return {
    directory,
    remount: (mode) => run('mount', ['-o', `remount,${mode}`, directory]),
    remove: () => {
      run('umount', ['-l', directory]);
      rmdirSync(directory);
    },
  };
}

/** Why no file system can be mounted here; undefined if one can. */
export const tmpfsMissing: string | undefined = whyMissing();

function whyMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a file system';
  try {
    mountTmpfs(64).remove();
    return undefined;
  } catch (error) {
    return `no file system can be mounted: ${(error as Error).message}`;
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.trim());
}
