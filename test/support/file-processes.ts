import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { FileBuild } from './file-build.js';
import type { WorkerSettings } from './file-worker.js';

/** How a worker runs. */
export interface WorkerLimits {
  /** A shell's `ulimit` before it starts, such as `-n 64`. */
  readonly ulimit?: string;
  /** The user and group it runs as. */
  readonly uid?: number;
}

/** A process that runs a task of `file-worker.ts`. */
export interface FileWorker {
  /** The next line it says. @throws if it ends first. */
  line(): Promise<string>;
  /** Lets it begin. */
  go(): void;
  /** Its result. */
  result(): Promise<unknown>;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts a worker and waits until it is ready. */
export async function startWorker(
  build: FileBuild,
  task: string,
  settings: WorkerSettings,
  { ulimit, uid }: WorkerLimits = {},
): Promise<FileWorker> {
  const command = [process.execPath, build.worker, task, JSON.stringify(settings)];
  const shell = ['-c', `ulimit ${ulimit}; exec "$@"`, 'sh', ...command];
  const child = spawn(ulimit ? 'sh' : command[0]!, ulimit ? shell : command.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const worker = workerOf(child);
  const first = await worker.line();
  if (first !== 'ready') throw new Error(`The worker said "${first}" instead of "ready".`);
  return worker;
}

/** Runs the same task in several processes at once, and gives their results. */
export async function runWorkers(
  build: FileBuild,
  count: number,
  task: string,
  settings: WorkerSettings,
): Promise<unknown[]> {
  const starting = Array.from({ length: count }, () => startWorker(build, task, settings));
  const workers = await Promise.all(starting);
  for (const worker of workers) worker.go();
  return Promise.all(workers.map((worker) => worker.result()));
}

function workerOf(child: ChildProcess): FileWorker {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  // One that is killed before it reads cannot be written to.
  child.stdin!.on('error', () => undefined);
  const line = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done) throw new Error('The worker ended without an answer.');
    return next.value;
  };
  return {
    line,
    go: () => {
      child.stdin!.write('\n');
    },
    result: async () => {
      const answer = await line();
      child.stdin!.end();
      await ended;
      return JSON.parse(answer) as unknown;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
