import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** How a process came to its end. */
export interface WorkerEnd {
  /** `null`: by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it wrote to its standard output. */
  readonly output: string;
}

/** A process that works on a task. It says that it is ready, begins when it is told to, and says what came of it. */
export interface WorkerProcess {
  readonly pid: number;
  /** The next message it sends. Rejects if it ends before that. */
  message<T>(): Promise<T>;
  send(message: string): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended, in whatever way. */
  end(): Promise<WorkerEnd>;
  /** Resolves when it has ended well. */
  ended(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a worker and waits until it is ready. */
export async function startProcess(script: string, task: string): Promise<WorkerProcess> {
  const child = fork(script, [task], {
    execArgv: ['--unhandled-rejections=strict'],
    stdio: ['inherit', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  running.add(child);
  child.on('exit', () => running.delete(child));
  const messages: unknown[] = [];
  const end = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // Its last message may be read after its end is known.
  const silence = once(child, 'disconnect');
  let wake: (() => void) | undefined;
  child.on('message', (message) => {
    messages.push(message);
    wake?.();
  });
  const gone = Promise.all([end, silence]).then(([[code, signal]]) => {
    throw new Error(`A worker ended with ${String(code ?? signal)} before it answered.`);
  });
  // One that is killed may have nobody who waits for it.
  gone.catch(() => undefined);

  const worker: WorkerProcess = {
    pid: child.pid!,
    message: async <T>() => {
      const arrival = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (messages.length === 0) await Promise.race([arrival, gone]);
      return messages.shift() as T;
    },
    send: (message) => void child.send(message),
    kill: (signal) => void child.kill(signal),
    end: async () => {
      const [code, signal] = await end;
      return { code, signal, output };
    },
    ended: async () => {
      const [code, signal] = await end;
      if (code !== 0) throw new Error(`A worker ended with ${String(code ?? signal)}.`);
    },
  };
  try {
    await worker.message();
    return worker;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
