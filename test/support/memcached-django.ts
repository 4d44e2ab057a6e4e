import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A call of Django's cache: the method's name and its arguments. Bytes are `{ bytes: hex }`. */
export type DjangoCall = readonly [name: string, args: readonly unknown[]];

/** Which cache Django opens. */
export interface DjangoCache {
  readonly backend?: 'PyMemcacheCache' | 'PyLibMCCache';
  readonly location: readonly string[];
  readonly settings?: object;
}

// The system's Python has Django where it was installed as a package; `PYTHON` may name another.
const PYTHON = process.env['PYTHON'] ?? '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('./memcached-django.py', import.meta.url));

/** Why tests with Django cannot run here; undefined if they can. */
export const djangoMissing: string | undefined =
  spawnSync(PYTHON, ['-c', 'import django, pymemcache, pylibmc']).status === 0
    ? undefined
    : `${PYTHON} lacks django, pymemcache or pylibmc`;

/** Makes the calls with Django's cache and answers what they returned. */
export function callDjango(cache: DjangoCache, calls: readonly DjangoCall[]): unknown[] {
  const task = { backend: 'PyMemcacheCache', ...cache, calls };
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-W', 'ignore', SCRIPT], {
    input: JSON.stringify(task),
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (status !== 0) throw new Error(`Django failed: ${stderr}`);
  return JSON.parse(stdout) as unknown[];
}
