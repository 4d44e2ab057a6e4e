import { spawnSync } from 'node:child_process';

/** Why Django cannot take part on this machine; undefined if it can. */
export function whyNoDjango() {
  const probe = spawnSync('/usr/bin/python3', ['-c', 'import django'], { encoding: 'utf8' });
  if (probe.error) return 'there is no /usr/bin/python3';
  return probe.status === 0
    ? undefined
    : 'Django is not installed for /usr/bin/python3 (python3-django)';
}
