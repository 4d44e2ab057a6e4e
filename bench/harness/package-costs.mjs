/** Operations for what a package costs before anything is cached: the time of its import, and its size on the disk. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROBE = fileURLToPath(new URL('import-probe.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BENCH = join(ROOT, 'bench');
// What npm publishes whether it is listed or not.
const ALWAYS = ['package.json', 'README.md', 'LICENSE'];

/**
 * @param contestant { imports, packages, before? }: what is imported, after `before`, and the packages that are installed
 * for it, `''` being this one.
 */
export function packageCostsOf({ imports, packages, before = [] }, { clock }) {
  return {
    importTime: { forMs: () => importTime({ before, specifiers: imports, clock }) },
    installedBytes: { once: () => ({ bytes: installedBytes(packages) }) },
  };
}

/** Each time in a new process, because a module is loaded once. */
function importTime(what) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROBE, JSON.stringify(what)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** The bytes of the packages and of all that they depend on, each once. */
function installedBytes(packages) {
  const homes = new Set();
  for (const name of packages) addWithDependencies(homes, name === '' ? ROOT : homeOf(name, BENCH));
  return [...homes].reduce((total, home) => total + publishedBytes(home), 0);
}

function addWithDependencies(homes, home) {
  if (homes.has(home)) return;
  homes.add(home);
  const { dependencies = {} } = manifestOf(home);
  for (const name of Object.keys(dependencies)) addWithDependencies(homes, homeOf(name, home));
}

/** Where Node.js finds the package from there. */
function homeOf(name, from) {
  const home = join(from, 'node_modules', name);
  if (existsSync(join(home, 'package.json'))) return home;
  if (dirname(from) === from) throw new Error(`${name} is not installed`);
  return homeOf(name, dirname(from));
}

function publishedBytes(home) {
  // Of others only what is published is there.
  if (home !== ROOT) return bytesOf(home);
  const published = new Set([...manifestOf(home).files, ...ALWAYS]);
  return [...published].reduce((total, name) => total + bytesOf(join(home, name)), 0);
}

function bytesOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((total, name) => total + bytesOf(join(path, name)), 0);
}

function manifestOf(home) {
  return JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
}
