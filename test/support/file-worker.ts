import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { file, type FileBackend, type FileOptions } from '../../lib/backends/file/index.js';
import { FileLayout } from '../../lib/backends/file/file-layout.js';
import { withLock } from '../../lib/backends/file/key-lock.js';
import type { BackendReport } from '../../lib/core/cache-backend.interface.js';
import { systemClock } from '../../lib/core/clock.js';
import { selfProving } from './file-self-proving.js';

// A process of its own for the tests of the file backend: `node file-worker.js <task> <JSON>`. It says `ready` on its
// standard output, waits for a byte on its standard input, does the task and says the result as JSON.

/** What a task is told. */
export interface WorkerSettings {
  readonly options: FileOptions;
  readonly key?: string;
  readonly count?: number;
}

type Task = (backend: FileBackend, settings: Required<WorkerSettings>) => Promise<unknown>;

const reports: BackendReport[] = [];

const tasks: Record<string, Task> = {
  add: async (backend, { key, count }) => {
    let won = 0;
    await inTurns(count, async (index) => {
      const data = `${process.pid}.${index}`;
      if (await backend.add(key, { flags: 16, data }, null)) won += 1;
    });
    return won;
  },

  incr: async (backend, { key, count }) => {
    let undefinedAnswers = 0;
    await inTurns(count, async () => {
      if ((await backend.incr(key, 1)) === undefined) undefinedAnswers += 1;
    });
    return undefinedAnswers;
  },

  // Until it is killed.
  write: async (backend, { key, count }) => {
    await inTurns(Infinity, async (index) => {
      const name = `${key}${index % count}`;
      await backend.set(name, { flags: 16, data: selfProving(name, index) }, 1000);
      await backend.touch(name, 2000);
      await backend.incr(`${key}-counter`, 1);
      await backend.add(`${key}-new`, { flags: 16, data: selfProving(`${key}-new`, index) }, 1000);
      await backend.delete(`${key}-new`);
    });
  },

  'hold-the-lock': async (backend, { options, key }) => {
    await backend.set(key, { flags: 2, data: '5' }, null);
    const layout = new FileLayout(options.location, '');
    const { path } = layout.place(key);
    await withLock(path, layout.lock(path), Infinity, () => {
      process.stdout.write('held\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  },

  // With few bytes allowed to a file, by `ulimit -f`.
  'fill-the-disk': async (backend, { key }) => {
    const large = { flags: 16, data: 'x'.repeat(1_000_000) };
    const small = { flags: 16, data: 'small' };
    await backend.set('other', small, null);
    await backend.set(key, small, null);
    const stored = [await backend.set(key, large, null), await backend.set(key, large, null)];
    const old = await backend.get(key);
    const added = await backend.add(key, large, null).catch(codeOf);
    const other = (await backend.get('other'))?.data.toString();
    const again = await backend.set(key, small, null);
    await backend.set(key, large, null);
    return { stored, old: old ?? null, added, other, again, reports: reports.map(messageOf) };
  },

  // With few descriptors, by `ulimit -n`; for a while with none at all.
  'run-out-of-descriptors': async (backend, { options, count }) => {
    const taken: number[] = [];
    await backend.set('k', { flags: 2, data: '1' }, null);
    try {
      for (;;) taken.push(openSync(dirname(options.location), 'r'));
    } catch {
      // All are taken now.
    }
    const work = Array.from({ length: count }, async (_, index) => {
      await backend.set(`k${index}`, { flags: 16, data: 'v' }, null);
      await backend.incr('k', 1);
      return (await backend.get(`k${index}`)) !== undefined;
    });
    const outcome = Promise.allSettled(work);
    await sleep(50);
    for (const fd of taken) closeSync(fd);
    const settled = await outcome;
    return {
      found: settled.filter((each) => each.status === 'fulfilled' && each.value).length,
      errors: settled.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : [])),
      counter: (await backend.get('k'))?.data.toString(),
    };
  },

  'use-a-read-only-directory': async (backend, { key }) => {
    const read = (await backend.get(key))?.data.toString();
    const payload = { flags: 16, data: 'v' };
    const codes = [
      await backend.set(key, payload, null).catch(codeOf),
      await backend.add('new', payload, null).catch(codeOf),
      await backend.incr('n', 1).catch(codeOf),
      await backend.delete(key).catch(codeOf),
    ];
    return {
      read,
      codes,
      expired: (await backend.get('expired')) ?? null,
      reports: reports.length,
    };
  },
};

async function inTurns(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

function codeOf(error: unknown): string {
  return (error as { code: string }).code;
}

function messageOf(report: BackendReport): string {
  return report.kind === 'warning' ? report.message : report.kind;
}

async function main(): Promise<void> {
  const task = tasks[process.argv[2]!]!;
  const settings = JSON.parse(process.argv[3]!) as WorkerSettings;
  const backend = file(settings.options)({
    alias: 'default',
    scope: '',
    clock: systemClock,
    shared: new Map(),
    report: (report) => {
      reports.push(report);
    },
  }) as FileBackend;
  await backend.open();
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  const result = await task(backend, { key: 'k', count: 1, ...settings });
  await backend.close();
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

await main();
