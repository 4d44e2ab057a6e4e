import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('..', import.meta.url));

/** Installs the peers into bench/node_modules, unless they are there in the versions that package.json asks for. */
export function ensurePeers() {
  const { devDependencies } = readJson(`${HOME}package.json`);
  const missing = Object.entries(devDependencies).filter(([name, version]) => {
    const manifest = `${HOME}node_modules/${name}/package.json`;
    return !existsSync(manifest) || readJson(manifest).version !== version;
  });
  if (missing.length > 0) {
    const names = missing.map(([name, version]) => `${name}@${version}`).join(', ');
    console.log(`Installing the peers into bench/node_modules: ${names}`);
    const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: HOME,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0)
      throw new Error('The peers could not be installed (npm install in bench/).');
  }
  return devDependencies;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
