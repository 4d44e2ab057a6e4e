import { spawnSync } from 'node:child_process';

/** Django's backends that need a module beside it. */
const MODULES = { pymemcache: 'pymemcache', pylibmc: 'pylibmc' };
const known = new Map();

/** Why Django cannot take part on this machine with one of its backends; undefined if it can. */
export function whyNoDjango(backend) {
  return whyNoModule('django') ?? (MODULES[backend] && whyNoModule(MODULES[backend]));
}

function whyNoModule(name) {
  if (!known.has(name)) known.set(name, probe(name));
  return known.get(name);
}

function probe(name) {
  const { error, status } = spawnSync('/usr/bin/python3', ['-c', `import ${name}`]);
  if (error) return 'there is no /usr/bin/python3';
  return status === 0 ? undefined : `python3-${name} is not installed for /usr/bin/python3`;
}
