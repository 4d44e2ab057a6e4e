import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';
import { startProcess, type WorkerProcess } from './worker-process.js';

/** The package and a worker as JavaScript, for processes of their own. */
export interface WorkerBuild<Task, Answer> {
  /** Starts a process with its task and waits until it is ready to begin. */
  start(task: Task): Promise<WorkerProcess>;
  /**
   * Starts processes that begin their tasks at the same moment.
   *
   * @returns What each of them answers. Rejects if one ends in another way, such as by an unhandled rejection.
   */
  run(tasks: readonly Task[]): Promise<Answer[]>;
  remove(): Promise<void>;
}

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Compiles the package and a worker into a directory of its own, so that no earlier build is needed.
 *
 * @param worker The worker's file in this folder, without its ending.
 */
export async function buildWorker<Task, Answer>(
  worker: string,
): Promise<WorkerBuild<Task, Answer>> {
  const source = join(ROOT, 'test/support', `${worker}.ts`);
  const target = await mkdtemp(join(tmpdir(), 'worker-build-'));
  await writeFile(join(target, 'package.json'), '{ "type": "module" }');
  await symlink(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  const names = await readdir(join(ROOT, 'lib'), { recursive: true });
  const sources = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(ROOT, 'lib', name));
  await Promise.all([...sources, source].map((each) => compile(each, target)));
  const start = (task: Task): Promise<WorkerProcess> =>
    startProcess(outputOf(source, target), JSON.stringify(task));
  return {
    start,
    run: async (tasks) => {
      const workers = await Promise.all(tasks.map(start));
      try {
        for (const each of workers) each.send('go');
        const answers = await Promise.all(workers.map((each) => each.message<Answer>()));
        await Promise.all(workers.map((each) => each.ended()));
        return answers;
      } finally {
        for (const each of workers) each.kill('SIGKILL');
      }
    },
    remove: () => rm(target, { recursive: true, force: true }),
  };
}

async function compile(source: string, target: string): Promise<void> {
  const { code } = await transformFile(source, {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    },
    module: { type: 'es6' },
  });
  const output = outputOf(source, target);
  await mkdir(dirname(output), { recursive: true });
  await writeFile(output, code);
}

function outputOf(source: string, target: string): string {
  return join(target, relative(ROOT, source)).replace(/\.ts$/, '.js');
}
