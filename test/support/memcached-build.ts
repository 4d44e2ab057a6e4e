import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';
import type { WorkerAnswer, WorkerTask } from './memcached-worker.js';

/** The package and a worker as JavaScript, for processes of their own. */
export interface MemcachedBuild<Task = WorkerTask, Answer = WorkerAnswer> {
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
export async function buildMemcachedWorker<Task = WorkerTask, Answer = WorkerAnswer>(
  worker = 'memcached-worker',
): Promise<MemcachedBuild<Task, Answer>> {
  const source = join(ROOT, 'test/support', `${worker}.ts`);
  const target = await mkdtemp(join(tmpdir(), 'memcached-build-'));
  await writeFile(join(target, 'package.json'), '{ "type": "module" }');
  await symlink(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  const names = await readdir(join(ROOT, 'lib'), { recursive: true });
  const sources = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(ROOT, 'lib', name));
  await Promise.all([...sources, source].map((each) => compile(each, target)));
  return {
    run: (tasks) => runTogether<Task, Answer>(outputOf(source, target), tasks),
    remove: () => rm(target, { recursive: true, force: true }),
  };
}

async function runTogether<Task, Answer>(
  worker: string,
  tasks: readonly Task[],
): Promise<Answer[]> {
  const children = tasks.map((task) =>
    fork(worker, [JSON.stringify(task)], { execArgv: ['--unhandled-rejections=strict'] }),
  );
  try {
    await Promise.all(children.map((child) => messageOf(child)));
    const answers = Promise.all(children.map((child) => messageOf<Answer>(child)));
    for (const child of children) child.send('go');
    const answered = await answers;
    await Promise.all(children.map(ended));
    return answered;
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** The next message; the first is that the worker is ready. */
async function messageOf<Answer>(child: ChildProcess): Promise<Answer> {
  const aborter = new AbortController();
  const { signal } = aborter;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`A worker ended with code ${String(code)} before it answered.`);
      }),
    ])) as [Answer];
    return message;
  } finally {
    aborter.abort();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] =
    child.exitCode === null ? ((await once(child, 'exit')) as [number]) : [child.exitCode];
  if (code !== 0) throw new Error(`A worker ended with code ${code}.`);
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
