import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

const run = promisify(execFile);

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The repository's manifest. */
export const MANIFEST = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));

/**
 * The package as `npm pack` makes it from the built `dist/`, in a folder of its own.
 *
 * @returns { tarball, remove() }
 */
export async function packPackage() {
  const home = await mkdtemp(join(tmpdir(), 'packed-'));
  // Built by the script that runs these tests; building it again here would be a minute of nothing.
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', home],
    { cwd: ROOT },
  );
  const [{ filename }] = JSON.parse(stdout);
  return {
    tarball: join(home, filename),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/**
 * A user's project beside which nothing of the repository lies: the unpacked tarball and the packages it declares.
 *
 * @returns { home, package, files, node(...), remove() }; `files` are the package's, relative, with slashes.
 */
export async function installPacked(tarball) {
  const home = await mkdtemp(join(tmpdir(), 'consumer-'));
  const modules = join(home, 'node_modules');
  const unpacked = join(modules, MANIFEST.name);
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  const declared = { ...MANIFEST.dependencies, ...MANIFEST.peerDependencies };
  for (const name of [...Object.keys(declared), '@types/node']) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  }
  return { ...project(home), package: unpacked, files: await filesIn(unpacked) };
}

/**
 * A project that had nothing in it before npm installed the tarball there, as a user would. Only the types of Node are lent.
 *
 * @returns { home, packages, node(...), remove() }; `packages` are the names of those installed.
 */
export async function installAlone(tarball) {
  const home = await mkdtemp(join(tmpdir(), 'alone-'));
  const modules = join(home, 'node_modules');
  await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'alone', private: true }));
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  await run('npm', ['install', tarball, ...quiet], { cwd: home, timeout: 300_000 });
  const entries = await readdir(modules);
  const packages = entries.filter((name) => !name.startsWith('.')).toSorted();
  await mkdir(join(modules, '@types'), { recursive: true });
  await symlink(join(ROOT, 'node_modules/@types/node'), join(modules, '@types/node'), 'junction');
  return { ...project(home), packages };
}

/** What a strict compiler says about a file of a project; empty if nothing. */
export function problemsOf(consumer, source, options) {
  const settings = { strict: true, noEmit: true, target: 'ES2022', types: ['node'], ...options };
  const { options: parsed, errors } = ts.convertCompilerOptionsFromJson(settings, consumer.home);
  const program = ts.createProgram([source], parsed);
  return ts.formatDiagnostics([...errors, ...ts.getPreEmitDiagnostics(program)], {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => consumer.home,
    getNewLine: () => '\n',
  });
}

function project(home) {
  return {
    home,
    /** Runs a program of the project; answers its standard output. */
    node: async (args, env = {}) => {
      const { stdout } = await run(process.execPath, args, {
        cwd: home,
        env: { ...process.env, ...env },
      });
      return stdout;
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

async function filesIn(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
}
