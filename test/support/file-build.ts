import { transformFile } from '@swc/core';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file backend and its worker as JavaScript, for processes of their own. */
export interface FileBuild {
  /** The worker to run with Node. */
  readonly worker: string;
  remove(): Promise<void>;
}

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const WORKER = join(ROOT, 'test/support/file-worker.ts');
const VALUES = join(ROOT, 'test/support/file-self-proving.ts');

/** Compiles what the worker needs into a directory of its own, so that no earlier build is needed. */
export async function buildFileWorker(): Promise<FileBuild> {
  const target = await mkdtemp(join(tmpdir(), 'file-build-'));
  // Some workers run as another user.
  await chmod(target, 0o755);
  await writeFile(join(target, 'package.json'), '{ "type": "module" }');
  const sources = [
    ...(await sourcesIn(join(ROOT, 'lib/core'))),
    ...(await sourcesIn(join(ROOT, 'lib/backends/file'))),
    WORKER,
    VALUES,
  ];
  await Promise.all(sources.map((source) => compile(source, target)));
  return {
    worker: outputOf(WORKER, target),
    remove: () => rm(target, { recursive: true, force: true }),
  };
}

async function sourcesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(directory, name));
}

async function compile(source: string, target: string): Promise<void> {
  const { code } = await transformFile(source, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'es6' },
  });
  const output = outputOf(source, target);
  await mkdir(dirname(output), { recursive: true });
  await writeFile(output, code);
}

function outputOf(source: string, target: string): string {
  return join(target, relative(ROOT, source)).replace(/\.ts$/, '.js');
}
