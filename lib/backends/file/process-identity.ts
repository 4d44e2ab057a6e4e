import { readFileSync, readlinkSync } from 'node:fs';

/**
 * This process, as a lock file names it: `machine pid start`.
 *
 * `machine` is the boot and the pid namespace, because containers that share a volume number their processes alike.
 * Undefined where the system does not tell (outside Linux): a lock then ends by its age alone.
 */
export function ownIdentity(): string | undefined {
  identity ??= { line: identify() };
  return identity.line;
}

/** True only if the process of that line certainly does not exist any more. False for one of another machine. */
export function isGone(line: string): boolean {
  const own = ownIdentity()?.split(' ');
  const [machine, pid, start] = line.trim().split(' ');
  if (own === undefined || machine !== own[0] || !/^\d+$/.test(pid ?? '')) return false;
  return startOf(pid!) !== start;
}

let identity: { readonly line: string | undefined } | undefined;

function identify(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
    const start = startOf(String(process.pid));
    return start === undefined ? undefined : `${boot}/${namespace} ${process.pid} ${start}`;
  } catch {
    return undefined;
  }
}

// A pid alone may have been given to another process meanwhile; with its start in clock ticks since boot it is unique.
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before the last parenthesis may hold anything, blanks and parentheses included.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
